/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which block device is the disk: see blk_find.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver_vm/blk_find.h"

/* The kernel's own messages about devices. */
#define KERNEL_NEWS 1
/* Messages read at a time; what is left keeps the socket readable. */
#define READS 16

int blk_find_news(void)
{
	const struct sockaddr_nl from = {
		.nl_family = AF_NETLINK,
		.nl_groups = KERNEL_NEWS,
	};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	int e;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&from, sizeof(from)) == 0)
		return fd;
	e = -errno;
	close(fd);
	return e;
}

void blk_find_read(int news)
{
	char message[4096];

	for (int i = 0; i < READS; i++)
		if (read(news, message, sizeof(message)) < 0)
			break;
}

/* Partitions are not in the folder; what is no device's is made of others. */
static bool is_disk(const struct uio_where *where, const char *name)
{
	char path[UIO_PATH];
	int n = snprintf(path, sizeof(path), "%s/block/%s/device", where->sysfs,
			 name);

	return name[0] != '.' && strlen(name) < BLK_NAME && n >= 0 &&
	       (size_t)n < sizeof(path) && access(path, F_OK) == 0;
}

/* virtio has it beside the disk, NVMe and SCSI with the device. */
static void read_serial(const struct uio_where *where, const char *name,
			char serial[BLK_SERIAL_SIZE])
{
	static const char *const places[] = { "serial", "device/serial" };
	char path[UIO_PATH];
	ssize_t n = -1;

	for (size_t i = 0; i < 2 && n <= 0; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/block/%s/%s", where->sysfs,
			 name, places[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, serial, BLK_SERIAL_SIZE - 1);
		close(fd);
	}
	serial[n > 0 ? n : 0] = '\0';
	serial[strcspn(serial, " \n")] = '\0';
}

unsigned int blk_find(const struct uio_where *where, const char *wanted,
		      char name[BLK_NAME], char serial[BLK_SERIAL_SIZE])
{
	char path[UIO_PATH];
	struct dirent *entry;
	unsigned int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/block", where->sysfs);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *found = entry->d_name;

		if (wanted != NULL ? strcmp(found, wanted) != 0
				   : !is_disk(where, found))
			continue;
		if (count++ == 0 || strcmp(found, name) < 0)
			snprintf(name, BLK_NAME, "%.*s", (int)BLK_NAME - 1,
				 found);
	}
	if (dir != NULL)
		closedir(dir);
	if (count > 0)
		read_serial(where, name, serial);
	return count;
}
