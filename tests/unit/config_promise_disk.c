/* SPDX-License-Identifier: BSD-2-Clause */
/* Disks: see config_promise.h. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/blk_ring.h"
#include "tests/unit/config_promise.h"
#include "virt/blk_virt.h"

static const struct sys_component *only(const struct system *sys, uint32_t pd)
{
	assert_true(pd < sys->n_pds);
	assert_int_equal(sys->pd[pd].n_comps, 1);
	return &sys->pd[pd].comp[0];
}

/* A wire names the connection's regions and its end. */
static void check_wire(const struct system *sys, const struct sys_conn *c,
		       const struct sys_blk_wire *w, uint32_t end)
{
	uint32_t pd = c->pd[end];

	promise_slot(sys, pd, w->request, c->blk.request);
	promise_slot(sys, pd, w->response, c->blk.response);
	promise_slot(sys, pd, w->info, c->blk.info);
	promise_slot(sys, pd, w->link, c->link);
	assert_int_equal(w->capacity, c->capacity);
	assert_true(w->channel < sys->pd[pd].n_chans);
	assert_int_equal(sys->pd[pd].chan[w->channel].channel, c->channel);
	assert_int_equal(sys->pd[pd].chan[w->channel].end, end);
}

static void check_conn(const struct system *sys, const struct sys_conn *c)
{
	promise_region(sys, c->blk.request, c->name, "request",
		       blk_request_region_size(c->capacity));
	promise_region(sys, c->blk.response, c->name, "response",
		       blk_response_region_size(c->capacity));
	promise_region(sys, c->blk.info, c->name, "info", 4096);
	promise_region(sys, c->link, c->name, "link", 4096);
	assert_int_equal(only(sys, c->pd[0])->kind, SYS_BLK_VIRT);
	assert_int_equal(sys->channel[c->channel].end[1].pd, c->pd[1]);
	assert_int_equal(c->ingress.active, SYS_NONE);
	assert_int_equal(c->egress.active, SYS_NONE);
}

/* The window begins with the table; behind it are the clients, in order. */
static void check_virt(const struct system *sys, const struct sys_conn *c)
{
	const struct sys_blk_virt *v = &only(sys, c->pd[0])->blk_virt;
	const struct sys_vm *vm = &only(sys, c->pd[1])->vm;
	const struct sys_map *map = sys->pd[c->pd[1]].map;
	uint64_t at = 4096;

	check_conn(sys, c);
	check_wire(sys, c, &v->driver, 0);
	check_wire(sys, c, &vm->blk, 1);
	assert_int_equal(only(sys, c->pd[1])->kind, SYS_VM);
	assert_int_equal(strlen(vm->storage), strlen("0000:00:04.0"));
	assert_int_equal(vm->n_blk_data, v->n_clients + 1);
	assert_int_equal(v->table_window, 0);
	promise_slot(sys, c->pd[0], v->table, map[vm->blk_data[0]].region);
	for (uint32_t i = 0; i < v->n_clients; i++) {
		const uint32_t data = map[vm->blk_data[i + 1]].region;

		assert_int_equal(v->client[i].window, at);
		assert_int_equal(v->client[i].wire.data_size,
				 sys->region[data].size);
		at += sys->region[data].size;
	}
	assert_int_equal(v->driver.data_size, at);
	assert_int_equal(vm->blk.data_size, at);
	assert_true(v->driver.capacity >= v->n_clients);
}

static const struct sys_blk_client *client_of(const struct sys_blk_virt *v,
					      const char *name)
{
	for (uint32_t i = 0; i < v->n_clients; i++)
		if (strcmp(v->client[i].name, name) == 0)
			return &v->client[i];
	fail_msg("%s is nobody's client", name);
	return NULL;
}

static void check_client(const struct system *sys, const struct sys_conn *c)
{
	const struct sys_component *disk = only(sys, c->pd[1]);
	const struct sys_blk_client *client =
		client_of(&only(sys, c->pd[0])->blk_virt, c->name);

	check_conn(sys, c);
	assert_string_equal(disk->name, c->name);
	assert_int_equal(disk->kind, SYS_DISK);
	assert_int_equal(disk->disk.source, SYS_DISK_QUEUE);
	assert_int_equal(disk->disk.read_only, client->read_only);
	check_wire(sys, c, &client->wire, 0);
	check_wire(sys, c, &disk->disk.blk, 1);
	promise_slot(sys, c->pd[1], disk->disk.blk.data, c->blk.data);
	assert_int_equal(client->wire.data, SYS_NONE);
	assert_true(c->driver < sys->n_conns);
	assert_int_equal(sys->conn[c->driver].attachment, SYS_TO_BLK_VM);
	assert_int_equal(sys->conn[c->driver].pd[0], c->pd[0]);
}

/* A disk in a file lies in whole sectors, wherever. */
static void check_disk(const struct sys_component *c)
{
	const struct sys_disk *d = &c->disk;

	assert_true(d->socket.mode == SYS_SOCKET_LISTEN ||
		    d->socket.mode == SYS_SOCKET_GIVEN);
	if (d->source == SYS_DISK_QUEUE) {
		assert_int_equal(d->path[0], '\0');
		return;
	}
	assert_int_equal(d->path[0], '/');
	assert_true(d->size > 0);
	assert_int_equal(d->first % SYS_SECTOR, 0);
	assert_int_equal(d->size % SYS_SECTOR, 0);
	assert_int_equal(d->blk.request, SYS_NONE);
	assert_int_equal(d->blk.channel, SYS_NONE);
}

static void check_vm(const struct system *sys, const struct sys_component *c)
{
	for (uint32_t i = 0; i < c->vm.n_disks; i++) {
		const struct sys_component *disk = only(sys, c->vm.disk[i].pd);

		assert_int_equal(disk->kind, SYS_DISK);
		assert_int_equal(disk->disk.socket.mode, SYS_SOCKET_GIVEN);
		assert_string_equal(disk->disk.socket.path, c->name);
		assert_int_equal(disk->disk.read_only, c->vm.disk[i].read_only);
	}
}

void promise_disks(const struct system *sys)
{
	for (size_t i = 0; i < sys->n_conns; i++) {
		if (sys->conn[i].attachment == SYS_TO_BLK_VM)
			check_virt(sys, &sys->conn[i]);
		else if (sys->conn[i].attachment == SYS_TO_DISK)
			check_client(sys, &sys->conn[i]);
		else
			assert_int_equal(sys->conn[i].blk.request, SYS_NONE);
	}
	for (size_t i = 0; i < sys->n_pds; i++) {
		const struct sys_component *c = &sys->pd[i].comp[0];

		if (c->kind == SYS_DISK)
			check_disk(c);
		else if (c->kind == SYS_CLIENT_VM)
			check_vm(sys, c);
	}
}
