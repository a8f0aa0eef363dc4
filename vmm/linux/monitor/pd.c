/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PDs: start, log lines, death, restart.
 *
 * The monitor interprets only the first line of a PD's log: "ready".  A PD has
 * ended when its pidfd says so, not when it closes its log or was sent a
 * signal.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/linux/monitor/state.h"

/* Bytes of log lines read in one go. */
#define LOG_READ 4096
/*
 * Bytes read in one second.  Lines beyond a PD's allowance are read and counted
 * up to here; then its socket fills, which does not block a PD.
 */
#define LOG_BYTES 65536
/* Reads of what a dead PD has left in its socket, which holds less. */
#define LOG_REST 64
/* From this pause on, the log says where to find the reason. */
#define PD_HINT_NS (1000 * MS_NS)

static uint32_t pd_index(const struct monitor *m, const struct mon_pd *pd)
{
	return (uint32_t)(pd - m->pd);
}

/* --- log lines ---------------------------------------------------------- */

struct line_context {
	struct monitor *m;
	struct mon_pd *pd;
};

static void on_line(void *arg, const char *text, size_t len)
{
	const struct line_context *c = arg;
	struct mon_pd *pd = c->pd;
	char shown[LOG_LINE_MAX * 4 + 1];

	if (pd->state == PD_STARTING && len == strlen("ready") &&
	    memcmp(text, "ready", len) == 0) {
		pd->state = PD_RUNNING;
		return;
	}
	if (!monitor_log_may(c->m->sys.name, pd->sys->name, &pd->limit,
			     c->m->now_ns))
		return;
	log_escape(shown, sizeof(shown), text, len);
	log_escape(pd->last, sizeof(pd->last), text, len);
	monitor_log(LOG_NOTICE, c->m->sys.name, "%s: %s", pd->sys->name, shown);
}

/* Return: whether there may be more. */
static bool read_log(struct monitor *m, struct mon_pd *pd)
{
	struct line_context c = { .m = m, .pd = pd };
	char data[LOG_READ];
	ssize_t n = recv(pd->log.fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		loop_del(&m->loop, &pd->log);
		return false;
	}
	log_lines_feed(&pd->lines, data, (size_t)n, on_line, &c);
	if (m->now_ns - pd->log_since_ns >= LOG_WINDOW_NS) {
		pd->log_since_ns = m->now_ns;
		pd->log_bytes = 0;
	}
	pd->log_bytes += (size_t)n;
	if (pd->log_bytes >= LOG_BYTES)
		loop_watch(&m->loop, &pd->log, 0);
	return true;
}

static void on_log(struct monitor *m, struct loop_source *s, uint32_t events)
{
	(void)events;
	read_log(m, loop_owner(s, struct mon_pd, log));
}

/* --- death -------------------------------------------------------------- */

static void say_how(char *buf, size_t size, const struct mon_pd *pd,
		    const siginfo_t *info)
{
	const char *name;

	if (info->si_code == CLD_EXITED) {
		snprintf(buf, size, "ended with status %d", info->si_status);
		return;
	}
	if (info->si_status == SIGKILL && pd->killed) {
		snprintf(buf, size, "stopped");
		return;
	}
	name = sigabbrev_np(info->si_status);
	snprintf(buf, size, "killed by SIG%s%s", name != NULL ? name : "?",
		 info->si_status == SIGSYS
			 ? " (a system call its sandbox does not allow)"
			 : "");
}

/* A PD failed by its own fault: when is it restarted? */
static void pd_failed(struct monitor *m, struct mon_pd *pd, const char *how)
{
	uint64_t pause = restart_pause(&pd->history, m->now_ns);
	char text[RESTART_TEXT];

	pd->deadline_ns = m->now_ns + pause;
	monitor_log(LOG_ERR, m->sys.name, "%s: %s; starting it again%s%s%s",
		    pd->sys->name, how, pause > 0 ? " in " : "",
		    pause > 0 ? restart_text(pause, text) : "",
		    pause >= PD_HINT_NS ? "; the lines above say why" : "");
}

