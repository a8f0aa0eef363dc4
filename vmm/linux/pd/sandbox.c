/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locking a PD in: stages 2 to 5 (see spawn.c for all of them).
 *
 * Afterwards a PD has its regions, mapped with exactly its permissions;
 * descriptors of its channels, its log, its control socket and those its
 * components were given; the system calls that wait, notify, read the clock and
 * end the process, and those in its components' tables.  It cannot make memory
 * executable, map, open, connect, fork, send signals, or change a descriptor.
 *
 * A PD with attach ports may map fresh memory for each client over the old
 * (pd/order.c), in one form only: shared, at a fixed address, readable or
 * writable, from the start of a file.  It gains nothing by mapping its other
 * descriptors: sockets, eventfds, and files its components may use anyway.  A
 * vhost-user port may map what its peer sends, shared, at an address that the
 * kernel chooses, and unmap it.
 *
 * Threads that a component starts before the filter (a VM's processor is one)
 * have no privileges either, and the filter is put on all of them at once.
 *
 * Read-only regions are protected twice: the mapping is PROT_READ, and its
 * descriptor was opened with O_RDONLY, so the kernel would refuse to make it
 * writable even without the filter.
 *
 * Sanitizer builds.  The runtime of ASan and UBSan maps memory, and inspects
 * the process before it reports.  In such a build only, the filter also allows
 * calls that act on the process's own memory and threads, answers those that
 * would open something with ENOENT, and standard error leads to the log.
 */
#include "vmm/linux/pd/sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/linux/pd/loop.h"
#include "vmm/linux/order.h"

/* Descriptors a component may come to hold besides what it was given. */
#define SPARE_FDS_PER_COMPONENT 8u

/* Where the empty file system is mounted first; it exists everywhere. */
#define NEW_ROOT "/proc"

char **sandbox_environment(void)
{
	static char *empty[] = { NULL };
#if SANDBOX_SANITIZED
	static char *options[3];
	unsigned int n = 0;

	for (char **e = environ; *e != NULL && n < 2; e++)
		if (strncmp(*e, "ASAN_OPTIONS=", 13) == 0 ||
		    strncmp(*e, "UBSAN_OPTIONS=", 14) == 0)
			options[n++] = *e;
	return options;
#endif
	return empty;
}

/* --- stage 2: memory ---------------------------------------------------- */

/*
 * A region between two inaccessible pages: an access beyond its end faults
 * instead of reaching the next region.
 */
static void *map_region(const struct boot_map *m, int flags)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int prot = m->perms == SYS_R ? PROT_READ : PROT_READ | PROT_WRITE;
	char *p = mmap(NULL, m->size + 2 * page, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p = mmap(p + page, m->size, prot, MAP_SHARED | MAP_FIXED | flags, m->fd,
		 0);
	return p == MAP_FAILED ? NULL : p;
}

int sandbox_regions(const struct boot_record *r, struct sandbox_map *map,
		    struct error *err)
{
	const struct boot_map *m = boot_maps(r);
	/* A PD that polls for latency should not take page faults either. */
	int flags = r->poll_us != 0 ? MAP_POPULATE : 0;

	for (uint32_t i = 0; i < r->n_maps; i++) {
		map[i].size = m[i].size;
		map[i].base = map_region(&m[i], flags);
		if (map[i].base == NULL)
			return error_errno(err, "cannot map region %s",
					   m[i].name);
		close(m[i].fd);
	}
	return 0;
}

/* --- stage 3: file system ----------------------------------------------- */

int sandbox_root(struct error *err)
{
	const char *options = "mode=0555,nr_inodes=2,size=4k";

	/* Later mounts outside do not propagate into here. */
	if (mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) != 0)
		return error_errno(err, "cannot make mounts private");
	if (mount("weir", NEW_ROOT, "tmpfs",
		  MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, options) != 0)
		return error_errno(
			err, "cannot mount an empty file system (is something "
			     "restricting user namespaces, such as "
			     "AppArmor?)");
	if (chdir(NEW_ROOT) != 0)
		return error_errno(err, "cannot enter the empty file system");
	/*
	 * The old root is stacked on the new one, and is detached with all that
	 * is mounted below it.
	 */
	if (syscall(SYS_pivot_root, ".", ".") != 0)
		return error_errno(err, "cannot change the root");
	if (umount2(".", MNT_DETACH | UMOUNT_NOFOLLOW) != 0)
		return error_errno(err, "cannot let go of the old root");
	if (chdir("/") != 0)
		return error_errno(err, "cannot enter the new root");
	return 0;
}

