/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a port that is an interface, and waiting for one: see open.h.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hostnet/iface.h"
#include "vmm/linux/ports/netns.h"
#include "vmm/linux/ports/open.h"

/* Changes come in bursts; one look per burst is enough. */
#define BETWEEN_LOOKS_NS 50000000
/* A namespace given by a path may come back without a mount. */
#define PATH_POLL_MS 5000

struct call {
	const struct sys_component *cfg;
	open_fn *here;
	int *fds;
};

static int call_here(void *arg, struct error *err)
{
	const struct call *c = arg;

	return c->here(c->cfg, c->fds, err);
}

int iface_open(const struct sys_component *cfg, const char *netns,
	       open_fn *here, int *fds, unsigned int n, struct error *err)
{
	struct call c = { cfg, here, fds };

	for (unsigned int i = 0; i < n; i++)
		fds[i] = -1;
	if (netns_call(netns, call_here, &c, err) >= 0)
		return (int)n;
	for (unsigned int i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return -1;
}

/* Inside the namespace. */
static int open_changes(void *fd, struct error *err)
{
	(void)err;
	*(int *)fd = iface_changes(0);
	return 0;
}

int iface_seek(const struct sys_component *cfg, const char *netns,
	       open_fn *port, int *fds)
{
	const struct timespec moment = { .tv_nsec = BETWEEN_LOOKS_NS };
	int timeout = strchr(netns, '/') != NULL ? PATH_POLL_MS : -1;
	int mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	if (mounts < 0)
		return -1;
	for (;;) {
		struct error err = { "" };
		struct pollfd p[2] = {
			{ .fd = mounts, .events = POLLPRI },
			{ .fd = -1, .events = POLLIN },
		};
		int n;

		/* From now on no change is missed. */
		netns_call(netns, open_changes, &p[1].fd, &err);
		n = port(cfg, fds, &err);
		if (n <= 0)
			poll(p, 2, timeout);
		if (p[1].fd >= 0)
			close(p[1].fd);
		if (n > 0)
			return n;
		nanosleep(&moment, NULL);
	}
}
