/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outside of ports: what their PDs say of it (outside.h), and how an
 * outside that is gone is found again.
 *
 * A PD whose interface or peer is gone goes on running.  The monitor closes the
 * descriptors and starts a seeker.  When the seeker has found new ones, the PD
 * is restarted with them; that does not count as a failure.
 *
 * A network namespace lives as long as somebody holds a socket in it, and a
 * port does.  So when its name is deleted, the PD is restarted without it.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/state.h"

static const struct sys_component *comp_of(const struct monitor *m,
					   const struct mon_link *l)
{
	return &m->sys.pd[l->conn->pd[1]].comp[l->conn->comp[1]];
}

/* The component at the other end of a connection, if it has an outside. */
static struct pd_fds *outside_of(struct monitor *m, const struct mon_link *l)
{
	const struct sys_conn *c = l->conn;

	if (c->attachment != SYS_TO_PD)
		return NULL;
	return component_kinds[comp_of(m, l)->kind]->outside
		       ? &m->pd[c->pd[1]].fds[c->comp[1]]
		       : NULL;
}

/* --- pages -------------------------------------------------------------- */

static int page_new(struct mon_link *l, struct pd_fds *fds)
{
	char name[SYS_NAME + sizeof("weir:.outside")];

	snprintf(name, sizeof(name), "weir:%s.outside", l->conn->name);
	fds->page = backing_sealed(name, OUTSIDE_SIZE);
	if (fds->page < 0)
		return -1;
	fds->paged = true;
	l->outside =
		mmap(NULL, OUTSIDE_SIZE, PROT_READ, MAP_SHARED, fds->page, 0);
	if (l->outside != MAP_FAILED)
		return 0;
	l->outside = NULL;
	close(fds->page);
	fds->paged = false;
	return -1;
}

/* --- looking for what is gone ------------------------------------------- */

static void let_go(struct pd_fds *fds)
{
	while (fds->n > 0)
		close(fds->fd[--fds->n]);
	fds->kept = 0;
}

static void on_found(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct mon_link *l = loop_owner(s, struct mon_link, seeker.child.exit);
	struct pd_fds *fds = outside_of(m, l);
	int found[PD_MAX_FDS];
	unsigned int n = seeker_finish(&l->seeker, &m->loop, found);

	(void)events;
	if (n == 0 || fds == NULL)
		return;
	let_go(fds);
	memcpy(fds->fd, found, n * sizeof(*found));
	fds->n = fds->kept = n;
	pd_kill(&m->pd[l->conn->pd[1]], true);
}

/* Does its PD say that its outside is gone? */
static bool lacks(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_pd *pd = &m->pd[l->conn->pd[1]];
	const struct sys_component *comp = comp_of(m, l);

	if (component_kinds[comp->kind]->seek == NULL ||
	    pd->state != PD_RUNNING || pd->killed)
		return false;
	return outside_state(l) == OUTSIDE_GONE ||
	       (outside_state(l) == OUTSIDE_NO_PEER &&
		(comp->kind == SYS_SOCKET || comp->kind == SYS_VHOST_USER) &&
		comp->socket.mode == SYS_SOCKET_CONNECT);
}

static void seek(struct monitor *m, struct mon_link *l)
{
	uint64_t pause;

	/* The pause grows if it is lost again and again. */
	pause = restart_pause(&l->lost, m->now_ns);
	let_go(outside_of(m, l));
	if (seeker_start(&l->seeker, &m->loop, comp_of(m, l),
			 (unsigned int)(pause / MS_NS), on_found) != 0)
		monitor_log(LOG_WARNING, m->sys.name,
			    "%s: it cannot be looked for: %s", l->conn->name,
			    strerror(errno));
}

void outside_settle(struct monitor *m, struct mon_link *l)
{
	if (l->outside != NULL && m->phase == MONITOR_RUNNING &&
	    !child_runs(&l->seeker.child) && lacks(m, l))
		seek(m, l);
}

/* --- named namespaces --------------------------------------------------- */

static const char *netns_of(const struct sys_component *comp)
{
	switch (comp->kind) {
	case SYS_TAP:
		return comp->tap.netns;
	case SYS_NIC:
		return comp->nic.netns;
	default:
		return "";
	}
}

