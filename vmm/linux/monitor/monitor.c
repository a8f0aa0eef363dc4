/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: preparation, main loop, shutdown.
 *
 * Everything that can fail does so before the first PD is started: names,
 * sockets, interfaces, files, memory.  Once the janitor runs, everything made
 * is noted in its ledger, so that nothing is left behind, however the monitor
 * ends.
 */
#include "vmm/linux/monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/state.h"
#include "vmm/linux/monitor/placement.h"
#include "vmm/linux/monitor/rundir.h"
#include "vmm/linux/monitor/signals.h"

void monitor_stop(struct monitor *m, int result)
{
	if (m->phase != MONITOR_STOPPING)
		m->result = result;
	m->phase = MONITOR_STOPPING;
}

size_t system_count(const struct system *sys, enum sys_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < sys->n_pds; i++)
		for (uint32_t c = 0; c < sys->pd[i].n_comps; c++)
			n += sys->pd[i].comp[c].kind == kind;
	return n;
}

/* --- preparation -------------------------------------------------------- */

static int copy_pd(struct mon_pd *pd, struct sys_pd *to,
		   const struct sys_pd *from)
{
	size_t bytes = from->n_comps * sizeof(*from->comp);

	*to = *from;
	to->comp = malloc(bytes + 1);
	pd->sys = to;
	pd->exit.fd = -1;
	pd->log.fd = -1;
	pd->ctl.fd = -1;
	pd->fds = calloc(from->n_comps + 1, sizeof(*pd->fds));
	if (to->comp == NULL || pd->fds == NULL) {
		free(to->comp);
		free(pd->fds);
		return -1;
	}
	memcpy(to->comp, from->comp, bytes);
	return 0;
}

/*
 * A copy of the system, to fill in seeds.  If memory runs out, its counts say
 * what has been copied.
 */
static int copy_system(struct monitor *m, const struct system *sys)
{
	m->sys = *sys;
	m->origin = sys;
	held_begin(m);
	m->sys.n_pds = 0;
	m->sys.n_conns = 0;
	m->sys.pd = calloc(sys->n_pds + 1, sizeof(*m->sys.pd));
	m->pd = calloc(sys->n_pds + 1, sizeof(*m->pd));
	m->link = calloc(sys->n_conns + 1, sizeof(*m->link));
	if (m->sys.pd == NULL || m->pd == NULL || m->link == NULL)
		return error_set(m->err, "not enough memory");
	for (; m->sys.n_conns < sys->n_conns; m->sys.n_conns++) {
		m->link[m->sys.n_conns].conn = &sys->conn[m->sys.n_conns];
		m->link[m->sys.n_conns].seeker.child.exit.fd = -1;
	}
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

static int open_component(struct monitor *m, uint32_t pd, uint32_t c)
{
	const struct sys_component *comp = &m->sys.pd[pd].comp[c];
	const struct component_ops *ops = component_kinds[comp->kind];
	struct pd_fds *fds = &m->pd[pd].fds[c];
	struct error why = { "" };
	int n;

	if (ops->open == NULL)
		return 0;
	n = ops->open(comp, fds->fd, &why);
	if (n < 0)
		return error_set(m->err, "%s: %s", comp->name, why.text);
	fds->n = (unsigned int)n;
	fds->kept = fds->n;
	janitor_opened(&m->janitor, pd, c);
	return 0;
}

static int open_components(struct monitor *m)
{
	for (uint32_t i = 0; i < m->sys.n_pds; i++)
		for (uint32_t c = 0; c < m->sys.pd[i].n_comps; c++)
			if (open_component(m, i, c) != 0)
				return -1;
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
		carrier_init(l);
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
	if (info.ssi_signo == SIGHUP) {
		reload_start(m);
		return;
	}
	monitor_log(LOG_NOTICE, m->sys.name, "stopping: SIG%s",
		    sigabbrev_np((int)info.ssi_signo));
	monitor_stop(m, 0);
}

static void on_warden(struct monitor *m, struct loop_source *s, uint32_t events)
{
	(void)events;
	loop_del(&m->loop, s);
	monitor_log(LOG_WARNING, m->sys.name,
		    "the janitor (pid %ld) died; if this process is killed "
		    "as well, sockets will be left behind",
		    (long)m->janitor.pid);
}

/* Signals that are received by descriptor. */
static void our_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGQUIT);
	sigaddset(set, SIGHUP);
}

static int watch_own(struct monitor *m)
{
	sigset_t set;
	int fd;

	our_signals(&set);
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
	if (copy_system(m, sys) != 0 || placement_choose(&m->sys, m->err) ||
	    pd_spawn_check(m->err) != 0 ||
	    janitor_start(&m->janitor, sys, m->err) != 0)
		return -1;
	/* There will be many descriptors: raise the limit now. */
	backing_more_fds(EMFILE);
	if (loop_open(&m->loop) != 0)
		return error_set(m->err, "cannot wait for events: %s",
				 strerror(errno));
	if (watch_own(m) != 0 || claim_name(m) != 0 || outsides_open(m) != 0 ||
	    open_components(m) != 0 ||
	    backing_create(&m->backing, &m->sys, m->err) != 0 ||
	    open_links(m) != 0 || captures_map(m) != 0 ||
	    switches_map(m) != 0 || switches_watch(m) != 0 ||
	    virts_open(m) != 0 || blk_virts_open(m) != 0 || vms_open(m) != 0 ||
	    guests_open(m) != 0 || disks_open(m) != 0)
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

/*
 * Whether every connection of the system's own is up at its switches.  A driver
 * VM boots for seconds, and the rest of the system does not wait for it.
 */
static bool all_carried(const struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		uint32_t attachment = m->link[i].conn->attachment;

		if (attachment != SYS_TO_ATTACH && attachment != SYS_TO_VM &&
		    attachment != SYS_TO_BLK_VM &&
		    !link_is_carried(&m->link[i]))
			return false;
	}
	return true;
}

