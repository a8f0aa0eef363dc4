/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/microkit/system.h"

#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 8
#define PRIORITIES 255

/* A PD whose program is not known yet. */
struct reader {
	struct kernel *k;
	XML_Parser parser;
	char folder[512];
	const char *programs;
	int pd[DEPTH]; /* the innermost PDs */
	int depth;
	int n_names;
	char name[KERNEL_PDS][64];
	/* of the channel being read */
	int ends;
	int end_pd[2];
	unsigned int end_id[2];
	bool end_calls[2];
};

__attribute__((noreturn, format(printf, 2, 3))) static void
wrong(const struct reader *r, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "system: line %lu: ",
		(unsigned long)XML_GetCurrentLineNumber(r->parser));
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

static const char *optional(const char **attr, const char *name)
{
	for (; *attr != NULL; attr += 2)
		if (strcmp(attr[0], name) == 0)
			return attr[1];
	return NULL;
}

static const char *needed(const struct reader *r, const char **attr,
			  const char *name)
{
	const char *value = optional(attr, name);

	if (value == NULL)
		wrong(r, "no %s", name);
	return value;
}

static unsigned long long number(const struct reader *r, const char **attr,
				 const char *name, unsigned long long below)
{
	char *end;
	unsigned long long n = strtoull(needed(r, attr, name), &end, 0);

	if (*end != '\0' || n >= below)
		wrong(r, "%s is no number below %llu", name, below);
	return n;
}

/* --- regions ------------------------------------------------------------ */

static void prefill(const struct reader *r, int region, const char *file)
{
	size_t size = kernel_region_size(r->k, region);
	char path[1024], more;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", r->folder, file);
	f = fopen(path, "rb");
	if (f == NULL)
		wrong(r, "cannot open %s", path);
	if (fread(kernel_memory(r->k, region), 1, size, f) == 0)
		wrong(r, "%s is empty", path);
	if (fread(&more, 1, 1, f) != 0)
		wrong(r, "%s does not fit its region", path);
	fclose(f);
}

static void region(struct reader *r, const char **attr)
{
	unsigned long long size = number(r, attr, "size", 1ull << 32);
	const char *page = optional(attr, "page_size");
	const char *file = optional(attr, "prefill_path");
	unsigned long long unit = page != NULL ? strtoull(page, NULL, 0) : 4096;
	int n;

	if (unit != 4096 && unit != 0x200000)
		wrong(r, "there are pages of 0x1000 and 0x200000 bytes");
	if (size == 0 || size % unit != 0)
		wrong(r, "a region of 0x%llx bytes", size);
	if (kernel_find_region(r->k, needed(r, attr, "name")) != KERNEL_NONE)
		wrong(r, "two regions of one name");
	n = kernel_region(r->k, needed(r, attr, "name"), size);
	if (file != NULL)
		prefill(r, n, file);
}

/* --- PDs ---------------------------------------------------------------- */

static int find_pd(const struct reader *r, const char *name)
{
	for (int i = 0; i < r->n_names; i++)
		if (strcmp(r->name[i], name) == 0)
			return i;
	return KERNEL_NONE;
}

static void begin_pd(struct reader *r, const char **attr)
{
	const char *name = needed(r, attr, "name");
	int pd;

	if (strlen(name) >= sizeof(r->name[0]))
		wrong(r, "the name %s is too long", name);
	if (find_pd(r, name) != KERNEL_NONE)
		wrong(r, "two protection domains %s", name);
	if (r->depth == DEPTH)
		wrong(r, "too deep");
	pd = kernel_pd(r->k, name, (int)number(r, attr, "priority", PRIORITIES),
		       "?");
	strcpy(r->name[r->n_names++], name);
	if (r->depth > 0)
		kernel_parent(r->k, pd, r->pd[r->depth - 1],
			      (unsigned int)number(r, attr, "id", 62));
	r->pd[r->depth++] = pd;
}

