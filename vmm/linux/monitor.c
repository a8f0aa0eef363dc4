/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: preparation, the order of things, the end.
 *
 * Everything that can fail does so before the first PD is started: names,
 * sockets, interfaces, files, memory.  From the moment the janitor runs,
 * whatever is made is noted in its ledger, so that every way out of here, and
 * no way out at all, leaves nothing behind.
 *
 * The end.  PDs hold no state, so they are killed, with one exception: what a
 * switch has mirrored to a capture should reach the file.  So what makes
 * traffic goes first, then the captures get a moment to empty their queues,
 * then the rest goes.
 */
#include "vmm/linux/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "vmm/linux/monitor_state.h"
#include "vmm/linux/rundir.h"
#include "vswitch/queue.h"

/* How long captures may take to write out what they have been sent. */
#define CAPTURE_DRAIN_NS (300 * MS_NS)
/* How long killed PDs may take to be gone. */
#define REAP_NS (5000 * MS_NS)

void monitor_stop(struct monitor *m, int result)
{
	if (m->phase != MONITOR_STOPPING)
		m->result = result;
	m->phase = MONITOR_STOPPING;
}

/* --- preparation -------------------------------------------------------- */

static int copy_pd(struct mon_pd *pd, struct sys_pd *to,
		   const struct sys_pd *from)
{
	size_t octets = from->n_comps * sizeof(*from->comp);

	*to = *from;
	to->comp = malloc(octets + 1);
	pd->sys = to;
	pd->exit.fd = -1;
	pd->log.fd = -1;
	pd->fds = calloc(from->n_comps + 1, sizeof(*pd->fds));
	if (to->comp == NULL || pd->fds == NULL) {
		free(to->comp);
		free(pd->fds);
		return -1;
	}
	memcpy(to->comp, from->comp, octets);
	return 0;
}

/*
 * A copy of the system in which we may fill in seeds.  Its counts say what has
 * been copied, should memory run out.
 */
static int copy_system(struct monitor *m, const struct system *sys)
{
	m->sys = *sys;
	m->sys.n_pds = 0;
	m->sys.n_conns = 0;
	m->sys.pd = calloc(sys->n_pds + 1, sizeof(*m->sys.pd));
	m->pd = calloc(sys->n_pds + 1, sizeof(*m->pd));
	m->link = calloc(sys->n_conns + 1, sizeof(*m->link));
	if (m->sys.pd == NULL || m->pd == NULL || m->link == NULL)
		return error_set(m->err, "not enough memory");
	for (; m->sys.n_conns < sys->n_conns; m->sys.n_conns++)
		m->link[m->sys.n_conns].conn = &sys->conn[m->sys.n_conns];
	for (; m->sys.n_pds < sys->n_pds; m->sys.n_pds++)
		if (copy_pd(&m->pd[m->sys.n_pds], &m->sys.pd[m->sys.n_pds],
			    &sys->pd[m->sys.n_pds]) != 0)
			return error_set(m->err, "not enough memory");
	return 0;
}

static int claim_name(struct monitor *m)
{
	char dir[SYS_PATH];
	char path[SYS_PATH + SYS_SHORT + 8];
	int lock, result;

	if (monitor_rundir(dir, sizeof(dir)) != 0)
		return error_set(m->err,
				 "the run directory's path is too long; set "
				 "WEIR_RUNDIR to a shorter one");
	if (rundir_make(dir, m->err) != 0)
		return -1;
	lock = rundir_lock(dir, m->err);
	if (lock < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/%s.sock", dir, m->sys.name);
	result = control_open(m, path);
	close(lock);
	return result;
}

static int open_components(struct monitor *m)
{
	for (uint32_t i = 0; i < m->sys.n_pds; i++) {
		const struct sys_pd *pd = &m->sys.pd[i];

		for (uint32_t c = 0; c < pd->n_comps; c++) {
			const struct component_ops *ops =
				component_kinds[pd->comp[c].kind];
			struct pd_fds *fds = &m->pd[i].fds[c];
			int n;

			if (ops->open == NULL)
				continue;
			n = ops->open(&pd->comp[c], fds->fd, m->err);
			if (n < 0)
				return -1;
			fds->n = (unsigned int)n;
			janitor_opened(&m->janitor, i, c);
		}
	}
	return 0;
}

static int open_links(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];

		l->page = backing_map(&m->backing, l->conn->link, SYS_RW);
		if (l->page == NULL)
			return error_set(m->err,
					 "%s: cannot map its link "
					 "page: %s",
					 l->conn->name, strerror(errno));
		if (l->conn->attachment == SYS_TO_ATTACH &&
		    attach_open(m, &l->attach, l) != 0)
			return -1;
	}
	return 0;
}

