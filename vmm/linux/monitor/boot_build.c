/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot record, as the monitor makes it.
 *
 * See boot.h for what is in it.  Descriptors are numbered here, in the order
 * they are added, and moved to these numbers by the child (spawn.c).  Those of
 * the regions come last, so that closing them leaves no holes and RLIMIT_NOFILE
 * can be set just above what is left.
 */
#include "vmm/linux/monitor/boot_build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Give a descriptor the next number. */
static int32_t add_fd(struct boot_fds *fds, int from, bool close)
{
	fds->from[fds->n] = from;
	fds->close[fds->n] = close;
	return (int32_t)fds->n++;
}

static void fill_comps(struct boot_record *r, const struct sys_pd *pd,
		       const struct pd_fds *given, struct boot_fds *fds)
{
	struct boot_comp *comp = boot_comps(r);

	for (uint32_t i = 0; i < pd->n_comps; i++) {
		comp[i].cfg = pd->comp[i];
		comp[i].page = given != NULL && given[i].paged
				       ? add_fd(fds, given[i].page, false)
				       : 0;
		comp[i].n_fds = given != NULL ? given[i].n : 0;
		for (uint32_t k = 0; k < comp[i].n_fds; k++)
			comp[i].fd[k] = add_fd(fds, given[i].fd[k], false);
	}
}

/* The other end of a channel, if it is in the same PD. */
static uint32_t find_peer(const struct sys_pd *pd, const struct sys_chan *chan)
{
	for (uint32_t i = 0; i < pd->n_chans; i++)
		if (pd->chan[i].channel == chan->channel &&
		    pd->chan[i].end != chan->end)
			return i;
	return SYS_NONE;
}

static void fill_chans(struct boot_record *r, const struct sys_pd *pd,
		       const struct backing *b, struct boot_fds *fds)
{
	struct boot_chan *chan = boot_chans(r);

	for (uint32_t i = 0; i < pd->n_chans; i++) {
		const struct backing_channel *ch =
			&b->channel[pd->chan[i].channel];
		uint32_t end = pd->chan[i].end;

		chan[i].peer = find_peer(pd, &pd->chan[i]);
		chan[i].outside =
			b->sys->channel[pd->chan[i].channel].end[1 - end].pd ==
			SYS_PD_OUTSIDE;
		chan[i].wait = add_fd(fds, ch->wait[end], false);
		chan[i].ring = -1;
		if (chan[i].peer == SYS_NONE)
			chan[i].ring = add_fd(fds, ch->ring[1 - end], false);
	}
}

static int fill_maps(struct boot_record *r, const struct sys_pd *pd,
		     const struct backing *b, struct boot_fds *fds,
		     struct error *err)
{
	struct boot_map *map = boot_maps(r);

	for (uint32_t i = 0; i < pd->n_maps; i++) {
		uint32_t region = pd->map[i].region;
		bool read_only = pd->map[i].perms == SYS_R;
		int fd = read_only ? backing_dup(b, region, SYS_R)
				   : b->region[region];

		if (fd < 0)
			return backing_fd_error(err, "memory region",
						b->sys->region[region].name);
		map[i].size = b->sys->region[region].size;
		map[i].perms = pd->map[i].perms;
		map[i].fd = add_fd(fds, fd, read_only);
		memcpy(map[i].name, b->sys->region[region].name, SYS_NAME);
	}
	return 0;
}

/* Put the record into a sealed memfd. */
static int seal(const struct boot_record *r, struct boot_fds *fds,
		struct error *err)
{
	const char *bytes = (const char *)r;
	uint64_t done = 0;
	int fd = backing_memfd("weir:boot");

	if (fd < 0)
		return backing_fd_error(err, "boot record of", r->name);
	fds->from[BOOT_FD] = fd;
	fds->close[BOOT_FD] = true;
	while (done < r->size) {
		ssize_t n = write(fd, bytes + done, r->size - done);

		if (n < 0)
			return backing_fd_error(err, "boot record of", r->name);
		done += (uint64_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, BOOT_SEALS) != 0)
		return backing_fd_error(err, "boot record of", r->name);
	return 0;
}

/* Room for the most descriptors this PD can have. */
static int fds_new(struct boot_fds *out, const struct sys_pd *pd)
{
	size_t most = BOOT_FIRST_FD + (size_t)pd->n_comps * PD_MAX_FDS +
		      2 * (size_t)pd->n_chans + pd->n_maps;

	out->n = 0;
	out->from = calloc(most, sizeof(*out->from));
	out->close = calloc(most, sizeof(*out->close));
	return out->from == NULL || out->close == NULL ? -1 : 0;
}

static int fds_standard(struct boot_fds *out, int log, int ctl,
			struct error *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 && backing_more_fds(errno))
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return backing_fd_error(err, "cannot open", "/dev/null");
	add_fd(out, null, true);
	add_fd(out, null, false);
	add_fd(out, null, false);
	add_fd(out, -1, false); /* BOOT_FD: by seal() */
	add_fd(out, log, false);
	add_fd(out, ctl, false);
	return 0;
}

static int fill(struct boot_record *r, const struct backing *b, uint32_t index,
		const struct pd_fds *given, struct boot_fds *out,
		struct error *err)
{
	const struct sys_pd *pd = &b->sys->pd[index];

	memcpy(r->name, pd->name, SYS_NAME);
	r->magic = BOOT_MAGIC;
	r->comp_size = sizeof(struct boot_comp);
	r->poll_us = pd->poll_us;
	r->n_comps = pd->n_comps;
	r->n_chans = pd->n_chans;
	r->n_maps = pd->n_maps;
	fill_comps(r, pd, given, out);
	fill_chans(r, pd, b, out);
	if (fill_maps(r, pd, b, out, err) != 0)
		return -1;
	r->n_fds = out->n;
	return seal(r, out, err);
}

int boot_build(const struct backing *b, uint32_t pd, const struct pd_fds *fds,
	       int log, int ctl, struct boot_fds *out, struct error *err)
{
	const struct sys_pd *sys = &b->sys->pd[pd];
	size_t size = boot_size(sys->n_comps, sys->n_chans, sys->n_maps);
	struct boot_record *r = calloc(1, size);
	int result = -1;

	*out = (struct boot_fds){ 0 };
	if (r == NULL || fds_new(out, sys) != 0) {
		error_set(err, "not enough memory to start %s", sys->name);
	} else {
		r->size = size;
		if (fds_standard(out, log, ctl, err) == 0)
			result = fill(r, b, pd, fds, out, err);
	}
	/* The record holds seeds, which are secret. */
	if (r != NULL)
		explicit_bzero(r, size);
	free(r);
	if (result != 0)
		boot_release(out);
	return result;
}

void boot_release(struct boot_fds *fds)
{
	for (uint32_t i = 0; i < fds->n; i++)
		if (fds->close[i] && fds->from[i] >= 0)
			close(fds->from[i]);
	free(fds->from);
	free(fds->close);
	*fds = (struct boot_fds){ 0 };
}
