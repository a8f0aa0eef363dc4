/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a PD from its boot record: tables, components, what epoll waits for.
 *
 * All of the loop's memory is allocated here, before the system call filter is
 * set.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "vmm/linux/pd/loop.h"

static uint64_t read_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void own(struct pd *pd, uint32_t channel, uint32_t comp)
{
	if (channel < pd->boot->n_chans)
		pd->chan[channel].owner = comp;
}

/* Which component a channel belongs to follows from the configurations. */
static void set_owner(struct pd *pd, const struct sys_component *cfg,
		      uint32_t comp)
{
	switch (cfg->kind) {
	case SYS_SWITCH:
		own(pd, cfg->sw.ctl_channel, comp);
		for (uint32_t p = 0; p < cfg->sw.n_ports; p++)
			own(pd, cfg->sw.port[p].wire.channel, comp);
		return;
	case SYS_VIRT:
		own(pd, cfg->virt.driver.channel, comp);
		own(pd, cfg->virt.ctl_channel, comp);
		break;
	case SYS_VM:
		own(pd, cfg->vm.blk.channel, comp);
		own(pd, cfg->vm.status_channel, comp);
		break;
	case SYS_CLIENT_VM:
		own(pd, cfg->vm.status_channel, comp);
		break;
	case SYS_DISK:
		own(pd, cfg->disk.blk.channel, comp);
		break;
	case SYS_BLK_VIRT:
		own(pd, cfg->blk_virt.driver.channel, comp);
		own(pd, cfg->blk_virt.ctl_channel, comp);
		for (uint32_t i = 0; i < cfg->blk_virt.n_clients; i++)
			own(pd, cfg->blk_virt.client[i].wire.channel, comp);
		break;
	default:
		break;
	}
	own(pd, cfg->wire.channel, comp);
}

static int add_to_epoll(struct pd *pd, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	return epoll_ctl(pd->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int watch_channels(struct pd *pd)
{
	const struct boot_chan *bc = boot_chans(pd->boot);

	for (uint32_t i = 0; i < pd->boot->n_chans; i++) {
		pd->chan[i] = (struct pd_chan){
			.owner = SYS_NONE,
			.wait = bc[i].wait,
			.ring = bc[i].ring,
			.peer = bc[i].peer,
		};
		if (add_to_epoll(pd, bc[i].wait, EPOLLIN | EPOLLET,
				 event_data(EVENT_CHANNEL, i, 0)) != 0)
			return -1;
	}
	/* EPOLLERR comes unasked once the log's reader is gone. */
	return add_to_epoll(pd, pd->log, 0, event_data(EVENT_MONITOR, 0, 0));
}

/* Without a page of the monitor's, a component still has one to write to. */
static struct outside_page *map_outside(const struct component_ops *ops, int fd)
{
	struct outside_page *page;

	if (!ops->outside)
		return NULL;
	page = mmap(NULL, OUTSIDE_SIZE, PROT_READ | PROT_WRITE,
		    fd == 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED,
		    fd == 0 ? -1 : fd, 0);
	if (fd != 0)
		close(fd);
	return page == MAP_FAILED ? NULL : page;
}

static int make_component(struct pd *pd, uint32_t index)
{
	const struct boot_comp *bc = &boot_comps(pd->boot)[index];
	struct component *c = &pd->comp[index].c;

	c->ops = component_kinds[bc->cfg.kind];
	c->cfg = &bc->cfg;
	c->pd = pd;
	c->index = index;
	pd->comp[index].wake_at = UINT64_MAX;
	c->n_fds = bc->n_fds;
	memcpy(c->fd, bc->fd, sizeof(c->fd));
	c->outside = map_outside(c->ops, bc->page);
	if (c->ops->outside && c->outside == NULL)
		return -1;
	c->state = pd_memory(c->ops->state_size);
	if (c->state == NULL)
		return -1;
	memset(c->state, 0, c->ops->state_size);
	return 0;
}

static int make_tables(struct pd *pd)
{
	const struct boot_record *r = pd->boot;

	/* One more than needed: calloc(0) may return NULL. */
	pd->map = calloc(r->n_maps + 1, sizeof(*pd->map));
	pd->chan = calloc(r->n_chans + 1, sizeof(*pd->chan));
	pd->rung = calloc(r->n_chans + 1, sizeof(*pd->rung));
	pd->comp = calloc(r->n_comps + 1, sizeof(*pd->comp));
	if (pd->map == NULL || pd->chan == NULL || pd->rung == NULL ||
	    pd->comp == NULL)
		return -1;
	for (uint32_t i = 0; i < r->n_comps; i++)
		if (make_component(pd, i) != 0)
			return -1;
	return 0;
}

/* A program has no other components than its own. */
static int check_kinds(const struct boot_record *r, struct error *err)
{
	for (uint32_t i = 0; i < r->n_comps; i++) {
		const struct sys_component *cfg = &boot_comps(r)[i].cfg;

		if (cfg->kind >= SYS_KINDS ||
		    component_kinds[cfg->kind] == NULL)
			return error_set(err,
					 "this binary cannot be %s; put it "
					 "into a domain of its own",
					 cfg->name);
	}
	return 0;
}

struct pd *pd_new(const struct boot_record *r, int log, struct error *err)
{
	struct pd *pd;

	if (check_kinds(r, err) != 0)
		return NULL;
	pd = calloc(1, sizeof(*pd));
	if (pd == NULL) {
		error_set(err, "not enough memory");
		return NULL;
	}
	pd->boot = r;
	pd->log = log;
	pd->ctl = -1;
	pd->clock = read_clock;
	pd->poll_ns = (uint64_t)r->poll_us * 1000;
	pd->wake_at = UINT64_MAX;
	pd->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (make_tables(pd) != 0) {
		error_set(err, "not enough memory");
	} else if (pd->epoll < 0 || watch_channels(pd) != 0) {
		error_errno(err, "cannot watch its channels");
	} else {
		for (uint32_t i = 0; i < r->n_comps; i++)
			set_owner(pd, pd->comp[i].c.cfg, i);
		return pd;
	}
	pd_free(pd);
	return NULL;
}

static void free_component(struct component *c)
{
	if (c->outside != NULL)
		munmap(c->outside, OUTSIDE_SIZE);
	free(c->state);
}

void pd_free(struct pd *pd)
{
	for (uint32_t i = 0; pd->comp != NULL && i < pd->boot->n_comps; i++)
		free_component(&pd->comp[i].c);
	if (pd->epoll >= 0)
		close(pd->epoll);
	free(pd->map);
	free(pd->chan);
	free(pd->rung);
	free(pd->comp);
	free(pd);
}