/* --- stage 4: privileges ------------------------------------------------ */

/* What a PD's components need together. */
struct needs {
	bool threads;
	bool workers;
	bool locked;	  /* memory */
	bool ioctls;	  /* some, by number */
	bool watched;	  /* descriptors from outside */
	bool renewed;	  /* an attach port's memory */
	bool foreign;	  /* memory that a peer sends */
	unsigned int fds; /* besides those it starts with */
	uint64_t file;	  /* bytes of the longest file; 0: none */
};

static const struct component_ops *ops_of(const struct boot_record *r,
					  uint32_t comp)
{
	return component_kinds[boot_comps(r)[comp].cfg.kind];
}

/* The longest file a component may write; 0: none. */
static uint64_t file_size(const struct boot_record *r, uint32_t comp)
{
	const struct component_ops *ops = ops_of(r, comp);

	return ops->file_size == NULL
		       ? 0
		       : ops->file_size(&boot_comps(r)[comp].cfg);
}

static struct needs needs_of(const struct boot_record *r)
{
	struct needs n = { .fds = 1 /* epoll */ +
				  2 /* a pipe, while the filter is made */ };

	for (uint32_t i = 0; i < r->n_comps; i++) {
		const struct component_ops *ops = ops_of(r, i);
		uint64_t file = file_size(r, i);

		n.threads |= ops->threads;
		n.workers |= ops->workers;
		n.locked |= ops->locks_memory;
		n.foreign |= ops->foreign_memory;
		n.ioctls |= ops->ioctls != NULL;
		n.watched |= boot_comps(r)[i].n_fds > 0 || ops->given != NULL;
		n.fds += SPARE_FDS_PER_COMPONENT + ops->spare_fds;
		n.file = file > n.file ? file : n.file;
	}
	for (uint32_t i = 0; i < r->n_chans; i++)
		n.renewed |= boot_chans(r)[i].outside != 0;
	n.fds += n.renewed ? PD_RENEW_FDS : 0;
	return n;
}

static int limit(int what, rlim_t value)
{
	struct rlimit l = { .rlim_cur = value, .rlim_max = value };

	return setrlimit((unsigned int)what, &l);
}

/*
 * Eventfds and sockets are not files in this sense.  The caller's own limit
 * (`ulimit -f`) may be lower, and then holds.
 */
static int limit_files(rlim_t most)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_FSIZE, &l) != 0)
		return -1;
	return limit(RLIMIT_FSIZE, l.rlim_cur < most ? l.rlim_cur : most);
}

int sandbox_privileges(const struct boot_record *r, struct error *err)
{
	struct needs n = needs_of(r);

	/*
	 * Region descriptors are the last of the record and closed by now.
	 * With threads, stage 5 limits processes, after init().
	 */
	if (limit(RLIMIT_NOFILE, r->n_fds - r->n_maps + n.fds) != 0 ||
	    limit(RLIMIT_CORE, 0) != 0 || limit(RLIMIT_MSGQUEUE, 0) != 0 ||
	    (!n.threads && !n.workers && limit(RLIMIT_NPROC, 0) != 0) ||
	    (!n.locked && limit(RLIMIT_MEMLOCK, 0) != 0) ||
	    limit_files(n.file) != 0)
		return error_errno(err, "cannot set limits");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_errno(err, "cannot give up gaining privileges");
	/* Effective, permitted, inheritable, bounding and ambient. */
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_ALL) != 0)
		return error_errno(err, "cannot drop capabilities");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return error_errno(err, "cannot forbid tracing");
	/* Set again: a change of credentials clears it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return error_errno(err,
				   "cannot bind its life to the monitor's");
	return 0;
}

/* --- stage 5: system calls ---------------------------------------------- */

/* The loop's own. No handler is ever set, so rt_sigreturn is not among them. */
static const int loop_calls[] = { SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
				  SCMP_SYS(write),	SCMP_SYS(clock_gettime),
				  SCMP_SYS(exit_group), -1 };

/* pd_watch() and pd_replace_fd(), where there is something to watch. */
static const int watch_calls[] = { SCMP_SYS(epoll_ctl), SCMP_SYS(close), -1 };

