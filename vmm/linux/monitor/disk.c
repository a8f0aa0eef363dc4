/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks of guests: see disk.h. */
#include "vmm/linux/monitor/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/state.h"

static uint32_t stats_of(const struct monitor *m, const struct mon_disk *d)
{
	return backing_slot(&m->backing, d->pd, d->comp->disk.stats);
}

int disks_open(struct monitor *m)
{
	m->disk = calloc(system_count(&m->sys, SYS_DISK) + 1, sizeof(*m->disk));
	if (m->disk == NULL)
		return error_set(m->err, "not enough memory");
	for (uint32_t i = 0; i < m->sys.n_pds; i++) {
		struct mon_disk *d = &m->disk[m->n_disks];

		if (m->sys.pd[i].comp[0].kind != SYS_DISK)
			continue;
		d->comp = &m->sys.pd[i].comp[0];
		d->pd = i;
		m->n_disks++;
		d->stats = backing_map(&m->backing, stats_of(m, d), SYS_R);
		if (d->stats == NULL)
			return error_set(m->err, "cannot map what %s shows: %s",
					 d->comp->name, strerror(errno));
	}
	return 0;
}

void disks_close(struct monitor *m)
{
	for (size_t i = 0; i < m->n_disks; i++)
		backing_unmap(&m->backing, stats_of(m, &m->disk[i]),
			      m->disk[i].stats);
	free(m->disk);
	m->disk = NULL;
	m->n_disks = 0;
}
