/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first process of a guest: see boot.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "driver_vm/boot.h"
#include "driver_vm/say.h"

static int mount_all(void)
{
	static const struct {
		const char *type;
		const char *at;
	} mounts[] = {
		{ "devtmpfs", "/dev" },
		{ "sysfs", "/sys" },
		{ "proc", "/proc" },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		/* If this fails, mount() reports it. */
		(void)mkdir(mounts[i].at, 0755);
		/* Busy: the kernel has mounted it. */
		if (mount(mounts[i].type, mounts[i].at, mounts[i].type,
			  MS_NOSUID | MS_NOEXEC, NULL) == 0 ||
		    errno == EBUSY)
			continue;
		say("cannot mount %s on %s: %s", mounts[i].type, mounts[i].at,
		    strerror(errno));
		return -errno;
	}
	return 0;
}

static int load_module(void)
{
	int fd = open(BOOT_MODULE, O_RDONLY | O_CLOEXEC);
	int e = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)
		e = -errno;
	close(fd);
	return e;
}

int boot(void)
{
	int e = mount_all();

	if (e < 0)
		return e;
	e = load_module();
	if (e < 0)
		say("cannot load %s: %s; was it built with this kernel?",
		    BOOT_MODULE, strerror(-e));
	return e;
}