static void netns_deleted(struct monitor *m, const char *name)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];

		if (l->outside == NULL ||
		    strcmp(netns_of(comp_of(m, l)), name) != 0 ||
		    outside_of(m, l)->n == 0)
			continue;
		monitor_log(LOG_WARNING, m->sys.name,
			    "%s: network namespace %s was deleted; the port "
			    "waits for one of this name",
			    l->conn->name, name);
		let_go(outside_of(m, l));
		pd_kill(&m->pd[l->conn->pd[1]], true);
	}
}

static void on_netns(struct monitor *m, struct loop_source *s, uint32_t events)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;
	ssize_t n = read(s->fd, &buffer, sizeof(buffer));
	const char *at = buffer.bytes;

	(void)events;
	while (n >= (ssize_t)sizeof(struct inotify_event)) {
		struct inotify_event event;
		size_t size;

		memcpy(&event, at, sizeof(event));
		size = sizeof(event) + event.len;
		if (event.len > 0)
			netns_deleted(m, at + sizeof(event));
		at += size;
		n -= (ssize_t)size;
	}
}

/*
 * A namespace given by a path is not watched.  Without names, or without
 * inotify watches, ports simply stay in a namespace that has lost its name.
 */
static void watch_netns(struct monitor *m)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return;
	if (inotify_add_watch(fd, "/run/netns", IN_DELETE) < 0)
		close(fd);
	else
		loop_add(&m->loop, &m->netns, fd, EPOLLIN, on_netns);
}

/* --- begin and end ------------------------------------------------------ */

int outsides_open(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct pd_fds *fds = outside_of(m, &m->link[i]);

		if (fds != NULL && page_new(&m->link[i], fds) != 0)
			return backing_fd_error(m->err, "status page of",
						m->link[i].conn->name);
	}
	watch_netns(m);
	return 0;
}

void outsides_close(struct monitor *m)
{
	loop_del(&m->loop, &m->netns);
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];
		struct pd_fds *fds;
		int found[PD_MAX_FDS];

		if (l->outside == NULL)
			continue;
		fds = outside_of(m, l);
		fds_close(found, seeker_finish(&l->seeker, &m->loop, found));
		munmap(l->outside, OUTSIDE_SIZE);
		l->outside = NULL;
		close(fds->page);
	}
}

enum outside_state outside_state(const struct mon_link *l)
{
	uint32_t state;

	if (l->outside == NULL)
		return OUTSIDE_UP;
	state = atomic_load(&l->outside->state);
	return state < OUTSIDE_STATES ? (enum outside_state)state
				      : OUTSIDE_DOWN;
}

enum outside_path outside_path(const struct mon_link *l)
{
	uint32_t path;

	if (l->outside == NULL)
		return OUTSIDE_PATH_ONLY;
	path = atomic_load(&l->outside->path);
	return path < OUTSIDE_PATHS ? (enum outside_path)path
				    : OUTSIDE_PATH_ONLY;
}

const char *outside_name(const struct monitor *m, const struct mon_link *l,
			 char buf[OUTSIDE_NAME])
{
	const volatile char *name;
	const char *was = "";
	size_t n = 0;

	if (l->outside == NULL)
		return "";
	if (comp_of(m, l)->kind == SYS_TAP)
		was = comp_of(m, l)->tap.ifname;
	else if (comp_of(m, l)->kind == SYS_NIC)
		was = comp_of(m, l)->nic.ifname;
	/* It may be changing. */
	name = l->outside->name;
	while (n < OUTSIDE_NAME - 1 && (buf[n] = name[n]) != '\0')
		n++;
	buf[n] = '\0';
	return strcmp(buf, was) != 0 ? buf : "";
}

uint64_t outside_shared(const struct mon_link *l)
{
	return l->outside == NULL ? 0 : atomic_load(&l->outside->shared);
}

uint64_t outside_drops(const struct mon_link *l, enum outside_drop why)
{
	return l->outside == NULL
		       ? 0
		       : atomic_load_explicit(&l->outside->drops[why],
					      memory_order_relaxed);
}