/* What threads wait with, and how the C library begins and ends a start. */
static const int thread_calls[] = { SCMP_SYS(futex), SCMP_SYS(set_robust_list),
				    SCMP_SYS(rseq), SCMP_SYS(rt_sigprocmask),
				    -1 };

#if SANDBOX_SANITIZED
static const int runtime_calls[] = { SCMP_SYS(mmap),
				     SCMP_SYS(munmap),
				     SCMP_SYS(mprotect),
				     SCMP_SYS(madvise),
				     SCMP_SYS(mremap),
				     SCMP_SYS(brk),
				     SCMP_SYS(futex),
				     SCMP_SYS(getpid),
				     SCMP_SYS(gettid),
				     SCMP_SYS(getuid),
				     SCMP_SYS(geteuid),
				     SCMP_SYS(sched_yield),
				     SCMP_SYS(rt_sigaction),
				     SCMP_SYS(rt_sigprocmask),
				     SCMP_SYS(rt_sigreturn),
				     SCMP_SYS(sigaltstack),
				     SCMP_SYS(tgkill),
				     SCMP_SYS(getrlimit),
				     SCMP_SYS(prlimit64),
				     SCMP_SYS(read),
				     SCMP_SYS(close),
				     SCMP_SYS(prctl),
				     -1 };
static const int absent_calls[] = { SCMP_SYS(open),
				    SCMP_SYS(openat),
				    SCMP_SYS(readlink),
				    SCMP_SYS(readlinkat),
				    SCMP_SYS(stat),
				    SCMP_SYS(newfstatat),
				    SCMP_SYS(access),
				    SCMP_SYS(getcwd),
				    SCMP_SYS(pipe),
				    SCMP_SYS(pipe2),
				    SCMP_SYS(clone),
				    SCMP_SYS(socket),
				    -1 };
/* Where no component lists requests of its own. */
static const int absent_ioctl[] = { SCMP_SYS(ioctl), -1 };
#endif

/* A filter being made; after an error nothing is added any more. */
struct filter {
	scmp_filter_ctx ctx;
	int error;
};

/*
 * Calls this architecture does not have are negative.  A component may list a
 * call that the loop has already.
 */
static void add(struct filter *f, uint32_t action, int call, unsigned int n,
		const struct scmp_arg_cmp *arg)
{
	int e = 0;

	if (f->error == 0 && call >= 0)
		e = seccomp_rule_add_exact_array(f->ctx, action, call, n, arg);
	if (e != 0 && e != -EEXIST)
		f->error = e;
}

/* Allow a call with these arguments. */
#define ALLOW(f, call, ...)                                                    \
	do {                                                                   \
		const struct scmp_arg_cmp arg[] = { __VA_ARGS__ };             \
		add(f, SCMP_ACT_ALLOW, SCMP_SYS(call),                         \
		    sizeof(arg) / sizeof(arg[0]), arg);                        \
	} while (0)

static void add_calls(struct filter *f, uint32_t action, const int *call)
{
	for (; call != NULL && *call != -1; call++)
		add(f, action, *call, 0, NULL);
}

/* A component's own calls. */
static void add_component(struct filter *f, const struct boot_record *r,
			  uint32_t comp)
{
	const struct boot_comp *bc = &boot_comps(r)[comp];
	const struct component_ops *ops = ops_of(r, comp);
	const unsigned long *request = ops->ioctls;
	uint64_t most = file_size(r, comp);

	add_calls(f, SCMP_ACT_ALLOW, ops->syscalls);
	/* The kernel uses the lower 32 bits of a request only. */
	for (; request != NULL && *request != 0; request++)
		ALLOW(f, ioctl,
		      SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX,
			      (uint32_t)*request));
	/* Its own files may be cut, to no more than they may have. */
	for (uint32_t i = 0; i < bc->n_fds && most > 0; i++)
		ALLOW(f, ftruncate,
		      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)bc->fd[i], 0),
		      SCMP_A1(SCMP_CMP_LE, most, 0));
}

