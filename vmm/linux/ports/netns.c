/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Doing something inside another network namespace: see netns.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/linux/ports/netns.h"

#define NETNS_DIR "/run/netns/"

/* Open the namespace's handle, or set @err. */
static int open_netns(const char *netns, struct error *err)
{
	char path[PATH_MAX];
	int named = strchr(netns, '/') == NULL;
	int fd;

	snprintf(path, sizeof(path), "%s%s", named ? NETNS_DIR : "", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT && named)
		return error_set(err,
				 "there is no network namespace \"%s\": make "
				 "it with `ip netns add %s`",
				 netns, netns);
	if (errno == EACCES || errno == EPERM)
		return error_set(err,
				 "network namespace \"%s\": may not open %s: "
				 "run weir as root",
				 netns, path);
	return error_set(err,
			 "network namespace \"%s\": cannot open %s: %s: give "
			 "the name of one that `ip netns list` shows, or a "
			 "path such as /proc/PID/ns/net",
			 netns, path, strerror(errno));
}

static int enter(int fd, const char *netns, struct error *err)
{
	if (setns(fd, CLONE_NEWNET) == 0)
		return 0;
	if (errno == EPERM)
		return error_set(err,
				 "network namespace \"%s\": may not enter it: "
				 "run weir as root, or as the user and in the "
				 "user namespace that made it",
				 netns);
	if (errno == EINVAL)
		return error_set(err,
				 "\"%s\" is not a network namespace (perhaps "
				 "left over from before a restart): make it "
				 "anew with `ip netns del %s; ip netns add %s`",
				 netns, netns, netns);
	return error_errno(err, "network namespace \"%s\": cannot enter it",
			   netns);
}

int netns_call(const char *netns, int (*fn)(void *arg, struct error *err),
	       void *arg, struct error *err)
{
	int home;
	int there;
	int result = -1;

	if (netns[0] == '\0')
		return fn(arg, err);
	there = open_netns(netns, err);
	if (there < 0)
		return -1;
	home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0) {
		error_set(err,
			  "cannot open /proc/self/ns/net, the way back from "
			  "network namespace \"%s\": %s: mount /proc",
			  netns, strerror(errno));
	} else if (enter(there, netns, err) == 0) {
		result = fn(arg, err);
		if (setns(home, CLONE_NEWNET) < 0)
			result = error_errno(err,
					     "cannot return from network "
					     "namespace \"%s\"",
					     netns);
	}
	if (home >= 0)
		close(home);
	close(there);
	return result;
}
