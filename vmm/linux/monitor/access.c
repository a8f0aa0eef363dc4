/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/access.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Through a descriptor of what is at the path now, which is checked first: in a
 * folder others may write to, it may not be what was bound.
 */
static int give(const char *path, const struct sys_access *access)
{
	uid_t uid = access->owned ? access->uid : (uid_t)-1;
	gid_t gid = access->grouped ? access->gid : (gid_t)-1;
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int result = -1;

	if (fd < 0)
		return -1;
	errno = EPERM;
	if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    st.st_uid == geteuid())
		result = fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
	close(fd);
	return result;
}

int access_bind(int fd, const struct sockaddr_un *address,
		const struct sys_access *access, unsigned int mode,
		struct error *err)
{
	mode_t mask = 0;
	int result;

	if (access->mode != 0)
		mode = access->mode;
	/* The path gets the socket's permissions, less the umask. */
	if (mode != 0) {
		fchmod(fd, mode);
		mask = umask(0);
	}
	result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	if (mode != 0)
		umask(mask);
	if (result != 0 || (!access->owned && !access->grouped) ||
	    give(address->sun_path, access) == 0)
		return result;
	error_set(err,
		  "cannot give %s to owner and group: %s: run weir as root, or "
		  "as that user and a member of that group",
		  address->sun_path, strerror(errno));
	unlink(address->sun_path);
	return -1;
}