static void pd_gone(struct monitor *m, struct mon_pd *pd, const siginfo_t *info)
{
	struct line_context c = { .m = m, .pd = pd };
	char how[96];

	for (int i = 0; i < LOG_REST && pd->log.fd >= 0; i++)
		if (!read_log(m, pd))
			break;
	log_lines_feed(&pd->lines, NULL, 0, on_line, &c);
	loop_del(&m->loop, &pd->log);
	loop_del(&m->loop, &pd->ctl);
	loop_del(&m->loop, &pd->exit);
	pd->state = PD_DEAD;
	pd->deadline_ns = 0;
	say_how(how, sizeof(how), pd, info);
	if (m->phase == MONITOR_STARTING) {
		error_set(m->err, "%s could not be started: %s", pd->sys->name,
			  pd->last[0] != '\0' ? pd->last : how);
		monitor_stop(m, -1);
		return;
	}
	if (m->phase == MONITOR_STOPPING)
		return;
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct sys_conn *conn = m->link[i].conn;

		if (conn->pd[0] == pd_index(m, pd) ||
		    conn->pd[1] == pd_index(m, pd))
			link_down(m, &m->link[i]);
	}
	guest_untie(m, pd_index(m, pd));
	if (!pd->innocent && !guest_ended(m, pd, info))
		pd_failed(m, pd, how);
}

static void on_exit_event(struct monitor *m, struct loop_source *s,
			  uint32_t events)
{
	struct mon_pd *pd = loop_owner(s, struct mon_pd, exit);
	siginfo_t info = { 0 };

	(void)events;
	if (waitid(P_PIDFD, (id_t)s->fd, &info, WEXITED | WNOHANG) == 0 &&
	    info.si_pid != 0)
		pd_gone(m, pd, &info);
}

void pd_kill(struct mon_pd *pd, bool innocent)
{
	if (!pd_alive(pd) || pd->killed)
		return;
	pd->killed = true;
	pd->innocent = innocent;
	syscall(SYS_pidfd_send_signal, pd->exit.fd, SIGKILL, NULL, 0);
}

void pd_turn(struct mon_pd *pd, bool off, bool on)
{
	pd->off = !on;
	pd->wanted = true;
	if (off)
		pd_kill(pd, true);
	if (on && pd->state == PD_DEAD)
		pd->deadline_ns = 0;
}

bool pd_reap(struct monitor *m, struct mon_pd *pd, uint64_t until_ns)
{
	struct pollfd p = { .fd = pd->exit.fd, .events = POLLIN };
	uint64_t now = loop_now();

	if (!pd_alive(pd))
		return true;
	if (poll(&p, 1, now < until_ns ? (int)((until_ns - now) / MS_NS) : 0) >
	    0)
		on_exit_event(m, &pd->exit, EPOLLIN);
	return !pd_alive(pd);
}

/* --- start -------------------------------------------------------------- */

/* Where a component has its secret, or NULL. */
static uint64_t *secret(struct sys_component *comp)
{
	switch (comp->kind) {
	case SYS_SWITCH:
		return &comp->sw.tables.fdb.seed;
	case SYS_BLK_VIRT:
		return &comp->blk_virt.seed;
	default:
		return NULL;
	}
}

/* Each life of a component gets secrets of its own for its hash tables. */
static int seed(struct mon_pd *pd, struct error *err)
{
	for (uint32_t i = 0; i < pd->sys->n_comps; i++) {
		uint64_t *where = secret(&pd->sys->comp[i]);

		if (where != NULL &&
		    getrandom(where, sizeof(*where), 0) != sizeof(*where))
			return error_set(err, "no random numbers: %s",
					 strerror(errno));
	}
	return 0;
}

static int watch(struct monitor *m, struct mon_pd *pd, struct error *err)
{
	int log_fd = pd->proc.log_fd, ctl_fd = pd->proc.ctl_fd;

	if (loop_add(&m->loop, &pd->exit, pd->proc.pidfd, EPOLLIN,
		     on_exit_event) != 0) {
		close(log_fd);
		close(ctl_fd);
		return error_set(err, "%s cannot be watched: %s", pd->sys->name,
				 strerror(errno));
	}
	/*
	 * If this fails, the PD gets no orders, and is killed for not
	 * answering.
	 */
	if (pd_hear(m, pd, ctl_fd) != 0)
		monitor_log(LOG_ERR, m->sys.name,
			    "%s: it cannot be told anything: %s", pd->sys->name,
			    strerror(errno));
	if (loop_add(&m->loop, &pd->log, log_fd, EPOLLIN, on_log) != 0)
		monitor_log(LOG_WARNING, m->sys.name,
			    "%s: its log cannot be read: %s", pd->sys->name,
			    strerror(errno));
	return 0;
}

/* Reset the regions in which its components show their state. */
static int reset(struct monitor *m, uint32_t index, struct error *err)
{
	for (size_t i = 0; i < m->n_switches; i++)
		if (m->sw[i].pd == index)
			switch_reset(m, &m->sw[i]);
	for (size_t i = 0; i < m->n_virts; i++)
		if (m->virt[i].pd == index)
			virt_reset(m, &m->virt[i]);
	for (size_t i = 0; i < m->n_blk_virts; i++)
		if (m->blk_virt[i].pd == index)
			blk_virt_reset(m, &m->blk_virt[i]);
	for (size_t i = 0; i < m->n_vms; i++)
		if (m->vm[i].pd == index && vm_reset(m, &m->vm[i], err) != 0)
			return -1;
	return guest_reset(m, index, err);
}

