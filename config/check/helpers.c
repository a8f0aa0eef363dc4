/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Some processes take one piece after the other; the compiler waits for a pipe
 * that nobody has open any more.
 */
#include "config/check/helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/lang/arena.h"

#define PROCESSES 16

void *helpers_share(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		out_of_memory();
	return shared;
}

void helpers_unshare(void *shared, size_t size)
{
	munmap(shared, size);
}

/* @next: shared: the piece to be taken. */
struct job {
	const char *name;
	unsigned int n;
	void (*work)(void *ctx, unsigned int number);
	void *ctx;
	unsigned int *next;
	pid_t parent;
};

static _Noreturn void child(const struct job *job)
{
	unsigned int mine;

	prctl(PR_SET_NAME, job->name);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != job->parent)
		_exit(1);
	for (;;) {
		mine = __atomic_fetch_add(job->next, 1, __ATOMIC_RELAXED);
		if (mine >= job->n)
			_exit(0);
		job->work(job->ctx, mine);
	}
}

static void wait_for(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void helpers_run(const char *name, unsigned int n,
		 void (*work)(void *ctx, unsigned int number), void *ctx,
		 int limit_ms)
{
	struct job job = { name, n, work, ctx, NULL, getpid() };
	struct pollfd end = { .fd = -1 };
	pid_t pid[PROCESSES];
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return;
	end.fd = fd[0];
	job.next = helpers_share(sizeof(*job.next));
	for (unsigned int i = 0; i < PROCESSES; i++) {
		pid[i] = i < n ? fork() : -1;
		if (pid[i] == 0)
			child(&job);
	}
	close(fd[1]);
	while (poll(&end, 1, limit_ms) < 0 && errno == EINTR)
		;
	close(fd[0]);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		if (pid[i] > 0)
			wait_for(pid[i]);
	}
	helpers_unshare(job.next, sizeof(*job.next));
}
