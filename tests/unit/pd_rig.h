/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system of real PD processes for tests, made by hand.
 *
 * The test brings the table of components its PDs have, and its main() is
 * pds_main().
 *
 * Every wait is bounded by PDS_TIMEOUT_MS, which nothing correct ever reaches.
 */
#ifndef WEIR_TESTS_UNIT_PD_RIG_H
#define WEIR_TESTS_UNIT_PD_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/linux/pd/sandbox.h"
#include "vmm/linux/monitor/spawn.h"
#include "vmm/linux/pd/main.h"

#define PDS_TIMEOUT_MS 30000
#define PDS_MAX 2u
#define PDS_COMPS 2u
#define PDS_NOBODY 65534u

/* Where the checker is open, so that any user can read it. */
#define PDS_CHECK_FD 99

/**
 * struct pds - a system, its backing and its processes
 * @made: @b is there
 * @runs: by PD: it was started and has not been waited for
 * @pending: by PD: bytes of its log that belong to later lines
 */
struct pds {
	struct system sys;
	struct sys_pd pd[PDS_MAX];
	struct backing b;
	struct pd_fds fds[PDS_MAX][PDS_COMPS];
	struct pd_process proc[PDS_MAX];
	bool made;
	bool runs[PDS_MAX];
	char pending[PDS_MAX][4096];
	size_t n_pending[PDS_MAX];
};

/* --- making a system ---------------------------------------------------- */

uint32_t pds_region(struct pds *r, const char *name, uint64_t size);

/* Returns the slot. */
uint32_t pds_map(struct pds *r, uint32_t pd, uint32_t region, uint32_t perms);

/* Returns the id of that end. */
uint32_t pds_end(struct pds *r, uint32_t channel, uint32_t end, uint32_t pd);

uint32_t pds_channel(struct pds *r, const char *name);
struct sys_component *pds_comp(struct pds *r, uint32_t pd, enum sys_kind kind,
			       const char *name);
void pds_init(struct pds *r);
void pds_back(struct pds *r);

/* --- processes ---------------------------------------------------------- */

bool pds_readable(int fd);

/* The next line of a PD's log; "" at its end. */
const char *pds_line(struct pds *r, uint32_t pd);

void pds_spawn(struct pds *r, uint32_t pd);

/* Start a PD that is to be well. */
void pds_start(struct pds *r, uint32_t pd);

/* Wait for the end of a PD: how it ended, as waitpid() says it. */
int pds_wait(struct pds *r, uint32_t pd);

void pds_free(struct pds *r);

/*
 * Ring one end of a channel between PDs, as the PD at its other end does.
 */
void ring_end(const struct backing *b, uint32_t channel, unsigned int end);

/* --- looking at one ----------------------------------------------------- */

/* A file of /proc/PID, cut at 4095 bytes. */
const char *pds_proc(pid_t pid, const char *file);

/* Wait until a process sleeps in epoll_wait(), and say with what timeout. */
int pds_sleeps(pid_t pid);

/* Hold a PD against what its system says it may have: 0 if all is well. */
int pds_check(struct pds *r, uint32_t pd);

/* --- the program -------------------------------------------------------- */

/* As whom the tests run: as started, as nobody, as nobody's own root. */
#define PDS_CANNOT_BECOME 101

enum pds_identity { PDS_AS_IS, PDS_AS_NOBODY, PDS_AS_NOBODYS_ROOT, PDS_AS };
int pds_main(int argc, char **argv, const struct CMUnitTest *tests, size_t n);

#endif