static void on_signal(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	if (read(s->fd, &info, sizeof(info)) != sizeof(info))
		return;
	monitor_log(m->sys.name, "stopping: SIG%s",
		    sigabbrev_np((int)info.ssi_signo));
	monitor_stop(m, 0);
}

static void on_warden(struct monitor *m, struct loop_source *s, uint32_t events)
{
	(void)events;
	loop_del(&m->loop, s);
	monitor_log(m->sys.name,
		    "the janitor (pid %ld) died; if this process is killed "
		    "as well, sockets will be left behind",
		    (long)m->janitor.pid);
}

static int watch_own(struct monitor *m)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0 ||
	    loop_add(&m->loop, &m->signals, fd, EPOLLIN, on_signal) != 0)
		return error_set(m->err, "cannot wait for signals: %s",
				 strerror(errno));
	fd = fcntl(m->janitor.pidfd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0 ||
	    loop_add(&m->loop, &m->warden, fd, EPOLLIN, on_warden) != 0)
		return error_set(m->err, "cannot watch the janitor: %s",
				 strerror(errno));
	return 0;
}

static int prepare(struct monitor *m, const struct system *sys)
{
	if (copy_system(m, sys) != 0 || pd_spawn_check(m->err) != 0 ||
	    janitor_start(&m->janitor, sys, m->err) != 0)
		return -1;
	if (loop_open(&m->loop) != 0)
		return error_set(m->err, "cannot wait for events: %s",
				 strerror(errno));
	if (watch_own(m) != 0 || claim_name(m) != 0 ||
	    open_components(m) != 0 ||
	    backing_create(&m->backing, &m->sys, m->err) != 0 ||
	    open_links(m) != 0 || switches_map(m) != 0 ||
	    switches_watch(m) != 0)
		return -1;
	m->now_ns = loop_now();
	for (size_t i = 0; i < m->sys.n_pds; i++)
		if (pd_start(m, &m->pd[i], m->err) != 0)
			return -1;
	return 0;
}

/* --- running ------------------------------------------------------------ */

static bool all_ready(const struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_pds; i++)
		if (m->pd[i].state != PD_RUNNING)
			return false;
	return true;
}

/* Return: whether anything changed. */
static bool settle_once(struct monitor *m)
{
	bool changed = false;

	for (size_t i = 0; i < m->sys.n_conns; i++)
		changed |= link_settle(m, &m->link[i]);
	for (size_t i = 0; i < m->sys.n_pds; i++)
		changed |= pd_settle(m, &m->pd[i]);
	return changed;
}

void monitor_settle(struct monitor *m)
{
	if (m->phase == MONITOR_STARTING && all_ready(m)) {
		m->phase = MONITOR_RUNNING;
		control_serve(m);
		monitor_log(m->sys.name, "running");
	}
	/* It ends: every step is followed by another or by a wait. */
	while (m->phase == MONITOR_RUNNING && settle_once(m))
		;
	for (size_t i = 0; i < m->sys.n_conns; i++)
		if (m->link[i].attach.link != NULL)
			attach_settle(m, &m->link[i].attach);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something must be looked at even if nothing happens. */
static int timeout_ms(const struct monitor *m)
{
	uint64_t first = control_deadline(m);

	for (size_t i = 0; i < m->sys.n_pds; i++)
		first = sooner(first, pd_deadline(&m->pd[i]));
	for (size_t i = 0; i < m->n_switches; i++)
		if (m->sw[i].caller != NULL)
			first = sooner(first, m->sw[i].deadline_ns);
	/* A switch publishes its epoch silently; overdue ones are dying. */
	for (size_t i = 0; i < m->sys.n_conns; i++)
		if (m->link[i].state == MON_LINK_DRAINING &&
		    m->now_ns < m->link[i].deadline_ns)
			first = sooner(first, m->now_ns + LINK_POLL_NS);
	if (first == UINT64_MAX)
		return -1;
	return first <= m->now_ns ? 0 : (int)((first - m->now_ns) / MS_NS) + 1;
}

static void run(struct monitor *m)
{
	while (m->phase != MONITOR_STOPPING) {
		loop_round(&m->loop, m, timeout_ms(m));
		for (size_t i = 0; i < m->sys.n_pds; i++)
			pd_tick(m, &m->pd[i]);
		for (size_t i = 0; i < m->n_switches; i++)
			switch_tick(m, &m->sw[i]);
		control_tick(m);
		monitor_settle(m);
	}
}

/* --- the end ------------------------------------------------------------ */

static bool has_kind(const struct sys_pd *pd, enum sys_kind kind)
{
	for (uint32_t i = 0; i < pd->n_comps; i++)
		if (pd->comp[i].kind == kind)
			return true;
	return false;
}

/* Whether a capture has taken everything from its queue. */
static bool capture_idle(const struct monitor *m, const struct mon_link *l)
{
	struct net_queue *q =
		backing_map(&m->backing, l->conn->egress.active, SYS_R);
	bool idle;

	if (q == NULL)
		return true;
	idle = atomic_load(&q->head) == atomic_load(&q->tail);
	munmap(q, m->sys.region[l->conn->egress.active].size);
	return idle;
}

static bool captures_idle(const struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct mon_link *l = &m->link[i];

		/* Only captures have no ingress. */
		if (l->conn->ingress.active == SYS_NONE &&
		    l->state == MON_LINK_UP && !capture_idle(m, l))
			return false;
	}
	return true;
}

