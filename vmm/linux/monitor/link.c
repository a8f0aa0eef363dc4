/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links: base/link.h from the monitor's side.
 *
 * Queues must never be zeroed while a side still uses them, and no side may
 * start on queues that are not zero: either would look like a protocol fault of
 * the other side.  So a link drains until neither side uses it any more.  A
 * side no longer uses it when
 *
 *  - it is a switch or virtualisers, and has published the even epoch (a
 *    block virtualiser not before the driver has let go of the client's data);
 *  - it is a port PD or a VM, and is dead;
 *  - it is an attached process, and has been detached.
 *
 * A dead side of any kind no longer uses it.
 *
 * Memory of an attached process is not zeroed and used again, because that
 * process may write to it as long as it lives, and hold the file locked.  The
 * next one gets new memory and new descriptors.  The switch is ordered to map
 * them and answers when it has (vmm/linux/order.h); no client is served before.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "vmm/linux/monitor/state.h"

/* When memory or descriptors run out, try again after so long. */
#define RENEW_RETRY_NS (1000 * MS_NS)

static void set_epoch(struct mon_link *l, uint32_t epoch)
{
	atomic_store_explicit(&l->page->epoch, epoch, memory_order_release);
}

void link_notify(const struct monitor *m, const struct mon_link *l, int side)
{
	if (side == 1 && l->conn->attachment == SYS_TO_ATTACH)
		backing_ring_outside(&m->backing, l->conn->channel);
	else
		pd_wake(&m->pd[l->conn->pd[side]]);
	if (side == 1)
		guest_notify(m, (uint32_t)(l - m->link));
}

/* Have both sides look at the link page. */
static void notify(const struct monitor *m, const struct mon_link *l)
{
	link_notify(m, l, 0);
	if (l->conn->pd[0] != l->conn->pd[1])
		link_notify(m, l, 1);
}

static bool runs(const struct monitor *m, uint32_t pd)
{
	return m->pd[pd].state == PD_RUNNING && !m->pd[pd].killed;
}

uint64_t link_hold(const struct monitor *m, const struct mon_link *l)
{
	return l->hold_ns > m->now_ns ? l->hold_ns - m->now_ns : 0;
}

bool link_can_serve(const struct monitor *m, const struct mon_link *l)
{
	return m->phase == MONITOR_RUNNING && !l->failed &&
	       link_hold(m, l) == 0 && runs(m, l->conn->pd[0]) &&
	       (l->conn->attachment == SYS_TO_ATTACH ||
		runs(m, l->conn->pd[1])) &&
	       (l->vm == NULL || vm_serves(m, l)) && !captures_hold(m, l);
}

void link_up(struct monitor *m, struct mon_link *l)
{
	set_epoch(l, link_epoch(l->page) + 1);
	l->state = MON_LINK_UP;
	l->deadline_ns = m->now_ns + SWITCH_ANSWER_NS;
	notify(m, l);
}

void link_down(struct monitor *m, struct mon_link *l)
{
	if (l->state != MON_LINK_UP)
		return;
	set_epoch(l, link_epoch(l->page) + 1);
	l->state = MON_LINK_DRAINING;
	l->deadline_ns = m->now_ns + SWITCH_ANSWER_NS;
	if (l->conn->attachment == SYS_TO_ATTACH)
		attach_disconnect(m, &l->attach);
	/*
	 * A port PD is killed, which loses nothing: it holds no state.  So is a
	 * disk's; what it had taken, the next one takes again.  A guest
	 * could be asked to stop using the link, but would not be trusted.
	 */
	if (l->conn->attachment == SYS_TO_PD ||
	    l->conn->attachment == SYS_TO_VM ||
	    l->conn->attachment == SYS_TO_DISK ||
	    l->conn->attachment == SYS_TO_BLK_VM)
		pd_kill(&m->pd[l->conn->pd[1]], true);
	notify(m, l);
}

/* Does this side publish the epochs it has acted on? */
static bool publishes(const struct mon_link *l, int side)
{
	return l->sw[side] != NULL || l->virt[side] != NULL ||
	       (side == 0 && l->blk != NULL);
}

/* Has this side, which publishes, seen the link page as it is? */
static bool has_seen(const struct mon_link *l, int side)
{
	uint32_t epoch = link_epoch(l->page);

	if (l->sw[side] != NULL)
		return switch_port_epoch(l->sw[side], l->conn->port[side]) ==
		       epoch;
	if (l->blk != NULL)
		return blk_virt_has_seen(l, epoch);
	return virt_has_seen(l->virt[side],
			     l->conn->attachment == SYS_TO_VM ? NET_VIRT_DRIVER
							      : NET_VIRT_SWITCH,
			     epoch);
}

bool link_is_carried(const struct mon_link *l)
{
	return l->state == MON_LINK_UP &&
	       (!publishes(l, 0) || has_seen(l, 0)) &&
	       (!publishes(l, 1) || has_seen(l, 1));
}

/* Does this side no longer use the queues? */
static bool let_go(const struct monitor *m, const struct mon_link *l, int side)
{
	if ((side == 1 && l->conn->attachment == SYS_TO_ATTACH) ||
	    !pd_alive(&m->pd[l->conn->pd[side]]))
		return true;
	return publishes(l, side) && has_seen(l, side);
}

static int zero_half(const struct monitor *m, const struct sys_half *half)
{
	int result = 0;

	if (half->active != SYS_NONE)
		result = backing_zero(&m->backing, half->active);
	if (result == 0 && half->free != SYS_NONE)
		result = backing_zero(&m->backing, half->free);
	return result;
}

static int zero_blk(const struct monitor *m, const struct sys_blk_half *half)
{
	int result = 0;

	if (half->request == SYS_NONE)
		return 0;
	result = backing_zero(&m->backing, half->request);
	if (result == 0)
		result = backing_zero(&m->backing, half->response);
	return result == 0 ? backing_zero(&m->backing, half->info) : result;
}

/*
 * Neither side uses the queues, and both are PDs: zero the queues.  Data stays;
 * a driver VM's is also on the other connection, which may be up.
 */
static void clean(const struct monitor *m, struct mon_link *l)
{
	const struct sys_conn *conn = l->conn;
	int result = zero_half(m, &conn->ingress);

	if (result == 0)
		result = zero_half(m, &conn->egress);
	if (result == 0)
		result = zero_blk(m, &conn->blk);
	l->state = MON_LINK_CLEAN;
	if (result == 0)
		return;
	l->failed = true;
	monitor_log(LOG_ERR, m->sys.name,
		    "%s: its queues cannot be cleared (%s); it stays down. "
		    "Stop %s and run it again",
		    conn->name, strerror(-result), m->sys.name);
}

static void stop_silent(struct monitor *m, const struct mon_link *l, int side)
{
	struct mon_pd *pd = &m->pd[l->conn->pd[side]];

	if (pd->killed)
		return;
	monitor_log(LOG_ERR, m->sys.name, "%s does not answer; stopping it",
		    pd->sys->comp[l->conn->comp[side]].name);
	pd_kill(pd, false);
}

/* A side that does not read its link pages hangs: restart it. */
static void overdue(struct monitor *m, struct mon_link *l)
{
	for (int side = 0; side < 2; side++)
		if (publishes(l, side) && !let_go(m, l, side) &&
		    !blk_virt_waits(l))
			stop_silent(m, l, side);
}

/* --- renewal ------------------------------------------------------------ */

static void begin_renewal(struct mon_link *l)
{
	l->state = MON_LINK_RENEWING;
	l->serial++;
	l->fresh = false;
	l->told = false;
	l->renewed = false;
	l->deadline_ns = 0;
}

void link_spoil(struct monitor *m, struct mon_link *l)
{
	l->state = MON_LINK_DRAINING;
	l->deadline_ns = m->now_ns + SWITCH_ANSWER_NS;
}

/* Make new memory; if that fails, try again later. */
static void make_fresh(struct monitor *m, struct mon_link *l)
{
	int result;

	if (m->now_ns < l->deadline_ns)
		return;
	result = backing_renew(&m->backing, l->conn);
	if (result != 0) {
		if (l->deadline_ns == 0)
			monitor_log(LOG_WARNING, m->sys.name,
				    "%s: no memory or descriptors for its next "
				    "client: %s; it is tried again every "
				    "second",
				    l->conn->name, strerror(-result));
		l->deadline_ns = m->now_ns + RENEW_RETRY_NS;
		return;
	}
	l->fresh = true;
	l->deadline_ns = m->now_ns + SWITCH_ANSWER_NS;
}

/* Return: whether the link is clean now. */
static bool renew(struct monitor *m, struct mon_link *l)
{
	if (!l->fresh)
		make_fresh(m, l);
	if (!l->fresh)
		return false;
	/* A dead switch will start with the new memory. */
	if (!pd_alive(&m->pd[l->conn->pd[0]]) || l->renewed) {
		l->state = MON_LINK_CLEAN;
		return true;
	}
	if (!l->told)
		l->told = pd_order_renewal(m, l) == 0;
	if (m->now_ns >= l->deadline_ns)
		stop_silent(m, l, 0);
	return false;
}

uint64_t link_deadline(const struct monitor *m, const struct mon_link *l)
{
	bool due = m->now_ns >= l->deadline_ns && !blk_virt_waits(l);

	/* A switch publishes its epoch silently; overdue ones are dying. */
	if (l->state == MON_LINK_DRAINING)
		return due ? UINT64_MAX : m->now_ns + LINK_POLL_NS;
	if (l->state != MON_LINK_RENEWING || (l->fresh && due))
		return UINT64_MAX;
	return l->fresh && !l->told ? m->now_ns + LINK_POLL_NS : l->deadline_ns;
}

bool link_settle(struct monitor *m, struct mon_link *l)
{
	switch (l->state) {
	case MON_LINK_CLEAN:
		if (l->conn->attachment == SYS_TO_ATTACH) {
			attach_settle(m, &l->attach);
			return false;
		}
		if (!link_can_serve(m, l))
			return false;
		link_up(m, l);
		return true;
	case MON_LINK_DRAINING:
		if (let_go(m, l, 0) && let_go(m, l, 1)) {
			if (l->conn->attachment == SYS_TO_ATTACH)
				begin_renewal(l);
			else
				clean(m, l);
			return true;
		}
		if (m->now_ns >= l->deadline_ns)
			overdue(m, l);
		return false;
	case MON_LINK_RENEWING:
		return renew(m, l);
	case MON_LINK_UP:
		return false;
	}
	return false;
}

static void say_fault(struct monitor *m, struct mon_link *l, const char *who,
		      const char *then)
{
	if (monitor_log_may(m->sys.name, l->conn->name, &l->limit, m->now_ns))
		monitor_log(LOG_WARNING, m->sys.name,
			    "%s: %s broke the queue protocol%s", l->conn->name,
			    who, then);
}

/* Its end is restarted. */
static void fault_of_pd(struct monitor *m, struct mon_link *l, const char *what)
{
	say_fault(m, l, what, "");
	/* Before link_down(), which would kill it as innocent. */
	pd_kill(&m->pd[l->conn->pd[1]], false);
}

/* This end is not restarted, so the link is held down for a while. */
static void hold_off(struct monitor *m, struct mon_link *l, const char *who,
		     const char *then, const char *when)
{
	uint64_t pause = restart_pause(&l->history, m->now_ns);
	char text[RESTART_TEXT], what[96];

	l->hold_ns = m->now_ns + pause;
	snprintf(what, sizeof(what), "; %s%s%s", then, pause > 0 ? when : "",
		 pause > 0 ? restart_text(pause, text) : "");
	say_fault(m, l, who, what);
}

/* A switch has other ports, and is not restarted. */
static void fault_of_switch(struct monitor *m, struct mon_link *l,
			    const char *who)
{
	hold_off(m, l, who, "taking the link down and up again", " in ");
}

void link_fault(struct monitor *m, struct mon_link *l, unsigned int end)
{
	switch ((enum sys_attachment)l->conn->attachment) {
	case SYS_TO_ATTACH:
		hold_off(m, l, "the attached process", "it is detached",
			 " and the port held off for ");
		break;
	case SYS_TO_PD:
	case SYS_TO_DISK:
		fault_of_pd(m, l, "it");
		break;
	case SYS_TO_VIRT:
		if (end == 0)
			fault_of_switch(m, l, "the switch");
		else
			fault_of_pd(m, l, "its virtualisers");
		break;
	case SYS_TO_VM:
	case SYS_TO_BLK_VM:
		fault_of_pd(m, l, "the guest");
		break;
	case SYS_TO_SWITCH:
		fault_of_switch(m, l, "one of the switches");
		break;
	}
	link_down(m, l);
}
