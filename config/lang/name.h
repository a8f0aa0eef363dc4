/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tree of a topology is made of: names, options, lists.
 */
#ifndef WEIR_CONFIG_NAME_H
#define WEIR_CONFIG_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/lang/report.h"

/* A name, string or number in the text. */
struct name {
	struct name *next; /* in lists */
	const char *text;  /* NULL: not readable, and reported as such */
	struct pos pos;
	const char *macro; /* what stands there is "$" and this, or NULL */
};

struct names {
	struct name *first;
	struct name *last;
	size_t n;
};

/* Something that may be said once. */
struct option {
	bool set;
	bool off; /* said to be off */
	struct pos pos;
	uint64_t value; /* 0 where there is none, or it was wrong */
	uint64_t burst; /* of a rate: as many at once; 0: not said */
	struct pos burst_pos;
	struct name arg; /* likewise, as text: NULL */
};

/* Walks a list of anything that has `next`. */
#define for_each(item, list)                                                   \
	for ((item) = (list); (item); (item) = (item)->next)

/* Puts something that has `next` at the end of a list. */
#define topo_append(list, item)                                                \
	do {                                                                   \
		__typeof__(list) *topo_tail = &(list);                         \
		while (*topo_tail)                                             \
			topo_tail = &(*topo_tail)->next;                       \
		*topo_tail = (item);                                           \
	} while (0)

/* A name for a message: "?" if it could not be read. */
const char *name_shown(const struct name *name);
/* Puts a name at the end of a list. */
void names_add(struct names *names, struct name *name);

#endif