/* Call the start() of its components. */
static int take(const struct monitor *m, struct mon_pd *pd, struct error *err)
{
	for (uint32_t i = 0; i < pd->sys->n_comps; i++) {
		const struct sys_component *comp = &pd->sys->comp[i];
		const struct component_ops *ops = component_kinds[comp->kind];
		struct pd_fds *fds = &pd->fds[i];
		int n = ops->start == NULL
				? 0
				: ops->start(comp, fds->fd, fds->n, err);

		if (n < 0)
			return -1;
		fds->n += (unsigned int)n;
	}
	return guest_take(m, pd_index(m, pd), &pd->fds[0], err);
}

/* The PD has its own copies by now; ours would outlive it. */
static void give_back(struct mon_pd *pd)
{
	for (uint32_t i = 0; i < pd->sys->n_comps; i++) {
		struct pd_fds *fds = &pd->fds[i];

		while (fds->n > fds->kept)
			close(fds->fd[--fds->n]);
	}
}

int pd_start(struct monitor *m, struct mon_pd *pd, struct error *err)
{
	uint32_t index = pd_index(m, pd);
	int result;

	if (seed(pd, err) != 0 || reset(m, index, err) != 0)
		return -1;
	result = take(m, pd, err);
	if (result == 0)
		result = pd_spawn(&m->backing, index, pd->fds, &pd->proc, err);
	give_back(pd);
	if (result != 0)
		return -1;
	janitor_pd(&m->janitor, index, pd->proc.pidfd);
	pd->state = PD_STARTING;
	pd->killed = false;
	pd->innocent = false;
	pd->last[0] = '\0';
	pd->deadline_ns = m->now_ns + PD_READY_NS;
	if (watch(m, pd, err) == 0)
		return 0;
	/* It cannot be managed without a pidfd. */
	kill(pd->proc.pid, SIGKILL);
	waitpid(pd->proc.pid, NULL, 0);
	pd->state = PD_DEAD;
	return -1;
}

uint64_t pd_pause(const struct monitor *m, const struct mon_pd *pd)
{
	return pd->state == PD_DEAD && pd->deadline_ns > m->now_ns
		       ? pd->deadline_ns - m->now_ns
		       : 0;
}

uint64_t pd_deadline(const struct mon_pd *pd)
{
	if (pd->log.fd >= 0 && pd->log.events == 0)
		return pd->log_since_ns + LOG_WINDOW_NS;
	if (pd->state == PD_STARTING && !pd->killed)
		return pd->deadline_ns;
	if (pd->state == PD_DEAD && pd->deadline_ns != 0)
		return pd->deadline_ns;
	return UINT64_MAX;
}

void pd_tick(struct monitor *m, struct mon_pd *pd)
{
	if (pd->log.events == 0 &&
	    m->now_ns - pd->log_since_ns >= LOG_WINDOW_NS)
		loop_watch(&m->loop, &pd->log, EPOLLIN);
	/* From now on it waits only for its links. */
	if (pd->state == PD_DEAD && m->now_ns >= pd->deadline_ns)
		pd->deadline_ns = 0;
	if (pd->state != PD_STARTING || pd->killed ||
	    m->now_ns < pd->deadline_ns)
		return;
	snprintf(pd->last, sizeof(pd->last), "it was not ready after %llu s",
		 PD_READY_NS / (1000 * MS_NS));
	monitor_log(LOG_ERR, m->sys.name, "%s: %s", pd->sys->name, pd->last);
	pd_kill(pd, false);
}

static bool links_clean(const struct monitor *m, uint32_t pd)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct mon_link *l = &m->link[i];

		if ((l->conn->pd[0] == pd || l->conn->pd[1] == pd) &&
		    l->state != MON_LINK_CLEAN)
			return false;
	}
	return true;
}

bool pd_settle(struct monitor *m, struct mon_pd *pd)
{
	struct error err = { "" };

	if (pd->state != PD_DEAD || pd->off || m->phase != MONITOR_RUNNING ||
	    m->now_ns < pd->deadline_ns || !links_clean(m, pd_index(m, pd)) ||
	    change_holds_back(m, pd_index(m, pd)))
		return false;
	if (pd_start(m, pd, &err) == 0) {
		pd->restarts += !pd->wanted;
		pd->wanted = false;
		return true;
	}
	/* Somebody else may be using what it needs; try again later. */
	pd_failed(m, pd, err.text);
	return true;
}
