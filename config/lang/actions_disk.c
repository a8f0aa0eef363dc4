/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the statements of a disk do, and those of a vm about its disks.
 */
#include "config/lang/actions.h"

#include <string.h>
#include <sys/un.h>

#include "config/lang/value.h"

#define UNIX_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

void on_disk(struct parser *p, struct args *a)
{
	struct topo_disk *disk = arena_alloc(p->arena, sizeof(*disk));

	disk->name = new_name(p, a, "disk", &p->t->broken);
	disk->pos = a->v[0]->pos;
	if (!refuse_runtime(p, a->v[0]->pos))
		topo_append(p->t->disks, disk);
	p->in.self = disk;
	p->in.broken = &disk->broken;
}

void on_disk_file(struct parser *p, struct args *a)
{
	struct topo_disk *disk = p->in.self;

	disk->said = a->v[0]->text;
	a->o->arg = value_file(p->t, a->v[0]);
}

void on_disk_socket(struct parser *p, struct args *a)
{
	if (value_path(p->t, a->v[0], UNIX_PATH_MAX, "a Unix socket"))
		a->o->arg = *a->v[0];
}

/* --- partitions --------------------------------------------------------- */

static void take_partition(struct parser *p, const struct name *n,
			   enum partition_by by, struct option *o)
{
	static const struct measure number = { "a partition", "by number", 1,
					       1024, NULL };

	if (by == BY_NUMBER)
		value_number(p->t, n, &number, &o->value);
	else if (!*n->text || strlen(n->text) >= SYS_PARTITION)
		wrong(p, n->pos,
		      "the name of a partition has 1 to %d bytes, and this one "
		      "%zu; 'lsblk -o NAME,PARTLABEL' shows names",
		      SYS_PARTITION - 1, strlen(n->text));
	else
		o->arg = *n;
}

void on_partition(struct parser *p, struct args *a)
{
	take_partition(p, a->v[0], a->form->n, a->o);
}

/* --- disks of a vm ------------------------------------------------------ */

static struct topo_use *add_use(struct parser *p, const struct args *a)
{
	struct topo_use *use = arena_alloc(p->arena, sizeof(*use));

	use->vm = p->in.self;
	use->pos = a->v[0]->pos;
	use->read_only = strcmp(a->last.text, "read-only") == 0;
	topo_append(p->t->uses, use);
	return use;
}

static struct topo_disk *own_disk(struct parser *p, struct topo_use *use)
{
	struct topo_disk *disk = arena_alloc(p->arena, sizeof(*disk));

	disk->pos = use->pos;
	use->disk = disk;
	return disk;
}

static struct option said(const struct name *arg)
{
	return (struct option){ .set = true, .pos = arg->pos, .arg = *arg };
}

void on_vm_file(struct parser *p, struct args *a)
{
	struct topo_disk *disk = own_disk(p, add_use(p, a));

	disk->said = a->v[0]->text;
	disk->file = said(a->v[0]);
	disk->file.arg = value_file(p->t, a->v[0]);
	disk->broken = !disk->file.arg.text;
}

void on_vm_disk(struct parser *p, struct args *a)
{
	add_use(p, a)->ref = *a->v[0];
}

void on_vm_partition(struct parser *p, struct args *a)
{
	struct topo_disk *disk = own_disk(p, add_use(p, a));

	disk->of = said(a->v[0]);
	disk->partition = said(a->v[1]);
	disk->partition.arg.text = NULL;
	take_partition(p, a->v[1], a->form->n, &disk->partition);
}
