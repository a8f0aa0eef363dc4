/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening a card: container, group, device.
 *
 * A *group* is the IOMMU's unit of isolation: VFIO gives all devices of a group
 * or none.  A *container* is an I/O address space.  One card per container
 * here, so that a driver VM's card reaches only that VM's memory.
 *
 * The monitor, which has the right to, opens everything and passes it to the
 * VM's PD. The card stays in use as long as one of the three descriptors is
 * open anywhere; the kernel resets it after the last is closed.
 */
#include "vmm/kvm/vfio_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PATH_LEN 256

const struct vfio_paths vfio_machine = { "/sys", "/dev" };

static int no_container(const char *path, int error, struct error *err)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return error_set(err,
				 "%s is not there: VFIO is not loaded; as "
				 "root: modprobe vfio-pci",
				 path);
	case EACCES:
	case EPERM:
		return error_set(err,
				 "no permission to open %s; as root: chmod 666 "
				 "%s (it gives access to nothing by itself)",
				 path, path);
	default:
		return error_set(err, "cannot open %s: %s", path,
				 strerror(error));
	}
}

static int open_container(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0)
		return no_container(path, errno, err);
	version = ioctl(fd, VFIO_GET_API_VERSION);
	if (version != VFIO_API_VERSION)
		error_set(err,
			  "%s speaks version %d of the VFIO API, not %d; "
			  "another kernel is needed",
			  path, version, VFIO_API_VERSION);
	else if (ioctl(fd, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU) <= 0)
		error_set(err,
			  "VFIO cannot drive this machine's IOMMU: no type 1 "
			  "support; as root: modprobe vfio_iommu_type1");
	else
		return fd;
	close(fd);
	return -1;
}

static int no_group(const char *path, const char *address, int error,
		    struct error *err)
{
	switch (error) {
	case ENOENT:
		return error_set(err,
				 "%s is not there though %s is bound to "
				 "vfio-pci; is /dev complete here (in a "
				 "container, pass the device in)?",
				 path, address);
	case EACCES:
	case EPERM:
		return error_set(err,
				 "no permission to open %s, the IOMMU group of "
				 "%s; as root: chown %u %s",
				 path, address, (unsigned int)geteuid(), path);
	case EBUSY:
		return error_set(
			err,
			"%s, the IOMMU group of %s, is in use by another "
			"process, which 'fuser %s' names; stop that first",
			path, address, path);
	default:
		return error_set(err, "cannot open %s: %s", path,
				 strerror(error));
	}
}

static int open_group(const char *path, const char *address, struct error *err)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return no_group(path, address, errno, err);
	if (ioctl(fd, VFIO_GROUP_GET_STATUS, &status) != 0)
		error_errno(err, "cannot ask %s for its state", path);
	else if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0)
		error_set(err,
			  "VFIO refuses %s: another device of %s is bound to a "
			  "driver of the host; bind all of them to vfio-pci",
			  address, path);
	else if ((status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET) != 0)
		no_group(path, address, EBUSY, err);
	else
		return fd;
	close(fd);
	return -1;
}

static int no_iommu(const char *address, int error, struct error *err)
{
	if (error == EPERM)
		return error_set(err,
				 "VFIO refuses %s: this machine does not keep "
				 "the interrupts of cards apart (no interrupt "
				 "remapping), so a card could forge others'",
				 address);
	return error_set(err, "cannot use the IOMMU for %s: %s", address,
			 strerror(error));
}

static int open_device(const int fds[VFIO_FDS], const char *address,
		       struct error *err)
{
	int container = fds[VFIO_CONTAINER], fd;

	if (ioctl(fds[VFIO_GROUP], VFIO_GROUP_SET_CONTAINER, &container) != 0)
		return error_errno(err, "cannot give %s an address space",
				   address);
	if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0)
		return no_iommu(address, errno, err);
	fd = ioctl(fds[VFIO_GROUP], VFIO_GROUP_GET_DEVICE_FD, address);
	if (fd < 0)
		error_set(err, "cannot open %s by VFIO: %s%s", address,
			  strerror(errno),
			  errno == EBUSY ? "; another process uses it" : "");
	return fd;
}

static void close_all(int fds[VFIO_FDS])
{
	/* The device first: it keeps the group, which keeps the container. */
	for (int i = VFIO_FDS - 1; i >= 0; i--) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

/* Container and group, not yet joined. */
static int open_parts(const struct vfio_paths *at, const char *address,
		      int fds[VFIO_FDS], struct error *err)
{
	char path[PATH_LEN];
	unsigned int group;

	for (int i = 0; i < VFIO_FDS; i++)
		fds[i] = -1;
	if (vfio_usable(at, address, &group, err) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/vfio/vfio", at->dev);
	fds[VFIO_CONTAINER] = open_container(path, err);
	if (fds[VFIO_CONTAINER] < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/vfio/%u", at->dev, group);
	fds[VFIO_GROUP] = open_group(path, address, err);
	if (fds[VFIO_GROUP] >= 0)
		return 0;
	close_all(fds);
	return -1;
}

int vfio_check(const struct vfio_paths *at, const char *address,
	       struct error *err)
{
	int fds[VFIO_FDS];

	if (open_parts(at, address, fds, err) != 0)
		return -1;
	close_all(fds);
	return 0;
}

int vfio_open(const struct vfio_paths *at, const char *address,
	      int fds[VFIO_FDS], struct error *err)
{
	if (open_parts(at, address, fds, err) != 0)
		return -1;
	fds[VFIO_DEVICE] = open_device(fds, address, err);
	if (fds[VFIO_DEVICE] >= 0)
		return 0;
	close_all(fds);
	return -1;
}
