/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar's actions for what is written in a port, or in a link.
 */
#include "config/lang/parser.h"

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "config/lang/value.h"
#include "base/queue.h"

static const struct unit octets[] = { { "k", 1ull << 10 },
				      { "m", 1ull << 20 },
				      { "g", 1ull << 30 },
				      { NULL, 0 } };

/* RFC 791: every host takes a datagram of 68 octets. */
#define MIN_MTU 68u
/* The usual jumbo frame; with all headers it fits the largest buffer. */
#define MAX_MTU 9216u
_Static_assert(MAX_MTU + FRAME_OVERHEAD + CAPTURE_HEADROOM <=
		       VSWITCH_MAX_BUFFER,
	       "every MTU has a buffer size");

/* A file smaller than a few frames would be turned over all the time. */
#define MIN_ROTATE (64ull << 10)
#define MAX_ROTATE (1024ull << 30)
/* What rotation appends to the name of a file: ".63". */
#define ROTATE_SUFFIX 4

#define UNIX_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

bool on_attach(struct parser *p, struct pos at, enum attachment kind,
	       const struct name *target)
{
	struct topo_port *port = p->port;

	if (port->kind != NOT_ATTACHED) {
		report_error(p->report, at,
			     "a port has one attachment; this one has \"%s\" "
			     "in %s: take one of the two out",
			     topo_kinds[port->kind].word,
			     report_place(p->report, at, port->kind_pos));
		return false;
	}
	port->kind = kind;
	port->kind_pos = at;
	port->target = *target;
	port->target.next = NULL;
	if (kind == TO_ATTACH &&
	    !value_path(p->report, target, UNIX_PATH_MAX, "a Unix socket"))
		port->target.text = NULL;
	return true;
}

void on_interface(struct parser *p, struct pos at, enum attachment kind,
		  const struct name *target, const struct name *netns)
{
	if (!on_attach(p, at, kind, target))
		return;
	if (!value_interface(p->report, target))
		p->port->target.text = NULL;
	if (!netns)
		return;
	p->port->netns = *netns;
	if (!value_netns(p->report, netns)) {
		p->port->netns.text = NULL;
		p->port->target.text = NULL;
	}
}

void on_socket(struct parser *p, struct pos at, bool connect, bool tcp,
	       const struct name *target)
{
	bool ok;

	if (!on_attach(p, at, TO_SOCKET, target))
		return;
	p->port->connect = connect;
	p->port->tcp = tcp;
	if (tcp)
		ok = value_loopback(p->arena, p->report, target,
				    &p->port->address, &p->port->tcp_port);
	else
		ok = value_path(p->report, target, UNIX_PATH_MAX,
				"a Unix socket");
	if (!ok)
		p->port->target.text = NULL;
}

void on_program(struct parser *p, struct pos at, const struct name *file,
		const struct name *args)
{
	if (!on_attach(p, at, TO_PROGRAM, file))
		return;
	p->port->file = take_file(p, file).text;
	if (!args)
		return;
	p->port->args = *args;
	if (args->text && strlen(args->text) >= SYS_PATH)
		report_error(p->report, args->pos,
			     "the args have %zu characters; a program can be "
			     "handed %d",
			     strlen(args->text), SYS_PATH - 1);
}

void refuse_vm(struct parser *p, struct pos at, const struct name *name)
{
	mark_broken(p, IN_PORT);
	report_error(p->report, at,
		     "a vm is written outside of any { }; a port that one "
		     "drives says: driver-vm %s",
		     name && name->text ? name->text : "VM");
}

void refuse_card(struct parser *p, struct pos at)
{
	mark_broken(p, IN_PORT);
	report_error(p->report, at,
		     "a card by its PCI address belongs in a vm, and the port "
		     "says driver-vm VM; a port's own nic is an interface of "
		     "Linux: nic \"eth0\"");
}

/* --- capture ------------------------------------------------------------- */

void on_capture(struct parser *p, struct pos at, const struct name *file,
		const struct names *of)
{
	if (!on_attach(p, at, TO_CAPTURE, file))
		return;
	if (!value_path(p->report, file, SYS_PATH - 1 - ROTATE_SUFFIX, "weir"))
		p->port->target.text = NULL;
	p->port->capture.all = !of;
	if (of)
		p->port->capture.of = *of;
}

void on_filter(struct parser *p, struct pos at, const struct name *text)
{
	if (option_once(p, &p->port->capture.filter, at, "filter"))
		p->port->capture.filter.arg = *text;
}

void on_rotate(struct parser *p, struct pos at, const struct name *size,
	       const struct name *files)
{
	struct topo_capture *c = &p->port->capture;

	if (!option_once(p, &c->rotate, at, "rotate"))
		return;
	value_with_unit(p->report, size, "a file size", octets,
			"kibibytes, mebibytes or gibibytes, from 64k to 1024g: "
			"10m",
			MIN_ROTATE, MAX_ROTATE, &c->rotate.value);
	value_number(p->report, files, "a number of files", "files", 2,
		     SYS_MAX_CAPTURE_FILES, &c->files);
}

void on_drops(struct parser *p, struct pos at)
{
	option_once(p, &p->port->capture.drops, at, "drops");
}

void on_overwrite(struct parser *p, struct pos at)
{
	option_once(p, &p->port->capture.overwrite, at, "overwrite");
}

/* --- options ------------------------------------------------------------- */

void on_reserved(struct parser *p, struct pos at)
{
	option_once(p, &p->port->reserved, at, "reserved");
}

/* --- who may connect to a path -------------------------------------------- */