/*
 * Log "running" once, when frames flow.  There is no point in waiting longer
 * for a switch that does not serve its links: other deadlines see to it.
 */
static void announce(struct monitor *m)
{
	if (m->announced || m->phase != MONITOR_RUNNING ||
	    (!all_carried(m) && m->now_ns < m->announce_ns))
		return;
	m->announced = true;
	control_serve(m);
	monitor_log(LOG_NOTICE, m->sys.name, "running");
	service_say(&m->service, "READY=1\nSTATUS=running");
}

static void settle(struct monitor *m)
{
	if (m->phase == MONITOR_STARTING && all_ready(m)) {
		m->phase = MONITOR_RUNNING;
		m->announce_ns = m->now_ns + SWITCH_ANSWER_NS;
	}
	/* It ends: every step is followed by another or by a wait. */
	while (m->phase == MONITOR_RUNNING && settle_once(m))
		;
	guests_settle(m);
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		if (m->link[i].attach.link != NULL)
			attach_settle(m, &m->link[i].attach);
		outside_settle(m, &m->link[i]);
		carrier_settle(m, &m->link[i]);
	}
	announce(m);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Milliseconds until something must be looked at even if nothing happens. */
static int timeout_ms(const struct monitor *m)
{
	uint64_t first = sooner(control_deadline(m), change_deadline(m));

	for (size_t i = 0; i < m->sys.n_pds; i++)
		first = sooner(first, pd_deadline(&m->pd[i]));
	for (size_t i = 0; i < m->n_switches; i++)
		if (m->sw[i].asker != NULL)
			first = sooner(first, m->sw[i].deadline_ns);
	for (size_t i = 0; i < m->n_vms; i++)
		first = sooner(first, vm_deadline(m, &m->vm[i]));
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct mon_link *l = &m->link[i];

		if (link_hold(m, l) > 0)
			first = sooner(first, l->hold_ns);
		first = sooner(first, link_deadline(m, l));
		first = sooner(first, carrier_deadline(m, l));
	}
	first = sooner(first, captures_deadline(m));
	first = sooner(first, guests_deadline(m));
	first = sooner(first, service_deadline(&m->service));
	if (m->phase == MONITOR_RUNNING && !m->announced)
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
		for (size_t i = 0; i < m->n_vms; i++)
			vm_tick(m, &m->vm[i]);
		control_tick(m);
		settle(m);
		service_tick(&m->service, m->now_ns);
	}
}

/* --- the end ------------------------------------------------------------ */

static void close_components(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_pds; i++) {
		for (uint32_t c = 0; c < m->sys.pd[i].n_comps; c++)
			fds_close(m->pd[i].fds[c].fd, m->pd[i].fds[c].n);
		free(m->pd[i].fds);
		free(m->sys.pd[i].comp);
	}
}

static void dispose(struct monitor *m)
{
	change_close(m);
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		attach_close(m, &m->link[i].attach);
		backing_unmap(&m->backing, m->sys.conn[i].link,
			      m->link[i].page);
	}
	captures_unmap(m);
	guests_close(m);
	disks_close(m);
	vms_close(m);
	virts_close(m);
	blk_virts_close(m);
	outsides_close(m);
	switches_free(m);
	backing_destroy(&m->backing);
	janitor_stop(&m->janitor);
	/* Last: whoever asked us to stop waits for the end of this. */
	control_close(m);
	close_components(m);
	reload_close(m);
	loop_del(&m->loop, &m->signals);
	loop_del(&m->loop, &m->warden);
	loop_close(&m->loop);
	service_close(&m->service);
	compile_result_free(&m->held);
	free(m->pd);
	free(m->link);
	free(m->sys.pd);
}

/* Descriptors 0 to 2 must be open, or others would get their numbers. */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/**
 * struct signals - the caller's signal settings
 */
struct signals {
	sigset_t mask;
	struct sigaction child;
	struct signals_old ignored;
};

static void arrange_signals(struct signals *old)
{
	const struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t block;

	our_signals(&block);
	sigprocmask(SIG_BLOCK, &block, &old->mask);
	/*
	 * A blocked signal is received by descriptor even if it is ignored.
	 * SIGHUP is ignored because PDs inherit that: a terminal's hangup must
	 * not end them.
	 */
	signals_ignore(&old->ignored);
	/* If SIGCHLD were ignored, children would leave no status. */
	sigaction(SIGCHLD, &usual, &old->child);
}

static void restore_signals(const struct signals *old)
{
	sigaction(SIGCHLD, &old->child, NULL);
	signals_restore(&old->ignored);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

int monitor_run(const struct system *sys, struct error *err)
{
	struct monitor m = { .err = err, .result = -1 };
	struct signals old;

	fill_stdio();
	arrange_signals(&old);
	m.loop.epoll = -1;
	m.signals.fd = -1;
	m.warden.fd = -1;
	m.netns.fd = -1;
	change_init(&m.change);
	service_open(&m.service);
	if (prepare(&m, sys) == 0)
		run(&m);
	m.phase = MONITOR_STOPPING;
	service_say(&m.service, "STOPPING=1");
	pds_stop(&m);
	dispose(&m);
	restore_signals(&old);
	return m.result;
}
