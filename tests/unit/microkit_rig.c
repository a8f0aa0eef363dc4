/* SPDX-License-Identifier: BSD-2-Clause */
/* See microkit_rig.h. */
#include "tests/unit/microkit_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/config_rig.h"

struct mk_seen mk_seen;

/* An attribute of a line; "" if it has none. */
static void attribute(const char *line, const char *key, char *value,
		      size_t size)
{
	char start[40];
	const char *at;
	size_t n;

	snprintf(start, sizeof(start), " %s=\"", key);
	at = strstr(line, start);
	value[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(start);
	n = strcspn(at, "\"");
	assert_true(n < size);
	memcpy(value, at, n);
	value[n] = '\0';
}

static uint64_t number(const char *line, const char *key)
{
	char text[32];

	attribute(line, key, text, sizeof(text));
	return strtoull(text, NULL, 0);
}

static void read_map(const char *line, struct mk_seen_pd *pd)
{
	struct mk_seen_map *m = &pd->map[pd->maps++];
	char perms[8];

	attribute(line, "mr", m->region, sizeof(m->region));
	attribute(line, "perms", perms, sizeof(perms));
	attribute(line, "setvar_vaddr", m->setvar, sizeof(m->setvar));
	m->vaddr = number(line, "vaddr");
	m->writable = strcmp(perms, "rw") == 0;
	assert_true(m->writable || strcmp(perms, "r") == 0);
}

/* Lines of a PD that is in another come after those of that one. */
static void read_line(const char *line)
{
	static unsigned int ends;
	struct mk_seen_pd *pd =
		&mk_seen.pd[mk_seen.pds > 0 ? mk_seen.pds - 1 : 0];

	if (strstr(line, "<memory_region")) {
		struct mk_seen_region *r = &mk_seen.region[mk_seen.regions++];

		attribute(line, "name", r->name, sizeof(r->name));
		attribute(line, "prefill_path", r->prefill, sizeof(r->prefill));
		r->size = number(line, "size");
		r->page = number(line, "page_size");
	} else if (strstr(line, "<protection_domain")) {
		pd = &mk_seen.pd[mk_seen.pds++];
		attribute(line, "name", pd->name, sizeof(pd->name));
		pd->id = (int)number(line, "id");
		pd->priority = (int)number(line, "priority");
	} else if (strstr(line, "<program_image")) {
		attribute(line, "path", pd->program, sizeof(pd->program));
	} else if (strstr(line, "<map")) {
		read_map(line, pd);
	} else if (strstr(line, "<channel>")) {
		ends = 0;
		mk_seen.channels++;
	} else if (strstr(line, "<end")) {
		attribute(line, "pd",
			  mk_seen.channel[mk_seen.channels - 1].pd[ends], 64);
		mk_seen.channel[mk_seen.channels - 1].id[ends++] =
			(int)number(line, "id");
	}
}

void mk_read_system(const char *path)
{
	char *text = rig_read(path, NULL), *next;

	assert_non_null(text);
	memset(&mk_seen, 0, sizeof(mk_seen));
	for (char *line = strtok_r(text, "\n", &next); line != NULL;
	     line = strtok_r(NULL, "\n", &next))
		read_line(line);
	free(text);
}

struct mk_seen_pd *mk_pd_of(const char *name)
{
	for (size_t i = 0; i < mk_seen.pds; i++)
		if (strcmp(mk_seen.pd[i].name, name) == 0)
			return &mk_seen.pd[i];
	fail_msg("no PD %s", name);
	return NULL;
}

const struct mk_seen_region *mk_region_of(const char *name)
{
	for (size_t i = 0; i < mk_seen.regions; i++)
		if (strcmp(mk_seen.region[i].name, name) == 0)
			return &mk_seen.region[i];
	fail_msg("no region %s", name);
	return NULL;
}

/* A configuration, to be released with free(). */
void *mk_blob_of(const char *name, enum mk_kind kind)
{
	char path[80];
	struct mk_head *head;
	size_t size;

	snprintf(path, sizeof(path), "out/%s.config", name);
	head = (void *)rig_read(path, &size);
	assert_non_null(head);
	assert_true(head->magic == MK_MAGIC);
	assert_int_equal(head->version, MK_VERSION);
	assert_int_equal(head->kind, kind);
	assert_true(head->size <= size);
	assert_int_equal(size % 4096, 0);
	return head;
}

/* @addr is where a PD has a region, and how it may use it. */
void mk_is_map(const char *pd, uint64_t addr, const char *region, bool writable)
{
	const struct mk_seen_pd *d = mk_pd_of(pd);

	for (size_t i = 0; i < d->maps; i++) {
		if (d->map[i].vaddr != addr)
			continue;
		assert_string_equal(d->map[i].region, region);
		assert_int_equal(d->map[i].writable, writable);
		return;
	}
	fail_msg("%s has nothing at %#llx, where %s should be", pd,
		 (unsigned long long)addr, region);
}

/* The PD at the other end of a channel. */
const char *mk_far_end(const char *pd, uint32_t id)
{
	for (size_t i = 0; i < mk_seen.channels; i++)
		for (unsigned int k = 0; k < 2; k++)
			if (strcmp(mk_seen.channel[i].pd[k], pd) == 0 &&
			    mk_seen.channel[i].id[k] == (int)id)
				return mk_seen.channel[i].pd[!k];
	fail_msg("%s has no channel %u", pd, id);
	return NULL;
}
