/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UIO devices: see uio.h.
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver_vm/say.h"
#include "driver_vm/uio.h"

/* The driver whose maps are device memory. */
#define UNCACHED_DRIVER "uio_pdrv_genirq"

/* --- small files -------------------------------------------------------- */

/* Read a file of sysfs whole: bytes, or negative errno. */
static ssize_t read_file(const char *path, void *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

/* A line without its end. */
static int read_line(const char *path, char *buf, size_t size)
{
	ssize_t n = read_file(path, buf, size - 1);

	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/* Make a path from pieces; false if it is too long. */
__attribute__((format(printf, 2, 3))) static bool join(char *path,
						       const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, UIO_PATH, format, args);
	va_end(args);
	return n >= 0 && (size_t)n < UIO_PATH;
}

/* --- finding ------------------------------------------------------------ */

/* One number of a map, "0x..."; false if there is none. */
static bool map_number(const char *dir, unsigned int index, const char *what,
		       uint64_t *value)
{
	char path[UIO_PATH];
	char text[32];
	char *end;

	if (!join(path, "%s/maps/map%u/%s", dir, index, what) ||
	    read_line(path, text, sizeof(text)) < 0)
		return false;
	*value = strtoull(text, &end, 0);
	return end != text;
}

/* They are numbered without gaps. */
static void read_maps(struct uio_device *d, const char *dir)
{
	uint64_t address;
	uint64_t size;
	uint64_t offset;

	for (d->n_maps = 0; d->n_maps < UIO_MAPS; d->n_maps++) {
		if (!map_number(dir, d->n_maps, "addr", &address) ||
		    !map_number(dir, d->n_maps, "size", &size) ||
		    !map_number(dir, d->n_maps, "offset", &offset))
			return;
		d->map[d->n_maps] = (struct uio_map){ address, size, offset };
	}
}

/* Which driver has bound the device decides how its memory is mapped. */
static bool is_uncached(const char *dir)
{
	char path[UIO_PATH];
	char target[UIO_PATH];
	const char *driver;
	ssize_t n;

	if (!join(path, "%s/device/driver", dir))
		return true;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return true;
	target[n] = '\0';
	driver = strrchr(target, '/');
	return strcmp(driver ? driver + 1 : target, UNCACHED_DRIVER) == 0;
}

/* Is this entry of class/uio the device?  Then its number. */
static bool matches(const struct uio_where *where, const char *entry,
		    const char *name, unsigned int *number)
{
	const char *digits = entry + strlen("uio");
	char path[UIO_PATH];
	char text[64];
	char *end;

	if (strncmp(entry, "uio", strlen("uio")) != 0)
		return false;
	*number = (unsigned int)strtoul(digits, &end, 10);
	return end != digits && *end == '\0' &&
	       join(path, "%s/class/uio/%s/name", where->sysfs, entry) &&
	       read_line(path, text, sizeof(text)) == 0 &&
	       strcmp(text, name) == 0;
}

static int find(const struct uio_where *where, const char *name,
		unsigned int *number)
{
	char path[UIO_PATH];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (!join(path, "%s/class/uio", where->sysfs))
		return -ENAMETOOLONG;
	dir = opendir(path);
	if (dir == NULL)
		return -errno;
	while (!found && (entry = readdir(dir)) != NULL)
		found = matches(where, entry->d_name, name, number);
	closedir(dir);
	return found ? 0 : -ENODEV;
}

bool uio_exists(const struct uio_where *where, const char *name)
{
	unsigned int number;

	return find(where, name, &number) == 0;
}

int uio_open(struct uio_device *d, const struct uio_where *where,
	     const char *name)
{
	char path[UIO_PATH];
	int e;

	*d = (struct uio_device){ .source.fd = -1 };
	snprintf(d->name, sizeof(d->name), "%s", name);
	e = find(where, name, &d->number);
	if (e < 0) {
		say("there is no UIO device \"%s\" in %s/class/uio: its node "
		    "is missing from the device tree, or its driver from the "
		    "kernel (weir_shared.ko, or "
		    "uio_pdrv_genirq.of_id=generic-uio)",
		    name, where->sysfs);
		return e;
	}
	if (!join(path, "%s/class/uio/uio%u", where->sysfs, d->number) ||
	    !join(d->node, "%s/class/uio/uio%u/device/of_node", where->sysfs,
		  d->number))
		return -ENAMETOOLONG;
	read_maps(d, path);
	d->uncached = is_uncached(path);
	if (!join(path, "%s/uio%u", where->dev, d->number))
		return -ENAMETOOLONG;
	d->source.fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (d->source.fd >= 0)
		return 0;
	e = -errno;
	say("%s, which is %s, cannot be opened: %s", path, name, strerror(-e));
	return e;
}

void *uio_map(struct uio_device *d, unsigned int index, size_t least,
	      bool write)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct uio_map *map = &d->map[index];
	char *base;

	if (index >= d->n_maps || map->size < least) {
		say("%s: map %u has %zu bytes, %zu are needed: the device "
		    "tree does not match this program",
		    d->name, index, index < d->n_maps ? map->size : 0, least);
		return NULL;
	}
	base = mmap(NULL, map->offset + map->size,
		    PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED,
		    d->source.fd, (off_t)(index * page));
	if (base != MAP_FAILED)
		return base + map->offset;
	say("%s: map %u cannot be mapped: %s", d->name, index, strerror(errno));
	return NULL;
}

int uio_property(const struct uio_device *d, const char *name, uint32_t *value)
{
	char path[UIO_PATH];
	uint32_t cell = 0;
	ssize_t n = -ENAMETOOLONG;

	if (join(path, "%s/%s", d->node, name))
		n = read_file(path, &cell, sizeof(cell));
	if (n == sizeof(cell)) {
		*value = be32toh(cell);
		return 0;
	}
	say("%s: property \"%s\" of its node is missing or no 32-bit cell",
	    d->name, name);
	return n < 0 ? (int)n : -EINVAL;
}

/* --- interrupts --------------------------------------------------------- */

/*
 * Reading clears the event, or the descriptor would stay readable; writing
 * enables the interrupt again.  The interrupt controller keeps an edge in
 * between.
 */
static void acknowledge(struct event_source *source, uint32_t events)
{
	struct uio_device *d = event_owner(source, struct uio_device, source);
	uint32_t count;
	const uint32_t on = 1;

	(void)events;
	d->loop->syscalls += 2;
	if (read(source->fd, &count, sizeof(count)) == sizeof(count))
		d->interrupts++;
	else if (errno != EAGAIN && errno != EINTR)
		goto deaf;
	if (write(source->fd, &on, sizeof(on)) == sizeof(on))
		return;
deaf:
	say("%s: the interrupt is lost: %s", d->name, strerror(errno));
	_exit(EXIT_FAILURE);
}

int uio_wait(struct uio_device *d, struct event_loop *loop)
{
	const uint32_t on = 1;

	d->loop = loop;
	d->source.ready = acknowledge;
	/* A previous user may have left it disabled. */
	if (write(d->source.fd, &on, sizeof(on)) != sizeof(on))
		return -errno;
	return event_add(loop, &d->source, EPOLLIN);
}
