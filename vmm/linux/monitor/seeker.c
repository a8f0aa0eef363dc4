/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/seeker.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/backing.h"

_Static_assert(PD_MAX_FDS <= FDS_MAX, "all of them can be sent");

/**
 * struct task - what the child is to do
 */
struct task {
	const struct sys_component *cfg;
	unsigned int pause_ms;
	int sock; /* to the monitor */
};

/* In the child. */
static int look(void *arg)
{
	const struct task *task = arg;
	const struct timespec pause = {
		.tv_sec = task->pause_ms / 1000,
		.tv_nsec = (long)(task->pause_ms % 1000) * 1000000,
	};
	int fds[PD_MAX_FDS], n;

	nanosleep(&pause, NULL);
	n = component_kinds[task->cfg->kind]->seek(task->cfg, fds);
	if (n > 0)
		(void)!fds_send(task->sock, "", 1, fds, (unsigned int)n);
	return 0;
}

int seeker_start(struct seeker *s, struct loop *loop,
		 const struct sys_component *cfg, unsigned int pause_ms,
		 void (*ready)(struct monitor *m, struct loop_source *source,
			       uint32_t events))
{
	struct task task = { cfg, pause_ms, -1 };
	int pair[2], result;

	if (backing_pair(pair, SOCK_SEQPACKET | SOCK_NONBLOCK) != 0)
		return -1;
	task.sock = pair[1];
	result = child_start(&s->child, loop, "weir-seek", pair[1], look, &task,
			     ready);
	close(pair[1]);
	s->sock = pair[0];
	if (result != 0)
		close(s->sock);
	return result;
}

unsigned int seeker_finish(struct seeker *s, struct loop *loop, int *fds)
{
	unsigned int n = PD_MAX_FDS;
	char byte;

	if (!child_runs(&s->child))
		return 0;
	fds_receive(s->sock, &byte, 1, fds, &n,
		    MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	close(s->sock);
	child_close(&s->child, loop);
	return n;
}