static void drain_captures(struct monitor *m)
{
	const struct timespec pause = { .tv_nsec = 5 * MS_NS };
	uint64_t until = loop_now() + CAPTURE_DRAIN_NS;
	int quiet = 0;

	/* Twice: the frames on their way through the switch, the last write. */
	while (quiet < 2 && loop_now() < until) {
		nanosleep(&pause, NULL);
		quiet = captures_idle(m) ? quiet + 1 : 0;
	}
}

static void kill_all(struct monitor *m, bool traffic_only)
{
	for (size_t i = 0; i < m->sys.n_pds; i++) {
		const struct sys_pd *pd = &m->sys.pd[i];

		if (traffic_only &&
		    (has_kind(pd, SYS_SWITCH) || has_kind(pd, SYS_CAPTURE)))
			continue;
		pd_kill(&m->pd[i], true);
	}
}

static void stop_pds(struct monitor *m)
{
	bool captures = false;
	uint64_t until;

	for (size_t i = 0; i < m->sys.n_pds; i++)
		captures |= has_kind(&m->sys.pd[i], SYS_CAPTURE) &&
			    m->pd[i].state == PD_RUNNING;
	for (size_t i = 0; i < m->sys.n_conns; i++)
		if (m->link[i].conn->attachment == SYS_TO_ATTACH)
			link_down(m, &m->link[i]);
	kill_all(m, true);
	if (captures)
		drain_captures(m);
	kill_all(m, false);
	until = loop_now() + REAP_NS;
	for (size_t i = 0; i < m->sys.n_pds; i++)
		if (!pd_reap(m, &m->pd[i], until))
			monitor_log(m->sys.name,
				    "%s (pid %ld) was killed but does not end",
				    m->sys.pd[i].name, (long)m->pd[i].proc.pid);
}

static void close_components(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_pds; i++) {
		for (uint32_t c = 0; c < m->sys.pd[i].n_comps; c++)
			for (unsigned int f = 0; f < m->pd[i].fds[c].n; f++)
				close(m->pd[i].fds[c].fd[f]);
		free(m->pd[i].fds);
		free(m->sys.pd[i].comp);
	}
}

static void dispose(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		attach_close(m, &m->link[i].attach);
		if (m->link[i].page != NULL)
			munmap(m->link[i].page,
			       m->sys.region[m->sys.conn[i].link].size);
	}
	switches_free(m);
	backing_destroy(&m->backing);
	janitor_stop(&m->janitor);
	/* Last: whoever asked us to stop waits for the end of this. */
	control_close(m);
	close_components(m);
	loop_del(&m->loop, &m->signals);
	loop_del(&m->loop, &m->warden);
	loop_close(&m->loop);
	free(m->pd);
	free(m->link);
	free(m->sys.pd);
}

/* Descriptors 0 to 2 must be what everybody takes them for. */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int monitor_run(const struct system *sys, struct error *err)
{
	struct monitor m = { .err = err, .result = -1 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction child = { .sa_handler = SIG_DFL };
	struct sigaction old_hup, old_child;
	sigset_t block, old;

	fill_stdio();
	sigemptyset(&block);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	sigaction(SIGHUP, &ignore, &old_hup);
	sigaction(SIGCHLD, &child, &old_child);
	m.loop.epoll = -1;
	m.signals.fd = -1;
	m.warden.fd = -1;
	if (prepare(&m, sys) == 0)
		run(&m);
	m.phase = MONITOR_STOPPING;
	stop_pds(&m);
	dispose(&m);
	sigaction(SIGCHLD, &old_child, NULL);
	sigaction(SIGHUP, &old_hup, NULL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return m.result;
}
