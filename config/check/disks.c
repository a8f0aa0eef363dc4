/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks: each is in one thing, has the options that go with it, and somebody
 * uses it.
 */
#include "config/check/check.h"

#include <string.h>

#include "config/check/disk_files.h"

const char *disk_called(struct topology *t, const struct topo_disk *disk)
{
	const char *name = disk->name.text;

	if (name)
		return arena_printf(t->arena, "disk %s", name);
	return disk->said ? arena_printf(t->arena, "disk \"%s\"", disk->said)
			  : "this disk";
}

/* --- what it is in ------------------------------------------------------ */

static void check_source(struct topology *t, struct topo_disk *disk)
{
	const struct option *in[] = { &disk->file, &disk->driver, &disk->of };
	const struct option *first = NULL;

	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		if (in[i]->set && first) {
			wrong(t, in[i]->pos,
			      "%s has a source already, in %s; take one of the "
			      "two out",
			      disk_called(t, disk),
			      place(t, in[i]->pos, first->pos));
			disk->broken = true;
		}
		first = in[i]->set ? in[i] : first;
	}
	if (first || disk->broken)
		return;
	wrong(t, disk->pos,
	      "%s has no source; write file \"FILE\", driver-vm VM, or of DISK "
	      "with a partition",
	      disk_called(t, disk));
	disk->broken = true;
}

static void check_options(struct topology *t, struct topo_disk *d)
{
	const bool base = !d->of.set;
	const struct {
		const struct option *o;
		bool fits;
		const char *name;
		const char *why;
	} option[] = {
		{ &d->size, d->file.set && !d->partition.set, "size",
		  "is for a file that is made, without partitions" },
		{ &d->size, !d->read_only.set, "size",
		  "is for a file that is made, and this one is never written" },
		{ &d->sparse, d->file.set, "sparse", "is for disks in files" },
		{ &d->retry, d->driver.set, "retry",
		  "is for disks behind a driver VM" },
		{ &d->error, d->driver.set, "error",
		  "is for disks behind a driver VM" },
		{ &d->partition, !d->driver.set, "partition",
		  "belongs in another disk: disk NAME { of DISK; partition 1 }" },
		{ &d->mode, d->socket.set, "mode",
		  "says who may connect to the vhost-user path of a disk, and this "
		  "one has none" },
		{ &d->owner, d->socket.set, "owner",
		  "says who may connect to the vhost-user path of a disk, and this "
		  "one has none" },
		{ &d->group, d->socket.set, "group",
		  "says who may connect to the vhost-user path of a disk, and this "
		  "one has none" },
	};
	const struct pos *told = NULL;

	for (size_t i = 0; i < sizeof(option) / sizeof(option[0]); i++) {
		const struct pos *at = &option[i].o->pos;

		if (!option[i].o->set || option[i].fits || told == at)
			continue;
		wrong(t, *at, "\"%s\" %s; take it out", option[i].name,
		      option[i].why);
		told = at;
	}
	if (d->retry.set && d->error.set)
		wrong(t, d->error.pos,
		      "\"retry\" and \"error\" exclude each other; the first is "
		      "in %s: take one of the two out",
		      place(t, d->error.pos, d->retry.pos));
	if (!base && !d->partition.set && !d->broken) {
		wrong(t, d->of.pos,
		      "%s does not name its partition; write partition "
		      "NUMBER, or partition \"NAME\"",
		      disk_called(t, d));
		d->broken = true;
	}
}

/* A partition's disk is what is driven, or in a file. */
static void find_whole(struct topology *t, struct topo_disk *disk)
{
	struct topo_disk *whole;

	if (!disk->of.set) {
		disk->whole = disk;
		return;
	}
	whole = thing_of(resolve(t, A_DISK, NULL, &disk->of.arg), A_DISK);
	if (!whole)
		return;
	whole->used = true;
	if (whole->of.set || whole->partition.set)
		wrong(t, disk->of.arg.pos,
		      "disk %s is itself a partition; name the disk that it is "
		      "part of",
		      shown(whole));
	else
		disk->whole = whole;
}

static void find_driver(struct topology *t, struct topo_disk *disk)
{
	const struct name *ref = &disk->driver.arg;
	struct topo_vm *vm;

	if (!disk->driver.set)
		return;
	vm = thing_of(resolve(t, A_VM, NULL, ref), A_VM);
	disk->vm = vm;
	if (vm && vm->drives)
		wrong(t, ref->pos,
		      "vm %s drives disk %s already, in %s; write a second vm, "
		      "with storage of its own",
		      ref->text, shown(vm->drives),
		      place(t, ref->pos, vm->drives->driver.pos));
	else if (vm)
		vm->drives = disk;
}

