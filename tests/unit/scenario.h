/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios: what a switch does with frames, as text.  The files are in
 * tests/scenarios; README.md there describes their language.
 */
#ifndef WEIR_TESTS_SCENARIO_H
#define WEIR_TESTS_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/rig.h"

#define SCENARIO_NAME 16u
#define SCENARIO_LINE 256u

/* --- reading (scenario_read.c) ------------------------------------------ */

/**
 * struct scenario - one of them
 * @file:   where it stands
 * @title:  what it shows
 * @first:  number of its first line in the file
 * @n:      how many lines it has
 * @lines:  without comments and blanks around them
 * @ipv6:   it is run for IPv6
 */
struct scenario {
	const char *file;
	char *title;
	unsigned int first;
	unsigned int n;
	char **lines;
	bool ipv6;
};

/**
 * scenarios_read - all scenarios of all files of the current folder
 * @n: out
 *
 * One that is for both families is there twice.
 */
struct scenario *scenarios_read(size_t *n);
void scenarios_free(struct scenario *s, size_t n);

/**
 * struct words - a line in words
 * @at: the next one
 */
struct words {
	char text[SCENARIO_LINE];
	char *word[64];
	unsigned int n;
	unsigned int at;
};

/* A failure names the line it happened on. */
void scenario_at(const struct scenario *s, unsigned int line);
void scenario_fail(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Commas separate words as blanks do. */
void words_split(struct words *w, const char *line);
/* The next word, which must be there. */
const char *words_next(struct words *w);
/* Whether the next word is this one, which is then taken. */
bool words_is(struct words *w, const char *word);
bool words_left(const struct words *w);
uint64_t words_number(struct words *w);
/* "5s", "100ms": in nanoseconds. */
uint64_t words_time(struct words *w);
/* "7": a station; "*": broadcast; "01:00:5e:00:00:01". */
uint64_t words_mac(struct words *w);

/* --- frames (scenario_frame.c) ------------------------------------------ */

/**
 * struct scenario_frame - a frame that is to be sent
 * @src, @dst: Ethernet addresses
 * @last:      if higher than @dst, the same for each address up to this
 */
struct scenario_frame {
	uint8_t bytes[2048];
	uint16_t len;
	uint64_t src, dst, last;
};

/* Read "SRC > DST ..." up to "->". */
void scenario_frame(struct words *w, bool ipv6, struct scenario_frame *f);

/* Write the addresses into the frame. */
void scenario_addresses(struct scenario_frame *f);

/* What a frame must look like where it has another tag: 0 is none. */
uint16_t scenario_retag(uint8_t *to, const struct scenario_frame *f,
			unsigned int vlan);

/* --- the switch (scenario_topology.c) ----------------------------------- */

/**
 * struct run - a scenario that is being run
 * @port:     by number
 * @rules:    allow and deny, as written
 * @settings: of the switch
 * @stale:    something was declared that the switch has not been told
 * @stepped:  a step was done since the last rule: the next begins another set
 * @stalled:  ports that take nothing
 * @before:   counters before the step
 */
struct run {
	const struct scenario *s;
	struct {
		char name[SCENARIO_NAME];
		char options[SCENARIO_LINE];
	} port[MAX_PORTS];
	unsigned int n_ports;
	char rules[4096];
	char settings[SCENARIO_LINE];
	bool stale;
	bool stepped;
	struct rig *rig;
	uint64_t stalled;
	struct vswitch_stats before;
};

/* A port's number, or -1. */
int scenario_find_port(const struct run *run, const char *name);
/* The port the next word names. */
unsigned int scenario_port(const struct run *run, struct words *w);
/* Return: false if the line declares nothing. */
bool scenario_declare(struct run *run, const char *line);
/* Tell the switch what was declared. */
void scenario_settle(struct run *run);

#endif
