/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page that never comes.
 *
 * Whoever touches it sleeps until the process that made it ends, the kernel
 * included while it copies from or to user memory: with whatever lock it holds
 * at that moment.  An ordinary user gets such a page from a file of a file
 * system of his own (FUSE) that does not answer; here it is made by
 * userfaultfd(), which needs no mount.  Root makes it, and may become another
 * user afterwards.
 */
#ifndef WEIR_TESTS_UNIT_NEVER_H
#define WEIR_TESTS_UNIT_NEVER_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEVER_SIZE 4096u

/* Return: the page, or NULL with errno set if this kernel gives us none. */
static inline void *never_page(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	void *page;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) != 0)
		return NULL;
	page = mmap(NULL, NEVER_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	area.range.start = (__u64)(uintptr_t)page;
	area.range.len = NEVER_SIZE;
	/* The descriptor stays open: the page is to stay missing. */
	return ioctl(fd, UFFDIO_REGISTER, &area) == 0 ? page : NULL;
}

#endif