static void check_disk(struct topology *t, struct topo_disk *disk)
{
	check_source(t, disk);
	check_options(t, disk);
	find_whole(t, disk);
	find_driver(t, disk);
}

/* --- who uses it -------------------------------------------------------- */

static void add_socket(struct topology *t, struct topo_disk *disk)
{
	struct topo_use *use = arena_alloc(t->arena, sizeof(*use));

	use->pos = disk->socket.pos;
	use->disk = disk;
	topo_append(t->uses, use);
}

static void take_use(struct topology *t, struct topo_use *use)
{
	const struct topo_disk *whole;
	struct topo_disk *disk = use->disk;

	if (!disk) {
		disk = thing_of(resolve(t, A_DISK, NULL, &use->ref), A_DISK);
		use->disk = disk;
	} else if (use->vm) {
		check_disk(t, disk);
	}
	if (use->vm)
		use->number = use->vm->n_disks++;
	if (use->vm && use->number == SYS_VM_DISKS)
		wrong(t, use->pos,
		      "vm %s has %d disks already, and cannot have more: take "
		      "this one out",
		      shown(use->vm), SYS_VM_DISKS);
	whole = disk ? disk->whole : NULL;
	if (disk)
		disk->used = true;
	use->read_only |= (disk && disk->read_only.set) ||
			  (whole && whole->read_only.set);
}

/* Could the vm that uses a disk be among what was not understood? */
static bool may_be_used(const struct topology *t)
{
	const struct topo_disk *disk;
	const struct topo_use *use;
	const struct topo_vm *vm;
	bool may = t->broken;

	for_each(disk, t->disks)
		may |= disk->broken || (disk->of.set && !disk->whole);
	for_each(vm, t->vms)
		may |= vm->broken;
	for_each(use, t->uses)
		may |= !use->disk;
	return may;
}

static void check_used(struct topology *t, const struct topo_disk *disk)
{
	const char *name = disk->name.text;

	if (!disk->used && find_thing(t, A_DISK, NULL, name) == disk &&
	    !may_be_used(t))
		wrong(t, disk->pos,
		      "nothing uses disk %s; write disk %s in a vm, vhost-user "
		      "\"PATH\" in the disk, or take it out",
		      name, name);
}

/* A virtualiser has so many clients. */
static void check_clients(struct topology *t, const struct topo_disk *disk)
{
	const struct topo_use *use;
	unsigned int n = 0;

	for_each(use, disk->driver.set ? t->uses : NULL) {
		if (use->disk && use->disk->whole == disk &&
		    n++ == SYS_BLK_CLIENTS)
			wrong(t, use->pos,
			      "disk %s has %d users already, and cannot have "
			      "more: take this one out",
			      shown(disk), SYS_BLK_CLIENTS);
	}
}

/* --- paths -------------------------------------------------------------- */

static void check_path(struct topology *t, const struct topo_disk *disk)
{
	const struct name *path = &disk->socket.arg;
	const struct topo_disk *other;
	const struct topo_port *port;

	if (!path->text)
		return;
	for_each_port(port, t) {
		if (port->target.text && topo_kinds[port->kind].own &&
		    strcmp(port->target.text, path->text) == 0)
			wrong(t, path->pos,
			      "path \"%s\" is used already, by port %s in %s; "
			      "each needs its own",
			      path->text, topo_port_name(t, port),
			      place(t, path->pos, port->target.pos));
	}
	for (other = t->disks; other != disk; other = other->next) {
		if (other->socket.arg.text &&
		    strcmp(other->socket.arg.text, path->text) == 0)
			wrong(t, path->pos,
			      "path \"%s\" is used already, by disk %s in %s; "
			      "each needs its own",
			      path->text, shown(other),
			      place(t, path->pos, other->socket.arg.pos));
	}
}

void check_disks(struct topology *t)
{
	struct topo_disk *disk;
	struct topo_use *use;

	for_each(disk, t->disks) {
		check_disk(t, disk);
		check_path(t, disk);
	}
	for_each(disk, t->disks) {
		if (disk->socket.set)
			add_socket(t, disk);
	}
	for_each(use, t->uses)
		take_use(t, use);
	for_each(disk, t->disks) {
		check_used(t, disk);
		check_clients(t, disk);
	}
	disk_files(t);
}
