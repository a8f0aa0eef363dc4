/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that disks are in: see disk_files.h. */
#include "config/check/disk_files.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "config/check/disk_look.h"
#include "config/check/helpers.h"
#include "config/lang/file.h"
#include "virt/blk_table.h"

static bool in_file(const struct topo_use *use)
{
	const struct topo_disk *whole = use->disk ? use->disk->whole : NULL;

	return whole && whole->file.arg.text && !whole->broken &&
	       !use->disk->broken;
}

static const char *path_of(const struct topo_use *use)
{
	return use->disk->whole->file.arg.text;
}

static const char *partition_shown(struct topology *t,
				   const struct option *part)
{
	return part->arg.text ? arena_printf(t->arena, "\"%s\"", part->arg.text)
			      : arena_printf(t->arena, "%" PRIu64, part->value);
}

/* --- what may be wrong with a file -------------------------------------- */

/* It cannot be opened; why, and what to do. */
static void refuse_file(struct topology *t, const struct topo_disk *whole,
			const struct disk_look *l)
{
	const struct pos at = whole->file.arg.pos;
	const char *file = whole->said;
	const bool rights = l->error == EACCES || l->error == EPERM ||
			    l->error == EROFS;

	if (!l->done)
		wrong(t, at,
		      "\"%s\" was not looked at within %g s, the limit for all "
		      "disks together; is it on a server that is away?",
		      file, disk_look_limit_ms / 1000.0);
	else if (l->error == EMEDIUMTYPE)
		wrong(t, at,
		      "\"%s\" is %s, not a disk; name a file or a block "
		      "device",
		      file, file_kind(l->mode));
	else if (l->error == ENOENT)
		wrong(t, at,
		      "there is no file \"%s\"; make it ('truncate -s 1G "
		      "FILE'), or have it made: %s",
		      file,
		      whole->name.text
			      ? "size 1g"
			      : "disk NAME { file \"FILE\"; size 1g }");
	else
		wrong(t, at, "cannot open \"%s\" for reading%s: %s%s%s", file,
		      l->writes ? " and writing" : "", strerror(l->error),
		      rights ? "; run weir as a user who may" : "",
		      rights && l->writes ? ", or say read-only" : "");
}

static void check_size(struct topology *t, const struct topo_disk *whole,
		       const struct disk_look *l)
{
	const struct pos at = whole->file.arg.pos;

	if (whole->size.set && l->size != whole->size.value)
		wrong(t, whole->size.pos,
		      "\"%s\" is there, and has %" PRIu64 " bytes rather than "
		      "%" PRIu64 "; take the size out, or change the file "
		      "('truncate -s SIZE FILE')",
		      whole->said, l->size, whole->size.value);
	else if (l->size == 0)
		wrong(t, at,
		      "\"%s\" is empty; make it as large as the disk "
		      "('truncate -s 1G FILE')",
		      whole->said);
	else if (l->size % SYS_SECTOR != 0)
		wrong(t, at,
		      "\"%s\" has %" PRIu64 " bytes, not a multiple of %u; "
		      "make it larger ('truncate -s %%%u FILE')",
		      whole->said, l->size, SYS_SECTOR, SYS_SECTOR);
}

/* Reported once, however many use it. */
static void found(struct topology *t, struct topo_use *use,
		  const struct disk_look *l)
{
	const struct option *part = &use->disk->partition;
	struct topo_disk *whole = use->disk->whole;
	const unsigned int errors = t->report->errors;

	if (whole->broken)
		return;
	if (l->done && l->error == ENOENT && whole->size.set) {
		use->size = whole->size.value;
		return;
	}
	if (!l->done || l->error != 0)
		refuse_file(t, whole, l);
	else
		check_size(t, whole, l);
	whole->broken = t->report->errors != errors;
	if (whole->broken)
		return;
	if (l->why != BLK_PART_OK)
		wrong(t, part->pos,
		      "partition %s of \"%s\" cannot be used: %s; 'fdisk -l "
		      "FILE' shows the table",
		      partition_shown(t, part), whole->said,
		      blk_part_reason_text(l->why));
	use->dev = l->dev;
	use->ino = l->ino;
	use->first = part->set ? l->first : 0;
	use->size = part->set ? l->length : l->size;
}

