/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot record, as the PD reads it.
 *
 * Only the monitor can start us with a sealed record, so its content is
 * trusted.  But a program may have been built from other sources than the
 * monitor; the record's layout is then another one.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/boot.h"

static bool whole(const struct boot_record *r, size_t size)
{
	return size >= sizeof(*r) && r->magic == BOOT_MAGIC &&
	       r->comp_size == sizeof(struct boot_comp) && r->size == size &&
	       boot_size(r->n_comps, r->n_chans, r->n_maps) <= size;
}

const struct boot_record *boot_read(void)
{
	int seals = fcntl(BOOT_FD, F_GET_SEALS);
	size_t size, done = 0;
	struct stat st;
	char *p;

	if (seals < 0 || (seals & BOOT_SEALS) != BOOT_SEALS ||
	    fstat(BOOT_FD, &st) != 0 || st.st_size <= 0) {
		errno = ENOENT;
		return NULL;
	}
	size = (size_t)st.st_size;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	while (done < size) {
		ssize_t n = pread(BOOT_FD, p + done, size - done, (off_t)done);

		if (n <= 0)
			return NULL;
		done += (size_t)n;
	}
	close(BOOT_FD);
	if (mprotect(p, size, PROT_READ) != 0)
		return NULL;
	if (!whole((const struct boot_record *)p, size)) {
		errno = EPROTO;
		return NULL;
	}
	return (const struct boot_record *)p;
}