/* Memory that a peer sends: any place of a file, none of ours. */
static void add_foreign(struct filter *f)
{
	ALLOW(f, mmap, SCMP_A0(SCMP_CMP_EQ, 0, 0),
	      SCMP_A2(SCMP_CMP_EQ, PROT_READ | PROT_WRITE, 0),
	      SCMP_A3(SCMP_CMP_EQ, MAP_SHARED, 0));
	add(f, SCMP_ACT_ALLOW, SCMP_SYS(munmap), 0, NULL);
	ALLOW(f, recvmsg,
	      SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, PD_ORDER_FLAGS));
}

static void add_mapping(struct filter *f, unsigned int prot)
{
	ALLOW(f, mmap, SCMP_A2(SCMP_CMP_EQ, prot, 0),
	      SCMP_A3(SCMP_CMP_EQ, MAP_SHARED | MAP_FIXED, 0),
	      SCMP_A5(SCMP_CMP_EQ, 0, 0));
}

/* What a sanitizer's runtime needs. */
static void add_runtime(struct filter *f, bool ioctls)
{
#if SANDBOX_SANITIZED
	add_calls(f, SCMP_ACT_ALLOW, runtime_calls);
	add_calls(f, SCMP_ACT_ERRNO(ENOENT), absent_calls);
	if (!ioctls)
		add_calls(f, SCMP_ACT_ERRNO(ENOENT), absent_ioctl);
#else
	(void)f;
	(void)ioctls;
#endif
}

static int fill_filter(scmp_filter_ctx ctx, const struct boot_record *r)
{
	struct filter f = { .ctx = ctx };
	struct needs n = needs_of(r);

	add_calls(&f, SCMP_ACT_ALLOW, loop_calls);
	/* pd_obey(): one message on one descriptor, without waiting. */
	ALLOW(&f, recvmsg, SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, BOOT_CTL_FD),
	      SCMP_A2(SCMP_CMP_MASKED_EQ, UINT32_MAX, PD_ORDER_FLAGS));
	if (n.renewed) {
		add_mapping(&f, PROT_READ);
		add_mapping(&f, PROT_READ | PROT_WRITE);
	}
	if (n.foreign)
		add_foreign(&f);
	if (n.renewed || n.watched)
		add_calls(&f, SCMP_ACT_ALLOW, watch_calls);
	if (n.threads)
		add_calls(&f, SCMP_ACT_ALLOW, thread_calls);
	for (uint32_t i = 0; i < r->n_comps; i++)
		add_component(&f, r, i);
	add_runtime(&f, n.ioctls);
	return f.error;
}

/*
 * The filter program as bytes.  seccomp_load() would free its memory after the
 * filter is in force, and free() may call munmap(), so libseccomp only
 * generates the program.  The longest one possible fits into an empty pipe.
 */
static int generate(const struct boot_record *r, struct sock_fprog *program)
{
	size_t most = BPF_MAXINSNS * sizeof(struct sock_filter);
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	ssize_t size = -1;
	int fd[2];

	if (ctx == NULL || pipe(fd) != 0)
		return -1;
	program->filter = malloc(most);
	/* Calls by another ABI's numbers (i386 on x86-64) kill, too. */
	if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
			     SCMP_ACT_KILL_PROCESS) == 0 &&
	    program->filter != NULL && fill_filter(ctx, r) == 0 &&
	    seccomp_export_bpf(ctx, fd[1]) == 0)
		size = read(fd[0], program->filter, most);
	seccomp_release(ctx);
	close(fd[0]);
	close(fd[1]);
	program->len =
		(unsigned short)((size_t)size / sizeof(*program->filter));
	if (size > 0)
		return 0;
	free(program->filter);
	return -1;
}

int sandbox_filter(const struct boot_record *r, struct error *err)
{
	struct sock_fprog program = { 0 };
	long result;

	/* The kernel's own threads count as well; the filter allows no other. */
	if (!needs_of(r).workers && limit(RLIMIT_NPROC, 0) != 0)
		return error_errno(err, "cannot set limits");
	if (generate(r, &program) != 0)
		return error_set(err, "cannot make the system call filter");
	/* From here on the filter is in force; @program is never freed. */
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			 SECCOMP_FILTER_FLAG_TSYNC, &program);
	if (result == 0)
		return 0;
	if (result > 0)
		return error_set(err,
				 "thread %ld cannot be put under the "
				 "system call filter",
				 result);
	return error_errno(
		err, "cannot install the system call filter (does the kernel "
		     "have CONFIG_SECCOMP_FILTER?)");
}
