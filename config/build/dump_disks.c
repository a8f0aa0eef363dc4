/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks and their virtualisers as text. */
#include <inttypes.h>

#include "config/build/build.h"

bool dump_is_disk(const struct sys_component *c)
{
	return c->kind == SYS_DISK || c->kind == SYS_BLK_VIRT;
}

bool dump_is_blk(const struct sys_conn *conn)
{
	return conn->attachment == SYS_TO_DISK ||
	       conn->attachment == SYS_TO_BLK_VM;
}

static void dump_partition(const struct sys_partition *part, FILE *out)
{
	if (*part->name)
		fprintf(out, " partition \"%s\"", part->name);
	else if (part->number != 0)
		fprintf(out, " partition %u", part->number);
}

/* --- what takes a restart ----------------------------------------------- */

void dump_disk(const struct sys_component *c, FILE *out)
{
	const struct sys_disk *d = &c->disk;

	if (d->source == SYS_DISK_FILE)
		fprintf(out, " \"%s\"", d->path);
	dump_partition(&d->partition, out);
	if (d->source == SYS_DISK_FILE)
		fprintf(out, " bytes %" PRIu64 " from %" PRIu64, d->size,
			d->first);
	if (d->read_only)
		fputs(" read-only", out);
	if (d->sparse)
		fputs(" sparse", out);
	if (d->make)
		fputs(" made if missing", out);
	if (d->socket.mode == SYS_SOCKET_LISTEN)
		fprintf(out, " vhost-user \"%s\"", d->socket.path);
	else
		fprintf(out, " of vm %s", d->socket.path);
	dump_access(&d->socket.access, out);
}

static void virt_facts(const struct sys_component *c, FILE *out)
{
	const struct sys_blk_virt *v = &c->blk_virt;

	dump_fact(out, "disk", c->name, "", "%s", "");
	dump_fact(out, "disk", c->name, "unanswered requests", "%s",
		  v->retry ? "retry" : "error");
	for (uint32_t i = 0; i < v->n_clients; i++) {
		fprintf(out, "disk %s\tdisk %s\tof\n", c->name,
			v->client[i].name);
	}
}

void disk_facts(const struct sys_component *c, FILE *out)
{
	if (c->kind == SYS_BLK_VIRT) {
		virt_facts(c, out);
		return;
	}
	fprintf(out, "disk %s\t\t%s", c->name,
		c->disk.source == SYS_DISK_FILE ? "file" : "queue");
	dump_disk(c, out);
	fputc('\n', out);
}

/* --- components --------------------------------------------------------- */

static void dump_wire(const struct sys_blk_wire *w, FILE *out)
{
	fprintf(out, " request %u response %u", w->request, w->response);
	if (w->data != SYS_NONE)
		fprintf(out, " data %u", w->data);
	fprintf(out, " of %" PRIu64 " info %u link %u channel %u capacity %u\n",
		w->data_size, w->info, w->link, w->channel, w->capacity);
}

static void dump_virt(const struct sys_blk_virt *v, FILE *out)
{
	fprintf(out, " stats %u channel %u table %u at %" PRIu64 " driver",
		v->stats, v->ctl_channel, v->table, v->table_window);
	dump_wire(&v->driver, out);
	for (uint32_t i = 0; i < v->n_clients; i++) {
		const struct sys_blk_client *client = &v->client[i];

		fprintf(out, "    client %u %s", i, client->name);
		dump_partition(&client->partition, out);
		fprintf(out, "%s at %" PRIu64,
			client->read_only ? " read-only" : "", client->window);
		dump_wire(&client->wire, out);
	}
}

void dump_disk_comp(const struct sys_component *c, FILE *out)
{
	if (c->kind == SYS_BLK_VIRT) {
		dump_virt(&c->blk_virt, out);
		return;
	}
	fprintf(out, " stats %u", c->disk.stats);
	if (c->disk.source == SYS_DISK_QUEUE)
		dump_wire(&c->disk.blk, out);
	else
		fputc('\n', out);
}

void dump_storage(const struct sys_vm *vm, FILE *out)
{
	if (vm->n_blk_data == 0)
		return;
	fputs(" storage", out);
	dump_wire(&vm->blk, out);
	fputs("    window", out);
	for (uint32_t i = 0; i < vm->n_blk_data; i++)
		fprintf(out, " %u", vm->blk_data[i]);
}

void dump_blk_half(const struct sys_blk_half *half, FILE *out)
{
	fprintf(out, " request %u response %u info %u", half->request,
		half->response, half->info);
	if (half->data != SYS_NONE)
		fprintf(out, " data %u", half->data);
}
