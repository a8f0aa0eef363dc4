/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a system's regions and channels are made of on Linux.
 *
 * Regions.  A memfd whose size is sealed: whoever holds a descriptor can
 * neither truncate it under somebody's mapping (that would be a SIGBUS in the
 * switch, sent by a client) nor grow it.  F_SEAL_SEAL is set as well; otherwise
 * a peer could add F_SEAL_WRITE, and a restarted switch could not map its own
 * queues.
 *
 * Read-only descriptors.  They are opened again with O_RDONLY. A mapping of a
 * descriptor opened for writing may become writable (VM_MAYWRITE); one
 * mprotect() would be enough.  What this protects against:
 *
 *  - a PD has no way back: its descriptors are closed once they are mapped, it
 *    has no /proc, and neither open() nor mprotect() pass its filter;
 *  - a process from outside that attaches has /proc/self/fd, where opening the
 *    descriptor again asks for permission on the inode.  The inode belongs to
 *    the monitor's user, mode 0600: another user is refused, the same user (and
 *    root) is not.  The user who runs the monitor could trace it anyway.  An
 *    attach client that must not write its receive region or link page must run
 *    as another user.
 *
 * F_SEAL_FUTURE_WRITE would close that gap, but cannot be used: a restarted PD
 * maps its regions for writing again.
 *
 * Channels.  An eventfd for each end, which that end waits on.  The waiting end
 * never reads it: epoll reports each write to an edge-triggered waiter, so a
 * notification costs one system call instead of two.  The monitor neither reads
 * nor writes them; it sends orders over control sockets (vmm/linux/order.h).
 *
 * Towards a process outside the sandbox it is a socket pair.  An eventfd would
 * be an open file that both sides share: the client clears O_NONBLOCK, fills
 * the counter, and the next write() of the switch blocks for ever.  A pipe is
 * no better: read() holds the pipe's lock while it copies to the reader's
 * memory, and if that is a page that never comes (userfaultfd, a file of the
 * client's own file system) every write() waits for the lock, whatever its
 * flags say.  The two ends of a socket pair are two open files, and a sender
 * takes no lock that a receiver holds while it copies.
 *
 * In the other direction it is an eventfd: the switch waits for it and never
 * reads it, so a client cannot block the switch with it, and the monitor does
 * not touch it at all.
 *
 * Renewal.  Descriptors and mappings cannot be revoked.  So each client gets
 * new memory, a new eventfd and a new socket pair, and nobody reads what its
 * predecessor still has mapped.  The monitor also makes no call on files that a
 * client can hold locked: a client's write() to a region from a page that never
 * comes holds the inode's lock, and an fallocate() to clear that region would
 * wait for it in a state that not even SIGKILL ends.
 */
#include "vmm/linux/monitor/backing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/fds.h"

/* Linux 6.3; older headers and kernels do not have it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define REGION_SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/*
 * Raise the soft limit of descriptors to the hard one.  Only when there are too
 * few: programs we start inherit the limit.
 */
static bool raise_nofile(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur >= limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

bool backing_more_fds(int error)
{
	return error == EMFILE && raise_nofile();
}

int backing_fd_error(struct error *err, const char *what, const char *name)
{
	int error = errno;
	struct rlimit limit = { 0 };

	if (error == EMFILE) {
		getrlimit(RLIMIT_NOFILE, &limit);
		return error_set(err,
				 "%s %s: this system needs more than the %llu "
				 "descriptors a process may have; raise the "
				 "hard limit (ulimit -Hn, or LimitNOFILE= in a "
				 "systemd unit)",
				 what, name,
				 (unsigned long long)limit.rlim_max);
	}
	if (error == EFBIG) {
		getrlimit(RLIMIT_FSIZE, &limit);
		return error_set(err,
				 "%s %s: it is larger than the %llu bytes a "
				 "file of this process may have; raise that "
				 "limit (ulimit -f unlimited, or LimitFSIZE= "
				 "in a systemd unit)",
				 what, name,
				 (unsigned long long)limit.rlim_cur);
	}
	if (error == ENFILE)
		return error_set(err,
				 "%s %s: the machine has no descriptors left; "
				 "raise the sysctl fs.file-max",
				 what, name);
	if (error == ENOMEM || error == ENOSPC)
		return error_set(err,
				 "%s %s: not enough memory; use fewer or "
				 "smaller buffers in the topology",
				 what, name);
	return error_set(err, "%s %s: %s", what, name, strerror(error));
}

static int memfd_try(const char *name)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd;
}

int backing_memfd(const char *name)
{
	int fd = memfd_try(name);

	if (fd < 0 && backing_more_fds(errno))
		fd = memfd_try(name);
	return fd;
}

int backing_sealed(const char *name, size_t size)
{
	int fd = backing_memfd(name);
	int error;

	if (fd < 0)
		return -1;
	if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
	    ftruncate(fd, (off_t)size) == 0 &&
	    fcntl(fd, F_ADD_SEALS, REGION_SEALS) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int region_new(const struct sys_region *region)
{
	char name[SYS_NAME + sizeof("weir:")];

	snprintf(name, sizeof(name), "weir:%s", region->name);
	return backing_sealed(name, region->size);
}

int backing_pair(int fd[2], int type)
{
	type |= SOCK_CLOEXEC;
	if (socketpair(AF_UNIX, type, 0, fd) == 0 ||
	    (backing_more_fds(errno) && socketpair(AF_UNIX, type, 0, fd) == 0))
		return 0;
	fd[0] = fd[1] = -1;
	return -1;
}

static int eventfd_new(unsigned int value)
{
	int fd = eventfd(value, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0 && backing_more_fds(errno))
		fd = eventfd(value, EFD_NONBLOCK | EFD_CLOEXEC);
	return fd;
}

/* Make what one end waits on and what wakes it. */
static int end_new(struct backing_channel *ch, unsigned int end, bool outside)
{
	int fd[2];

	if (!outside) {
		/* Readable, so that the waiter looks once at its start. */
		ch->wait[end] = eventfd_new(1);
		ch->ring[end] = ch->wait[end];
		return ch->wait[end] < 0 ? -1 : 0;
	}
	if (backing_pair(fd, SOCK_STREAM | SOCK_NONBLOCK) != 0)
		return -1;
	ch->wait[end] = fd[0];
	ch->ring[end] = fd[1];
	return 0;
}

static void channel_close(struct backing_channel *ch)
{
	for (unsigned int end = 0; end < 2; end++) {
		if (ch->ring[end] != ch->wait[end])
			fds_close(&ch->ring[end], 1);
		fds_close(&ch->wait[end], 1);
	}
}

static int channel_new(struct backing_channel *ch,
		       const struct sys_channel *channel)
{
	*ch = (struct backing_channel){ { -1, -1 }, { -1, -1 } };
	for (unsigned int end = 0; end < 2; end++)
		if (end_new(ch, end, channel->end[end].pd == SYS_PD_OUTSIDE) !=
		    0)
			return -1;
	return 0;
}

/* Allocate, with every descriptor -1, so that destroy always works. */
static int tables_new(struct backing *b, const struct system *sys)
{
	b->sys = sys;
	b->region = calloc(sys->n_regions + 1, sizeof(*b->region));
	b->channel = calloc(sys->n_channels + 1, sizeof(*b->channel));
	if (b->region == NULL || b->channel == NULL)
		return -1;
	for (size_t i = 0; i < sys->n_regions; i++)
		b->region[i] = -1;
	for (size_t i = 0; i < sys->n_channels; i++)
		b->channel[i] =
			(struct backing_channel){ { -1, -1 }, { -1, -1 } };
	return 0;
}

static int fill(struct backing *b, struct error *err)
{
	const struct system *sys = b->sys;

	for (size_t i = 0; i < sys->n_regions; i++) {
		b->region[i] = region_new(&sys->region[i]);
		if (b->region[i] < 0)
			return backing_fd_error(err, "memory region",
						sys->region[i].name);
	}
	for (size_t i = 0; i < sys->n_channels; i++)
		if (channel_new(&b->channel[i], &sys->channel[i]) != 0)
			return backing_fd_error(err, "channel",
						sys->channel[i].name);
	return 0;
}

int backing_create(struct backing *b, const struct system *sys,
		   struct error *err)
{
	*b = (struct backing){ 0 };
	if (tables_new(b, sys) != 0)
		error_set(err, "not enough memory for %zu regions",
			  sys->n_regions);
	else if (fill(b, err) == 0)
		return 0;
	backing_destroy(b);
	return -1;
}

void backing_destroy(struct backing *b)
{
	if (b->sys == NULL)
		return;
	if (b->region != NULL)
		fds_close(b->region, (unsigned int)b->sys->n_regions);
	for (size_t i = 0; b->channel != NULL && i < b->sys->n_channels; i++)
		channel_close(&b->channel[i]);
	free(b->region);
	free(b->channel);
	*b = (struct backing){ 0 };
}

void *backing_map(const struct backing *b, uint32_t region, uint32_t perms)
{
	void *p = mmap(NULL, b->sys->region[region].size,
		       perms == SYS_R ? PROT_READ : PROT_READ | PROT_WRITE,
		       MAP_SHARED, b->region[region], 0);

	return p == MAP_FAILED ? NULL : p;
}

void backing_unmap(const struct backing *b, uint32_t region,
		   const volatile void *at)
{
	if (at != NULL)
		munmap((void *)(uintptr_t)at, b->sys->region[region].size);
}

int backing_watch(const struct backing *b, uint32_t channel, uint32_t end,
		  struct loop *loop, struct loop_source *s, uint32_t events,
		  void (*ready)(struct monitor *m, struct loop_source *s,
				uint32_t events))
{
	int fd = fcntl(b->channel[channel].wait[end], F_DUPFD_CLOEXEC, 0);

	return fd < 0 ? -1 : loop_add(loop, s, fd, events, ready);
}

int backing_zero(const struct backing *b, uint32_t region)
{
	/* The pages are given back and come back zero; the size stays. */
	if (fallocate(b->region[region],
		      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      (off_t)b->sys->region[region].size) != 0)
		return -errno;
	return 0;
}

int backing_dup(const struct backing *b, uint32_t region, uint32_t perms)
{
	char path[32];
	int fd;

	if (perms != SYS_R)
		return fcntl(b->region[region], F_DUPFD_CLOEXEC, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", b->region[region]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && backing_more_fds(errno))
		fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd;
}

/* --- renewal ------------------------------------------------------------- */

/* Return: 0, or -1 with errno set and none of @fd open. */
static int regions_new(const struct system *sys, const uint32_t *region,
		       int *fd)
{
	for (unsigned int i = 0; i < BACKING_RENEWED; i++) {
		int error;

		fd[i] = region_new(&sys->region[region[i]]);
		if (fd[i] >= 0)
			continue;
		error = errno;
		fds_close(fd, i);
		errno = error;
		return -1;
	}
	return 0;
}

void backing_renewed(const struct sys_conn *conn, uint32_t *region)
{
	const struct sys_half *half[] = { &conn->ingress, &conn->egress };

	for (unsigned int i = 0; i < 2; i++) {
		*region++ = half[i]->active;
		*region++ = half[i]->free;
		*region++ = half[i]->data;
	}
}

int backing_renew(struct backing *b, const struct sys_conn *conn)
{
	uint32_t region[BACKING_RENEWED];
	int fd[BACKING_RENEWED], error;
	struct backing_channel ch;

	backing_renewed(conn, region);
	if (regions_new(b->sys, region, fd) != 0)
		return -errno;
	if (channel_new(&ch, &b->sys->channel[conn->channel]) != 0) {
		error = errno;
		channel_close(&ch);
		fds_close(fd, BACKING_RENEWED);
		return -error;
	}
	for (unsigned int i = 0; i < BACKING_RENEWED; i++) {
		close(b->region[region[i]]);
		b->region[region[i]] = fd[i];
	}
	channel_close(&b->channel[conn->channel]);
	b->channel[conn->channel] = ch;
	return 0;
}

int backing_fresh(struct backing *b, uint32_t region)
{
	int fd = region_new(&b->sys->region[region]);

	if (fd < 0)
		return -errno;
	close(b->region[region]);
	b->region[region] = fd;
	return 0;
}

void backing_ring_outside(const struct backing *b, uint32_t channel)
{
	const struct sys_end *end = b->sys->channel[channel].end;
	unsigned int outside = end[0].pd == SYS_PD_OUTSIDE ? 0 : 1;

	/* A full socket has notifications pending already. */
	(void)!send(b->channel[channel].ring[outside], "", 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
}