static int in_pd(const struct reader *r)
{
	if (r->depth == 0)
		wrong(r, "outside of a protection domain");
	return r->pd[r->depth - 1];
}

static void program(const struct reader *r, const char **attr)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", r->programs,
		 needed(r, attr, "path"));
	kernel_program(r->k, in_pd(r), path);
}

static void map(const struct reader *r, const char **attr)
{
	int mr = kernel_find_region(r->k, needed(r, attr, "mr"));
	const char *perms = needed(r, attr, "perms");

	if (mr == KERNEL_NONE)
		wrong(r, "no region %s", needed(r, attr, "mr"));
	if (strcmp(perms, "r") != 0 && strcmp(perms, "rw") != 0)
		wrong(r, "permissions %s", perms);
	kernel_map(r->k, in_pd(r), mr, number(r, attr, "vaddr", 1ull << 38),
		   strcmp(perms, "rw") == 0, optional(attr, "setvar_vaddr"));
}

/* --- channels ----------------------------------------------------------- */

static void end_of_channel(struct reader *r, const char **attr)
{
	const char *pp = optional(attr, "pp");
	int i = r->ends++;

	if (i >= 2)
		wrong(r, "a channel has two ends");
	r->end_pd[i] = find_pd(r, needed(r, attr, "pd"));
	if (r->end_pd[i] == KERNEL_NONE)
		wrong(r, "no protection domain %s", needed(r, attr, "pd"));
	r->end_id[i] = (unsigned int)number(r, attr, "id", 62);
	r->end_calls[i] = pp != NULL && strcmp(pp, "true") == 0;
}

static void make_channel(struct reader *r)
{
	int a = r->end_calls[1] ? 1 : 0;

	if (r->ends != 2 || r->end_pd[0] == r->end_pd[1])
		wrong(r, "a channel has two ends, in two domains");
	if (r->end_calls[0] && r->end_calls[1])
		wrong(r, "both ends call");
	kernel_channel(r->k, r->end_pd[a], r->end_id[a], r->end_pd[1 - a],
		       r->end_id[1 - a], r->end_calls[a]);
}

/* --- the file ----------------------------------------------------------- */

static void begin(void *arg, const char *name, const char **attr)
{
	struct reader *r = arg;

	if (strcmp(name, "memory_region") == 0)
		region(r, attr);
	else if (strcmp(name, "protection_domain") == 0)
		begin_pd(r, attr);
	else if (strcmp(name, "program_image") == 0)
		program(r, attr);
	else if (strcmp(name, "map") == 0)
		map(r, attr);
	else if (strcmp(name, "channel") == 0)
		r->ends = 0;
	else if (strcmp(name, "end") == 0)
		end_of_channel(r, attr);
	else if (strcmp(name, "system") != 0)
		wrong(r, "<%s> is not known here", name);
}

static void end(void *arg, const char *name)
{
	struct reader *r = arg;

	if (strcmp(name, "protection_domain") == 0)
		r->depth--;
	else if (strcmp(name, "channel") == 0)
		make_channel(r);
}

void system_load(struct kernel *k, const char *path, const char *programs)
{
	struct reader r = { .k = k, .programs = programs };
	char text[1 << 16], *slash;
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL) {
		fprintf(stderr, "system: cannot open %s\n", path);
		abort();
	}
	snprintf(r.folder, sizeof(r.folder), "%s", path);
	slash = strrchr(r.folder, '/');
	if (slash != NULL)
		*slash = '\0';
	r.parser = XML_ParserCreate(NULL);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, begin, end);
	do {
		n = fread(text, 1, sizeof(text), f);
		if (!XML_Parse(r.parser, text, (int)n, n < sizeof(text)))
			wrong(&r, "%s",
			      XML_ErrorString(XML_GetErrorCode(r.parser)));
	} while (n == sizeof(text));
	XML_ParserFree(r.parser);
	fclose(f);
}
