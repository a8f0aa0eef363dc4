/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the statements of a port do.
 */
#include "config/lang/actions.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/lang/value.h"

/* What rotation appends to the name of a file: ".63". */
#define ROTATE_SUFFIX 4

#define UNIX_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

_Static_assert(MAX_MTU + FRAME_OVERHEAD + CAPTURE_HEADROOM <=
		       VSWITCH_MAX_BUFFER,
	       "every MTU has a buffer size");

/* Returns false if the port has an attachment already; that is reported. */
static bool attach(struct parser *p, struct args *a, enum attachment kind)
{
	struct topo_port *port = p->in.port;

	if (port->kind != NOT_ATTACHED) {
		wrong(p, a->at,
		      "a port has one attachment; this one has \"%s\" in %s: "
		      "take one of the two out",
		      topo_kinds[port->kind].word,
		      place(p, a->at, port->kind_pos));
		return false;
	}
	port->kind = kind;
	port->kind_pos = a->at;
	port->target = *a->v[0];
	return true;
}

void on_attach(struct parser *p, struct args *a)
{
	if (attach(p, a, a->form->n) && a->form->n == TO_ATTACH &&
	    !value_path(p->t, a->v[0], UNIX_PATH_MAX, "a Unix socket"))
		p->in.port->target.text = NULL;
}

void on_interface(struct parser *p, struct args *a)
{
	struct topo_port *port = p->in.port;

	if (!attach(p, a, a->form->n))
		return;
	if (!value_interface(p->t, a->v[0]))
		port->target.text = NULL;
	if (!a->v[1])
		return;
	port->netns = *a->v[1];
	if (!value_netns(p->t, a->v[1])) {
		port->netns.text = NULL;
		port->target.text = NULL;
	}
}

void on_socket(struct parser *p, struct args *a)
{
	struct topo_port *port = p->in.port;

	if (!attach(p, a, TO_SOCKET))
		return;
	port->connect = a->form->n & CONNECT;
	port->tcp = a->form->n & TCP;
	if (!(port->tcp ? value_loopback(p->t, a->v[0], &port->address,
					 &port->tcp_port)
			: value_path(p->t, a->v[0], UNIX_PATH_MAX,
				     "a Unix socket")))
		port->target.text = NULL;
}

void on_vhost_user(struct parser *p, struct args *a)
{
	struct topo_port *port = p->in.port;

	if (!attach(p, a, TO_VHOST_USER))
		return;
	port->connect = a->form->n & CONNECT;
	if (!value_path(p->t, a->v[0], UNIX_PATH_MAX, "a Unix socket"))
		port->target.text = NULL;
}

void on_program(struct parser *p, struct args *a)
{
	const struct name *args = a->v[1];

	if (!attach(p, a, TO_PROGRAM))
		return;
	p->in.port->file = value_file(p->t, a->v[0]).text;
	if (!args)
		return;
	p->in.port->args = *args;
	if (strlen(args->text) >= SYS_PATH)
		wrong(p, args->pos,
		      "the args have %zu characters; a program can be handed "
		      "%d",
		      strlen(args->text), SYS_PATH - 1);
}

void refuse_card(struct parser *p, struct args *a)
{
	p->in.port->broken = true;
	wrong(p, a->at,
	      "a card by its PCI address belongs in a vm, and the port says "
	      "driver-vm VM; a port's own nic is an interface of Linux: nic "
	      "\"eth0\"");
}

/* --- captures ----------------------------------------------------------- */

void on_capture(struct parser *p, struct args *a)
{
	struct topo_port *port = p->in.port;

	if (!attach(p, a, TO_CAPTURE))
		return;
	if (!value_path(p->t, a->v[0], SYS_PATH - 1 - ROTATE_SUFFIX, "weir"))
		port->target.text = NULL;
	port->capture.all = !a->list.n;
	port->capture.of = a->list;
}

void on_rotate(struct parser *p, struct args *a)
{
	static const struct unit units[] = { { "k", 1ull << 10 },
					     { "m", 1ull << 20 },
					     { "g", 1ull << 30 },
					     { NULL, 0 } };
	/* A smaller file would be turned over all the time. */
	static const struct measure size = { "a file size",
					     "kibibytes, mebibytes or "
					     "gibibytes, from 64k to 1024g: "
					     "10m",
					     64ull << 10, 1024ull << 30,
					     units };
	static const struct measure files = { "a number of files", "files", 2,
					      SYS_MAX_CAPTURE_FILES, NULL };

	value_number(p->t, a->v[0], &size, &a->o->value);
	value_number(p->t, a->v[1], &files, &p->in.port->capture.files);
}

/* --- who may connect to a path ------------------------------------------ */

void on_mode(struct parser *p, struct args *a)
{
	const char *text = a->v[0]->text;

	a->o->value = strtoul(text, NULL, 8);
	if (!*text || text[strspn(text, "01234567")] || a->o->value > 0777)
		wrong(p, a->v[0]->pos,
		      "\"%s\" is no mode; write it in octal digits, as chmod "
		      "takes them: mode 0660",
		      text);
}

/* A number, or a name the system knows, which is looked up now. */
void on_owner(struct parser *p, struct args *a)
{
	const bool user = a->form->n == USER;
	const struct measure id = { user ? "a user" : "a group", "by number", 0,
				    UINT32_MAX - 1, NULL };
	const char *text = a->v[0]->text;
	const struct passwd *pw;
	const struct group *gr;

	if (*text >= '0' && *text <= '9') {
		value_number(p->t, a->v[0], &id, &a->o->value);
		return;
	}
	pw = user ? getpwnam(text) : NULL;
	gr = user ? NULL : getgrnam(text);
	if (pw)
		a->o->value = pw->pw_uid;
	else if (gr)
		a->o->value = gr->gr_gid;
	else
		wrong(p, a->v[0]->pos,
		      "there is no %s \"%s\" on this machine; make it, or give "
		      "a number",
		      user ? "user" : "group", text);
}

/* --- what an interface is given ---------------------------------------- */

void on_card_mac(struct parser *p, struct args *a)
{
	const struct name *mac = a->v[0];

	/* The other words behind "mac" may be meant. */
	if (!strchr(mac->text, ':'))
		wrong(p, mac->pos,
		      "unexpected \"%s\"; write mac lock, mac sticky or mac "
		      "moves, or of a tap or vm its address: mac 02:00:00:00:00:01",
		      mac->text);
	else
		value_station(p->t, mac, &a->o->value);
}

void on_address(struct parser *p, struct args *a)
{
	struct topo_port *port = p->in.port;
	const struct name *n;

	for_each(n, a->list.first) {
		if (port->n_addresses == SYS_ADDRESSES) {
			wrong(p, n->pos,
			      "an interface can be given %d addresses; take "
			      "some out",
			      SYS_ADDRESSES);
			return;
		}
		if (value_address(p->t, n, &port->addresses[port->n_addresses]))
			port->n_addresses++;
	}
}