void on_mode(struct parser *p, struct pos at, const struct name *mode)
{
	char *end;
	unsigned long value;

	if (!option_once(p, &p->port->mode, at, "mode") || !mode->text)
		return;
	value = strtoul(mode->text, &end, 8);
	if (*end || end == mode->text || value > 0777 ||
	    strspn(mode->text, "01234567") != strlen(mode->text))
		report_error(p->report, mode->pos,
			     "\"%s\" is no mode; write it in octal digits, as "
			     "chmod takes them: mode 0660",
			     mode->text);
	else
		p->port->mode.value = value;
}

/* A number, or a name the system knows, which is looked up now. */
static void on_id(struct parser *p, struct option *o, struct pos at,
		  const struct name *n, const char *word, bool user)
{
	const char *what = user ? "user" : "group";
	const struct passwd *pw;
	const struct group *gr;

	if (!option_once(p, o, at, word) || !n->text)
		return;
	if (n->text[0] >= '0' && n->text[0] <= '9') {
		value_number(p->report, n, user ? "a user" : "a group",
			     "by number", 0, UINT32_MAX - 1, &o->value);
		return;
	}
	pw = user ? getpwnam(n->text) : NULL;
	gr = user ? NULL : getgrnam(n->text);
	if (pw)
		o->value = pw->pw_uid;
	else if (gr)
		o->value = gr->gr_gid;
	else
		report_error(p->report, n->pos,
			     "there is no %s \"%s\" on this machine; make it, "
			     "or give a number",
			     what, n->text);
}

void on_owner(struct parser *p, struct pos at, const struct name *user)
{
	on_id(p, &p->port->owner, at, user, "owner", true);
}

void on_path_group(struct parser *p, struct pos at, const struct name *group)
{
	on_id(p, &p->port->group, at, group, "group", false);
}

/* --- what a TAP interface is given ----------------------------------------- */

void on_tap_mac(struct parser *p, struct pos at, const struct name *mac)
{
	if (!option_once(p, &p->port->tap_mac, at, "mac"))
		return;
	/* The other words behind "mac" may be meant. */
	if (mac->text && !strchr(mac->text, ':'))
		report_error(p->report, mac->pos,
			     "unexpected \"%s\"; write mac lock, mac sticky or "
			     "mac moves, or of a tap its address: mac "
			     "02:00:00:00:00:01",
			     mac->text);
	else
		value_station(p->report, mac, &p->port->tap_mac.value);
}

static bool read_address(struct parser *p, const struct name *n,
			 struct sys_address *out)
{
	const char *slash = n->text ? strchr(n->text, '/') : NULL;
	const char *end;
	const char *text;
	uint64_t bits = 0;
	bool v4;

	if (!n->text)
		return false;
	text = slash ? arena_strndup(p->arena, n->text,
				     (size_t)(slash - n->text))
		     : "";
	v4 = inet_pton(AF_INET, text, out->addr) == 1;
	out->v6 = !v4;
	end = slash ? value_digits(slash + 1, 128, &bits) : NULL;
	out->bits = (uint8_t)bits;
	if ((v4 || inet_pton(AF_INET6, text, out->addr) == 1) && end &&
	    *end == '\0' && bits >= 1 && bits <= (v4 ? 32 : 128))
		return true;
	report_error(p->report, n->pos,
		     "\"%s\" is no address with the length of its prefix; "
		     "write 10.0.0.1/24 or fd00::1/64",
		     n->text);
	return false;
}

void on_address(struct parser *p, struct pos at, const struct names *list)
{
	struct topo_port *port = p->port;
	const struct name *n;

	if (!option_once(p, &port->tap_address, at, "address"))
		return;
	for_each(n, list->first) {
		if (port->n_addresses == SYS_ADDRESSES) {
			report_error(p->report, n->pos,
				     "an interface can be given %d addresses; "
				     "take some out",
				     SYS_ADDRESSES);
			return;
		}
		if (read_address(p, n, &port->addresses[port->n_addresses]))
			port->n_addresses++;
	}
}

void on_follow(struct parser *p, struct pos at, const struct name *leader)
{
	if (option_once(p, &p->port->follow, at, "follow")) {
		p->port->follow.arg = *leader;
		p->port->follow.arg.next = NULL;
	}
}

void refuse_follow(struct parser *p, struct pos at)
{
	report_error(p->report, at,
		     "a link cannot follow a port: its other end is another "
		     "switch, which would lose it as well; take it out");
}

void on_mtu(struct parser *p, struct pos at, const struct name *number)
{
	struct option *o = p->port ? &p->port->settings.mtu
				   : &p->link->settings.mtu;

	if (option_once(p, o, at, "mtu"))
		value_number(p->report, number, "an MTU", "octets", MIN_MTU,
			     MAX_MTU, &o->value);
}

void on_buffers(struct parser *p, struct pos at, const struct name *number)
{
	struct option *o = p->port ? &p->port->settings.buffers
				   : &p->link->settings.buffers;
	uint64_t n;

	if (!option_once(p, o, at, "buffers") ||
	    !value_number(p->report, number, "a number of buffers", "buffers",
			  QUEUE_MIN_CAPACITY, QUEUE_MAX_CAPACITY, &n))
		return;
	o->value = n;
	while (o->value & (o->value - 1))
		o->value &= o->value - 1;
	if (o->value != n)
		report_error(p->report, number->pos,
			     "%s is not a power of two; the nearest are %u "
			     "and %u",
			     number->text, (unsigned int)o->value,
			     (unsigned int)o->value * 2);
}
