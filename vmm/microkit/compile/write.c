/* SPDX-License-Identifier: BSD-2-Clause */
/* The files: see compile.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "vmm/microkit/compile/compile.h"
#include "vmm/microkit/compile/plan.h"

/* An attribute; names of links have "<->" in them. */
static void attribute(FILE *f, const char *key, const char *value)
{
	fprintf(f, " %s=\"", key);
	for (; *value != '\0'; value++) {
		if (*value == '<')
			fputs("&lt;", f);
		else if (*value == '>')
			fputs("&gt;", f);
		else if (*value == '&')
			fputs("&amp;", f);
		else if (*value == '"')
			fputs("&quot;", f);
		else
			fputc(*value, f);
	}
	fputc('"', f);
}

/* --- NAME.system -------------------------------------------------------- */

static void write_region(FILE *f, const struct plan_region *r)
{
	fputs("\t<memory_region", f);
	attribute(f, "name", r->name);
	fprintf(f, " size=\"0x%llx\"", (unsigned long long)r->size);
	if (r->size % PLAN_LARGE_PAGE == 0)
		fprintf(f, " page_size=\"0x%llx\"", PLAN_LARGE_PAGE);
	if (r->prefill != NULL)
		attribute(f, "prefill_path", r->file);
	fputs(" />\n", f);
}

/* What is in a protection domain, but for other ones. */
static void write_body(FILE *f, const struct plan *p, const struct plan_pd *d,
		       const char *indent)
{
	fprintf(f, "%s<program_image", indent);
	attribute(f, "path", d->program);
	fputs(" />\n", f);
	for (size_t i = 0; i < d->n_maps; i++) {
		const struct plan_map *m = &d->map[i];

		fprintf(f, "%s<map", indent);
		attribute(f, "mr", p->region[m->region].name);
		fprintf(f, " vaddr=\"0x%llx\" perms=\"%s\"",
			(unsigned long long)m->vaddr,
			m->perms == SYS_R ? "r" : "rw");
		if (m->setvar != NULL)
			attribute(f, "setvar_vaddr", m->setvar);
		fputs(" />\n", f);
	}
}

static void write_pds(FILE *f, const struct plan *p)
{
	const size_t monitor = plan_monitor(p);

	fprintf(f,
		"\t<protection_domain name=\"weir_monitor\" priority=\"%u\">\n",
		p->pd[monitor].priority);
	write_body(f, p, &p->pd[monitor], "\t\t");
	for (size_t i = 0; i < monitor; i++) {
		fputs("\t\t<protection_domain", f);
		attribute(f, "name", p->pd[i].name);
		fprintf(f, " id=\"%zu\" priority=\"%u\">\n", i,
			p->pd[i].priority);
		write_body(f, p, &p->pd[i], "\t\t\t");
		fputs("\t\t</protection_domain>\n", f);
	}
	fputs("\t</protection_domain>\n", f);
}

static void write_channels(FILE *f, const struct plan *p)
{
	for (size_t i = 0; i < p->n_channels; i++) {
		fputs("\t<channel>\n", f);
		for (unsigned int k = 0; k < 2; k++) {
			const struct plan_end *e = &p->channel[i].end[k];

			fputs("\t\t<end", f);
			attribute(f, "pd", p->pd[e->pd].name);
			fprintf(f, " id=\"%u\" />\n", e->id);
		}
		fputs("\t</channel>\n", f);
	}
}

static void write_system(FILE *f, const struct plan *p)
{
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<!-- Made by weir compile. -->\n"
	      "<system>\n",
	      f);
	for (size_t i = 0; i < p->n_regions; i++)
		write_region(f, &p->region[i]);
	write_pds(f, p);
	write_channels(f, p);
	fputs("</system>\n", f);
}

/* --- NAME.mk ------------------------------------------------------------ */

static bool is_first(const struct plan *p, size_t pd)
{
	for (size_t i = 0; i < pd; i++)
		if (strcmp(p->pd[i].program, p->pd[pd].program) == 0)
			return false;
	return true;
}

static void write_make(FILE *f, const struct plan *p)
{
	fprintf(f,
		"# Made by weir compile: what the image is made of.\n"
		"MICROKIT_SYSTEM := %s.system\nMICROKIT_PROGRAMS :=",
		p->sys->name);
	for (size_t i = 0; i < p->n_pds; i++)
		if (is_first(p, i))
			fprintf(f, " %s", p->pd[i].program);
	fputc('\n', f);
	plan_write_without(f, p);
	fputs("MICROKIT_DATA :=", f);
	for (size_t i = 0; i < p->n_regions; i++)
		if (p->region[i].prefill != NULL)
			fprintf(f, " %s", p->region[i].file);
	fputc('\n', f);
}

/* --- all of them -------------------------------------------------------- */

/* Return: 0, or -1 with the reason added to p->errors. */
static int finish(struct plan *p, FILE *f, const char *path)
{
	bool good = f != NULL && !ferror(f);

	if (f != NULL && fclose(f) != 0)
		good = false;
	if (good)
		return 0;
	plan_add(&p->errors, "cannot write %s: %s\n", path, strerror(errno));
	return -1;
}

static int write_text(struct plan *p, const char *dir, const char *suffix,
		      void (*write)(FILE *f, const struct plan *p))
{
	char path[2 * SYS_PATH];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, p->sys->name, suffix);
	f = fopen(path, "we");
	if (f != NULL)
		write(f, p);
	return finish(p, f, path);
}

static int write_data(struct plan *p, const char *dir)
{
	for (size_t i = 0; i < p->n_regions; i++) {
		const struct plan_region *r = &p->region[i];
		char path[2 * SYS_PATH];
		FILE *f;

		if (r->prefill == NULL)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, r->file);
		f = fopen(path, "we");
		if (f != NULL)
			fwrite(r->prefill, 1, r->size, f);
		if (finish(p, f, path) != 0)
			return -1;
	}
	return 0;
}

int microkit_compile(const struct system *sys, const char *dir, char **err)
{
	struct plan p = { 0 };
	int result = -1;

	*err = NULL;
	plan_make(&p, sys);
	if (p.errors.n == 0 && mkdir(dir, 0777) != 0 && errno != EEXIST)
		plan_add(&p.errors, "cannot make %s: %s\n", dir,
			 strerror(errno));
	if (p.errors.n == 0 && write_data(&p, dir) == 0 &&
	    write_text(&p, dir, "system", write_system) == 0 &&
	    write_text(&p, dir, "mk", write_make) == 0)
		result = 0;
	if (result != 0) {
		*err = p.errors.text;
		p.errors.text = NULL;
	}
	plan_free(&p);
	return result;
}
