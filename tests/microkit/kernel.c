/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/microkit/kernel_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

void kernel_check(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "kernel: %s (%s)\n", what, strerror(errno));
	abort();
}

/* --- building ----------------------------------------------------------- */

static void *shared(size_t size, int *fd)
{
	void *base;

	*fd = memfd_create("region", 0);
	kernel_check(*fd >= 0 && ftruncate(*fd, (off_t)size) == 0, "no memory");
	/* Out of the way of MK_SOCKET in the processes. */
	*fd = fcntl(*fd, F_DUPFD, 16);
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	kernel_check(base != MAP_FAILED, "no memory");
	return base;
}

struct kernel *kernel_new(void)
{
	struct kernel *k = calloc(1, sizeof(*k));

	kernel_check(k != NULL, "no memory");
	k->clock = shared(4096, &k->clock_fd);
	*k->clock = 1000000000;
	return k;
}

void kernel_free(struct kernel *k)
{
	for (int i = 0; i < k->n_pds; i++) {
		free(k->pd[i].program);
		if (k->pd[i].pid <= 0)
			continue;
		close(k->pd[i].socket);
		kill(k->pd[i].pid, SIGKILL);
		waitpid(k->pd[i].pid, NULL, 0);
	}
	for (int i = 0; i < k->n_regions; i++) {
		munmap(k->region[i].base, k->region[i].size);
		close(k->region[i].fd);
	}
	munmap(k->clock, 4096);
	close(k->clock_fd);
	free(k);
}

int kernel_region(struct kernel *k, const char *name, size_t size)
{
	struct region *r = &k->region[k->n_regions];

	kernel_check(k->n_regions < REGIONS && size > 0 && size % 4096 == 0,
		     "an impossible region");
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->size = size;
	r->base = shared(size, &r->fd);
	return k->n_regions++;
}

void *kernel_memory(struct kernel *k, int region)
{
	return k->region[region].base;
}

size_t kernel_region_size(const struct kernel *k, int region)
{
	return k->region[region].size;
}

int kernel_find_region(const struct kernel *k, const char *name)
{
	for (int i = 0; i < k->n_regions; i++)
		if (strcmp(k->region[i].name, name) == 0)
			return i;
	return KERNEL_NONE;
}

int kernel_pd(struct kernel *k, const char *name, int priority,
	      const char *program)
{
	struct pd *p = &k->pd[k->n_pds];

	kernel_check(k->n_pds < KERNEL_PDS, "too many PDs");
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (program != NULL)
		kernel_program(k, k->n_pds, program);
	p->priority = priority;
	p->parent = p->client = p->callee = KERNEL_NONE;
	p->state = program != NULL ? READY : RECEIVING;
	p->next.what = ANSWER_GO;
	for (int i = 0; i < CHANNELS; i++)
		p->end[i].pd = KERNEL_NONE;
	return k->n_pds++;
}

void kernel_program(struct kernel *k, int pd, const char *program)
{
	free(k->pd[pd].program);
	k->pd[pd].program = strdup(program);
	kernel_check(k->pd[pd].program != NULL, "no memory");
}

void kernel_parent(struct kernel *k, int child, int parent, unsigned int id)
{
	k->pd[child].parent = parent;
	k->pd[child].id = id;
}

void kernel_map(struct kernel *k, int pd, int region, uint64_t vaddr,
		bool writable, const char *symbol)
{
	struct map *m = &k->map[k->n_maps++];

	kernel_check(k->n_maps <= MAPS, "too many maps");
	*m = (struct map){ .pd = pd,
			   .region = region,
			   .map = { .vaddr = vaddr,
				    .size = k->region[region].size,
				    .fd = k->region[region].fd,
				    .writable = writable } };
	if (symbol != NULL)
		snprintf(m->map.symbol, sizeof(m->map.symbol), "%s", symbol);
}

void kernel_channel(struct kernel *k, int a, unsigned int a_id, int b,
		    unsigned int b_id, bool call)
{
	kernel_check(a_id < CHANNELS && b_id < CHANNELS &&
			     k->pd[a].end[a_id].pd == KERNEL_NONE &&
			     k->pd[b].end[b_id].pd == KERNEL_NONE,
		     "an impossible channel");
	kernel_check(!call || k->pd[a].priority < k->pd[b].priority,
		     "calls only go to a higher priority");
	k->pd[a].end[a_id] = (struct end){ b, b_id, call };
	k->pd[b].end[b_id] = (struct end){ a, a_id, false };
}

/* --- starting ----------------------------------------------------------- */

void kernel_put(int socket, const void *data, size_t n)
{
	ssize_t sent = send(socket, data, n, MSG_NOSIGNAL);

	(void)sent;
}

static void describe(const struct kernel *k, int pd)
{
	const struct pd *p = &k->pd[pd];
	struct setup s = { .clock = k->clock_fd };

	memcpy(s.name, p->name, sizeof(s.name));
	for (unsigned int i = 0; i < CHANNELS; i++) {
		if (p->end[i].pd == KERNEL_NONE)
			continue;
		s.notifies |= 1ull << i;
		s.calls |= (uint64_t)p->end[i].call << i;
	}
	for (int i = 0; i < k->n_maps; i++)
		s.n_maps += k->map[i].pd == pd;
	kernel_put(p->socket, &s, sizeof(s));
	for (int i = 0; i < k->n_maps; i++)
		if (k->map[i].pd == pd)
			kernel_put(p->socket, &k->map[i].map,
				   sizeof(k->map[i].map));
}

static void start(struct kernel *k, int pd)
{
	struct pd *p = &k->pd[pd];
	int pair[2];

	kernel_check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ==
			     0,
		     "no socket");
	p->socket = fcntl(pair[0], F_DUPFD_CLOEXEC, 16);
	p->pid = fork();
	kernel_check(p->pid >= 0, "no process");
	if (p->pid == 0) {
		if (pair[1] == MK_SOCKET)
			fcntl(MK_SOCKET, F_SETFD, 0);
		else
			dup2(pair[1], MK_SOCKET);
		execl(p->program, p->name, (char *)NULL);
		fprintf(stderr, "kernel: cannot run %s: %s\n", p->program,
			strerror(errno));
		_exit(2);
	}
	close(pair[0]);
	close(pair[1]);
	describe(k, pd);
}

void kernel_start(struct kernel *k)
{
	for (int i = 0; i < k->n_pds; i++)
		if (k->pd[i].program != NULL)
			start(k, i);
}