static void ask(struct disk_look *l, const struct topo_use *use)
{
	const struct option *part = &use->disk->partition;

	snprintf(l->path, sizeof(l->path), "%s", path_of(use));
	snprintf(l->part.name, sizeof(l->part.name), "%s",
		 part->arg.text ? part->arg.text : "");
	l->part.number = (uint32_t)part->value;
	l->writes = !use->read_only;
}

static void look_at(struct topology *t)
{
	struct disk_look *look;
	struct topo_use *use;
	unsigned int n = 0;

	/* What is wrong with one takes others out of question. */
	for_each(use, t->uses) {
		use->looked = in_file(use);
		n += use->looked;
	}
	if (n == 0)
		return;
	look = helpers_share(n * sizeof(*look));
	n = 0;
	for_each(use, t->uses) {
		if (use->looked)
			ask(&look[n++], use);
	}
	disk_look_all(look, n);
	n = 0;
	for_each(use, t->uses) {
		if (use->looked)
			found(t, use, &look[n++]);
	}
	helpers_unshare(look, n * sizeof(*look));
}

/* --- what the base has -------------------------------------------------- */

static void take_base(struct topology *t, const struct sys_component *c)
{
	struct topo_use *use;

	for_each(use, t->uses) {
		if (strcmp(topo_use_name(t, use), c->name) != 0)
			continue;
		use->first = c->disk.first;
		use->size = c->disk.size;
	}
}

static void note_base(struct topology *t)
{
	for (size_t i = 0; i < t->base->n_pds; i++) {
		if (t->base->pd[i].comp[0].kind == SYS_DISK)
			take_base(t, &t->base->pd[i].comp[0]);
	}
}

/* --- who has the same bytes --------------------------------------------- */

/* All of it, or the same part as far as one can tell without the table. */
static bool same_part(const struct option *a, const struct option *b)
{
	if (!a->set || !b->set)
		return true;
	if (a->arg.text && b->arg.text)
		return strcmp(a->arg.text, b->arg.text) == 0;
	return a->value != 0 && a->value == b->value;
}

static bool same_file(const struct topo_use *a, const struct topo_use *b)
{
	return strcmp(path_of(a), path_of(b)) == 0 ||
	       (a->ino != 0 && a->ino == b->ino && a->dev == b->dev);
}

static bool overlap(const struct topo_use *a, const struct topo_use *b)
{
	if (!a->disk || !b->disk || !a->disk->whole || !b->disk->whole)
		return false;
	if (in_file(a) && in_file(b))
		return same_file(a, b) && a->first < b->first + b->size &&
		       b->first < a->first + a->size;
	return a->disk->whole == b->disk->whole && a->disk->whole->driver.set &&
	       same_part(&a->disk->partition, &b->disk->partition);
}

static const char *user_shown(struct topology *t, const struct topo_use *use)
{
	return use->vm ? arena_printf(t->arena, "vm %s", shown(use->vm))
		       : disk_called(t, use->disk);
}

static void check_shared(struct topology *t, const struct topo_use *use)
{
	const struct topo_use *other;

	for (other = t->uses; other != use; other = other->next) {
		if (!overlap(other, use) ||
		    (other->read_only && use->read_only))
			continue;
		wrong(t, use->pos,
		      "%s and %s (%s) would share bytes of this disk, and one "
		      "of them may write; make both read-only, or give each "
		      "its own",
		      user_shown(t, use), user_shown(t, other),
		      place(t, use->pos, other->pos));
		return;
	}
}

void disk_files(struct topology *t)
{
	const struct topo_use *use;

	if (t->base)
		note_base(t);
	else
		look_at(t);
	for_each(use, t->uses)
		check_shared(t, use);
}
