/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/janitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/child.h"
#include "vmm/linux/monitor/log.h"
#include "vmm/linux/pd/pd.h"
#include "vmm/linux/monitor/signals.h"

/* How long the monitor waits for it at the end; it takes milliseconds. */
#define JANITOR_STOP_MS 2000

/**
 * struct ledger_socket - a socket path; dev and ino say that it is still ours
 */
struct ledger_socket {
	dev_t dev;
	ino_t ino;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

/* What has been made, in memory the two processes share. */
struct ledger {
	_Atomic(bool) orderly; /* the monitor ends as it should */
	/* entries of @socket that are complete */
	_Atomic(size_t) n_sockets;
	/* 1 for each component opened, PD after PD; lies behind @socket */
	_Atomic(uint8_t) *opened;
	size_t n_opened; /* entries of @opened */
	/* control socket and attach sockets */
	struct ledger_socket socket[];
};

/* Where a component's flag is in the ledger. */
static size_t flag_index(const struct system *sys, uint32_t pd, uint32_t comp)
{
	size_t index = comp;

	for (uint32_t i = 0; i < pd; i++)
		index += sys->pd[i].n_comps;
	return index;
}

static int ledger_new(struct janitor *j)
{
	size_t sockets = 1 + j->sys->n_conns;
	size_t flags = flag_index(j->sys, (uint32_t)j->sys->n_pds, 0);
	size_t size =
		sizeof(struct ledger) + sockets * sizeof(struct ledger_socket);

	j->size = size + flags;
	j->ledger = mmap(NULL, j->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (j->ledger == MAP_FAILED) {
		j->ledger = NULL;
		return -1;
	}
	j->ledger->opened = (_Atomic(uint8_t) *)((char *)j->ledger + size);
	j->ledger->n_opened = flags;
	return 0;
}

/* Undo what the ledger says; never in the monitor: this may block. */
static void ledger_undo(const struct system *sys, struct ledger *l)
{
	size_t flag = l->n_opened;

	for (size_t i = sys->n_pds; i-- > 0;) {
		for (uint32_t c = sys->pd[i].n_comps; c-- > 0;) {
			const struct sys_component *comp = &sys->pd[i].comp[c];

			if (atomic_exchange(&l->opened[--flag], 0) == 0)
				continue;
			if (component_kinds[comp->kind]->close != NULL)
				component_kinds[comp->kind]->close(comp);
		}
	}
	for (size_t i = atomic_exchange(&l->n_sockets, 0); i-- > 0;) {
		const struct ledger_socket *s = &l->socket[i];
		struct stat st;

		if (lstat(s->path, &st) == 0 && st.st_dev == s->dev &&
		    st.st_ino == s->ino)
			unlink(s->path);
	}
}

/* --- in the janitor's process -------------------------------------------- */

/* Have nothing of the caller's but standard error, for the log. */
static void leave_caller(void)
{
	const int ignored[] = { SIGINT, SIGTERM, SIGQUIT };
	struct rlimit limit;
	int null;

	setsid();
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signals_ignore(NULL);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	/* One pidfd for each PD. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/*
 * Take one message: a PD's index and its pidfd.
 *
 * Return: false when the monitor has gone.
 */
static bool take_pidfd(int sock, int *pidfd, size_t n_pds)
{
	unsigned int n = 1;
	uint32_t pd = 0;
	int fd;
	ssize_t got =
		fds_receive(sock, &pd, sizeof(pd), &fd, &n, MSG_CMSG_CLOEXEC);

	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0)
		return false;
	if (n == 1 && pd < n_pds) {
		fds_close(&pidfd[pd], 1);
		pidfd[pd] = fd;
	}
	return true;
}

static int janitor_main(void *arg)
{
	const struct janitor *j = arg;
	const size_t n_pds = j->sys->n_pds;
	int *pidfd = calloc(n_pds + 1, sizeof(*pidfd));
	bool work;

	for (size_t i = 0; pidfd != NULL && i < n_pds; i++)
		pidfd[i] = -1;
	leave_caller();
	while (take_pidfd(j->sock, pidfd, pidfd != NULL ? n_pds : 0))
		;
	for (size_t i = 0; pidfd != NULL && i < n_pds; i++)
		if (pidfd[i] >= 0)
			syscall(SYS_pidfd_send_signal, pidfd[i], SIGKILL, NULL,
				0);
	work = atomic_load(&j->ledger->n_sockets) > 0;
	ledger_undo(j->sys, j->ledger);
	if (work && !atomic_load(&j->ledger->orderly))
		monitor_log(LOG_ERR, j->sys->name,
			    "the monitor died; its PDs and sockets are "
			    "removed");
	free(pidfd);
	return 0;
}

/* In place of one that has died, at the end of the monitor. */
static int undo_only(void *arg)
{
	const struct janitor *j = arg;

	leave_caller();
	ledger_undo(j->sys, j->ledger);
	return 0;
}

/* --- in the monitor's process -------------------------------------------- */

/* Fork one; it keeps @sock, unless that is -1. */
static void start(struct janitor *j, int sock, int (*run)(void *arg))
{
	struct janitor its = *j;

	its.sock = sock;
	j->pid = child_fork("weir-janitor", sock, -1, run, &its);
	if (j->pid > 0)
		j->pidfd = (int)syscall(SYS_pidfd_open, j->pid, 0);
}

int janitor_start(struct janitor *j, const struct system *sys,
		  struct error *err)
{
	int pair[2];

	*j = (struct janitor){ .sys = sys, .sock = -1, .pidfd = -1 };
	if (ledger_new(j) != 0)
		return error_set(err, "not enough memory to start");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		error_set(err, "cannot make a socket pair: %s",
			  strerror(errno));
		munmap(j->ledger, j->size);
		j->ledger = NULL;
		return -1;
	}
	start(j, pair[1], janitor_main);
	if (j->pid < 0)
		error_set(err, "cannot start another process: %s",
			  strerror(errno));
	close(pair[1]);
	j->sock = pair[0];
	if (j->pid > 0)
		return 0;
	j->pid = 0;
	janitor_stop(j);
	return -1;
}

void janitor_socket(struct janitor *j, const char *path)
{
	size_t n = atomic_load(&j->ledger->n_sockets);
	struct ledger_socket *s = &j->ledger->socket[n];
	struct stat st;

	if (lstat(path, &st) != 0)
		return;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	snprintf(s->path, sizeof(s->path), "%s", path);
	atomic_store(&j->ledger->n_sockets, n + 1);
}

void janitor_opened(struct janitor *j, uint32_t pd, uint32_t comp)
{
	atomic_store(&j->ledger->opened[flag_index(j->sys, pd, comp)], 1);
}

void janitor_pd(struct janitor *j, uint32_t pd, int pidfd)
{
	/* If it does not arrive, the parent-death signal has to do. */
	(void)!fds_send(j->sock, &pd, sizeof(pd), &pidfd, 1);
}

/* Return: whether the process of a pidfd has ended. */
static bool has_ended(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

/* The janitor has died: start another in its place. */
static void replace(struct janitor *j)
{
	waitpid(j->pid, NULL, 0);
	close(j->pidfd);
	j->pidfd = -1;
	start(j, -1, undo_only);
}

void janitor_stop(struct janitor *j)
{
	if (j->ledger == NULL)
		return;
	atomic_store(&j->ledger->orderly, true);
	if (j->pidfd >= 0 && has_ended(j->pidfd, 0))
		replace(j);
	close(j->sock);
	if (j->pidfd >= 0 && has_ended(j->pidfd, JANITOR_STOP_MS))
		waitpid(j->pid, NULL, 0);
	else if (j->pid > 0)
		monitor_log(LOG_WARNING, j->sys->name,
			    "the janitor (pid %ld) cannot remove our sockets "
			    "yet: somebody holds their folder locked. It goes "
			    "on trying; killing it leaves them behind",
			    (long)j->pid);
	if (j->pidfd >= 0)
		close(j->pidfd);
	munmap(j->ledger, j->size);
	*j = (struct janitor){ 0 };
}
