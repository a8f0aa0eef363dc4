/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir show disks`: the disks of guests, from the configuration, the monitor
 * and what their PDs count, which need not be true.
 */
#include <stdatomic.h>

#include "vmm/linux/control/json.h"
#include "vmm/linux/ports/disk.h"

static json_int_t count_of(const _Atomic(uint64_t) *p)
{
	return clamped(atomic_load_explicit(p, memory_order_relaxed));
}

/* A partition: its number, its name, or null. */
static json_t *partition_json(const struct sys_partition *part)
{
	if (part->number != 0)
		return json_integer(part->number);
	return *part->name ? json_string(part->name) : json_null();
}

/* Its connection to a virtualiser, or NULL: it is a file. */
static const struct mon_link *link_of(const struct monitor *m,
				      const struct mon_disk *d)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct mon_link *l = &m->link[i];

		if (l->conn->attachment == SYS_TO_DISK &&
		    l->conn->pd[1] == d->pd)
			return l;
	}
	return NULL;
}

/* What the virtualiser says of it: its part of the driver's disk. */
static json_t *part_json(const struct mon_link *l)
{
	static const char *const name[] = {
		[BLK_VIRT_DOWN] = "down",
		[BLK_VIRT_WAITING] = "waiting",
		[BLK_VIRT_UP] = "up",
		[BLK_VIRT_FAULT] = "fault",
		[BLK_VIRT_REFUSED] = "refused",
		[BLK_VIRT_DRAINING] = "draining",
	};
	const struct blk_virt_side_stats *s =
		&l->blk->stats->client[l->blk_client];
	const uint32_t state = __atomic_load_n(&s->state, __ATOMIC_RELAXED);
	const uint32_t why = __atomic_load_n(&s->why, __ATOMIC_RELAXED);
	json_t *rows = json_array();

	for (int i = 0; i < BLK_VIRT_REASON_COUNT; i++) {
		json_int_t n = counter(&s->refused[i]);

		if (n > 0)
			add_row(rows, json_pack("{s:s, s:I}", "reason",
						blk_virt_reason_key((
							enum blk_virt_reason)i),
						"count", n));
	}
	return json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:o}", "state",
		NAME_OF(name, state, ""), "reason",
		state == BLK_VIRT_REFUSED
			? blk_part_reason_key((enum blk_part_reason)why)
			: "",
		"first", counter(&s->first), "blocks", counter(&s->blocks),
		"retried", counter(&s->retried), "refused", rows);
}

static const char *path_name(const struct disk_stats *s)
{
	static const char *const name[] = {
		[DISK_BY_URING] = "io_uring",
		[DISK_BY_CALLS] = "calls",
		[DISK_BY_QUEUE] = "queue",
	};

	const json_int_t by = count_of(&s->by);

	return NAME_OF(name, by, "");
}

/* By what was done: "read", "read_bytes" and so on. */
static void add_done(json_t *row, const struct disk_stats *s)
{
	static const struct {
		enum vblk_what what;
		const char *key, *bytes;
	} done[] = {
		{ VBLK_READ, "reads", "read_bytes" },
		{ VBLK_WRITE, "writes", "written_bytes" },
		{ VBLK_FLUSH, "flushes", NULL },
		{ VBLK_DISCARD, "discards", "discarded_bytes" },
		{ VBLK_ZERO, "zeroes", "zeroed_bytes" },
	};

	for (size_t i = 0; i < sizeof(done) / sizeof(done[0]); i++) {
		json_object_set_new(
			row, done[i].key,
			json_integer(count_of(&s->done[done[i].what])));
		if (done[i].bytes != NULL)
			json_object_set_new(row, done[i].bytes,
					    json_integer(count_of(
						    &s->bytes[done[i].what])));
	}
}

/* Requests that were not done, by reason; those that are 0 are left out. */
static void add_failed(json_t *row, const struct disk_stats *s)
{
	static const char *const name[] = {
		[VBLK_BAD_REQUEST] = "bad_request",
		[VBLK_BAD_RANGE] = "bad_range",
		[VBLK_BAD_READ_ONLY] = "read_only",
		[VBLK_BAD_KIND] = "bad_kind",
		[VBLK_BAD_DISK] = "disk_error",
	};
	json_t *rows = json_array();
	json_int_t sum = 0;

	for (int i = 0; i < VBLK_ERRORS; i++) {
		json_int_t n = count_of(&s->failed[i]);

		sum += n;
		if (n > 0)
			add_row(rows, json_pack("{s:s, s:I}", "reason", name[i],
						"count", n));
	}
	json_object_set_new(row, "failures", json_integer(sum));
	json_object_set_new(row, "failed", rows);
}

static json_t *show_disk(const struct monitor *m, const struct mon_disk *d)
{
	const struct mon_pd *pd = &m->pd[d->pd];
	const struct sys_disk *cfg = &d->comp->disk;
	const struct mon_link *link = link_of(m, d);
	bool vm = cfg->socket.mode == SYS_SOCKET_GIVEN;
	json_t *row = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:s, s:s, s:I, s:i, "
		"s:I, s:I, s:I, s:I}",
		"disk", d->comp->name, "vm", vm ? cfg->socket.path : "",
		"socket", vm ? "" : cfg->socket.path, "file", cfg->path,
		"store", link ? link->blk->comp->name : "", "partition",
		partition_json(&cfg->partition), "part",
		link ? part_json(link) : json_null(), "read_only",
		(int)cfg->read_only, "state", pd_state_name(pd), "by",
		path_name(d->stats), "size",
		clamped((uint64_t)count_of(&d->stats->sectors) * VBLK_SECTOR),
		"restarts", (int)pd->restarts, "again_ms",
		pause_ms(pd_pause(m, pd)), "taken_again",
		count_of(&d->stats->again), "calls", count_of(&d->stats->calls),
		"copied", count_of(&d->stats->copied));

	if (row == NULL)
		return NULL;
	add_done(row, d->stats);
	add_failed(row, d->stats);
	return row;
}

json_t *show_disks(const struct monitor *m)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n_disks; i++)
		add_row(rows, show_disk(m, &m->disk[i]));
	return rows;
}
