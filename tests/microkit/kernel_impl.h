/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel, inside: kernel.c builds systems, kernel_run.c runs them. */
#ifndef WEIR_TESTS_MICROKIT_KERNEL_IMPL_H
#define WEIR_TESTS_MICROKIT_KERNEL_IMPL_H

#include <sys/types.h>

#include "tests/microkit/kernel.h"

#define REGIONS 512
#define MAPS 1024
#define CHANNELS 62
#define CONSOLE (1 << 20)

enum state { READY, RECEIVING, CALLING, FAULTED, ENDED };

struct region {
	char name[128];
	size_t size;
	int fd;
	void *base;
};

struct map {
	int pd;
	int region;
	struct setup_map map;
};

struct end {
	int pd; /* the other one */
	unsigned int id;
	bool call;
};

/**
 * struct pd - one
 * @next:    READY: what it is told
 * @message: CALLING: what it has called with
 * @callee, @callee_id: CALLING: whom, on which of its channels
 * @served:  CALLING: the callee has taken the call
 * @client:  who waits for our reply
 * @told:    FAULTED: the parent knows
 * @turn:    when it last ran
 */
struct pd {
	char name[64];
	char *program;
	int priority;
	int parent;
	unsigned int id;
	pid_t pid;
	int socket;
	enum state state;
	bool stopped;
	bool told;
	bool served;
	struct message next;
	struct message message;
	int callee;
	unsigned int callee_id;
	int client;
	uint64_t pending;
	uint64_t turn;
	unsigned int restarts;
	struct end end[CHANNELS];
	void (*answer)(void *arg, unsigned int channel, struct message *m);
	void *arg;
};

struct kernel {
	struct pd pd[KERNEL_PDS];
	int n_pds;
	struct region region[REGIONS];
	int n_regions;
	struct map map[MAPS];
	int n_maps;
	uint64_t *clock;
	int clock_fd;
	uint64_t turns;
	bool echo;
	size_t printed;
	char console[CONSOLE];
};

/* Ends the test if not @ok, with errno. */
void kernel_check(bool ok, const char *what);

/* To a PD's process; one that has ended is found when it is heard. */
void kernel_put(int socket, const void *data, size_t n);

#endif
