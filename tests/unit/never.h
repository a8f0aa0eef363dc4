/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page that never comes.
 *
 * Whoever touches it sleeps until the process that made it ends, the kernel
 * included while it copies from or to user memory: with whatever lock it holds
 * at that moment.  Root makes one by userfaultfd(); an ordinary user gets one
 * from a file of a file system of its own (FUSE) that does not answer.  The
 * maker leads a process group, which is to be killed as a whole: whoever waits
 * for a file system is freed only by its end.  Root may become another user
 * once it has the page.
 */
#ifndef WEIR_TESTS_UNIT_NEVER_H
#define WEIR_TESTS_UNIT_NEVER_H

#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEVER_SIZE 4096u
#define NEVER_MISSING                                                          \
	"neither /dev/fuse nor userfaultfd() is open to this user\n"

/* never_page - by what there is. Return: the page, or NULL if there is none. */
void *never_page(void);

/* never_page_of_fuse - one that a server of our process group does not send. */
void *never_page_of_fuse(void);

#endif
