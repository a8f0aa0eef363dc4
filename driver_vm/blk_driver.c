/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's disk, put together: see blk_driver.h.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "driver_vm/blk_driver.h"
#include "driver_vm/blk_find.h"
#include "driver_vm/say.h"

/* Maps of the devices, see virt/driver_abi.h. */
enum { MAP_REQUESTS, MAP_RESPONSES };
enum { MAP_WINDOW };
enum { MAP_LINK, MAP_STATUS, MAP_INFO };

/* --- the other side's half ---------------------------------------------- */

static int open_devices(struct blk_driver *d, struct blk_config *c)
{
	int e = uio_open(&d->queues, d->where, DRIVER_UIO_BLK_QUEUES);

	if (e == 0)
		e = uio_open(&d->data, d->where, DRIVER_UIO_BLK_DATA);
	if (e == 0)
		e = uio_open(&d->control, d->where, DRIVER_UIO_BLK_CONTROL);
	if (e == 0)
		e = uio_property(&d->queues, DRIVER_PROP_CAPACITY,
				 &c->capacity);
	if (e == 0 && !blk_capacity_ok(c->capacity)) {
		say("a block queue cannot have %u slots: a power of two from "
		    "%u to %u is needed",
		    c->capacity, BLK_MIN_CAPACITY, BLK_MAX_CAPACITY);
		e = -EINVAL;
	}
	return e;
}

static bool map_devices(struct blk_driver *d, struct blk_config *c)
{
	char *status;

	c->requests = uio_map(&d->queues, MAP_REQUESTS,
			      blk_request_region_size(c->capacity), true);
	c->responses = uio_map(&d->queues, MAP_RESPONSES,
			       blk_response_region_size(c->capacity), true);
	c->window = uio_map(&d->data, MAP_WINDOW, BLK_SIZE, true);
	c->link = uio_map(&d->control, MAP_LINK, sizeof(*c->link), false);
	status = uio_map(&d->control, MAP_STATUS,
			 DRIVER_BLK_STATUS + sizeof(*c->status), true);
	c->info = uio_map(&d->control, MAP_INFO, sizeof(*c->info), true);
	if (c->requests == NULL || c->responses == NULL || c->window == NULL ||
	    c->link == NULL || status == NULL || c->info == NULL)
		return false;
	c->status = (volatile void *)(status + DRIVER_BLK_STATUS);
	c->window_size = d->data.map[MAP_WINDOW].size;
	return true;
}

/* Device memory cannot be given to the kernel for direct I/O. */
static bool make_bounce(const struct blk_driver *d, struct blk_config *c)
{
	if (!d->data.uncached)
		return true;
	c->bounce = aligned_alloc(BLK_SIZE, (size_t)BLK_DEPTH * BLK_BOUNCE);
	if (c->bounce == NULL)
		say("no memory for the disk's buffers: give the VM more");
	return c->bounce != NULL;
}

/* --- the disk ----------------------------------------------------------- */

/* Return: 1: it is open; 0: it is not there yet; or negative errno. */
static int open_disk(struct blk_driver *d)
{
	char path[UIO_PATH];
	char name[BLK_NAME];
	char serial[BLK_SERIAL_SIZE];
	unsigned int count = blk_find(d->where, d->wanted, name, serial);
	struct blk_disk *disk = &d->uring.disk;
	int e;

	if (count == 0)
		return 0;
	if (count > 1)
		say("there are %u disks, %s is taken: weir_disk=NAME names "
		    "another",
		    count, name);
	snprintf(path, sizeof(path), "%s/%s", d->where->dev, name);
	e = blk_uring_open(&d->uring, d->loop, path);
	if (e < 0)
		return e;
	memcpy(disk->serial, serial, sizeof(disk->serial));
	blk_ready(&d->blk, disk);
	say("ready: %s, %llu blocks of %u, sectors of %u%s, data %s", name,
	    (unsigned long long)(disk->size >> BLK_SHIFT), BLK_SIZE,
	    disk->sector, disk->read_only ? ", read-only" : "",
	    d->blk.config.bounce != NULL ? "copied" : "in place");
	return 1;
}

static void block_news(struct event_source *source, uint32_t events)
{
	struct blk_driver *d = event_owner(source, struct blk_driver, news);
	int found;

	(void)events;
	blk_find_read(source->fd);
	found = open_disk(d);
	if (found < 0)
		_exit(EXIT_FAILURE);
	if (found == 0)
		return;
	close(source->fd);
	source->fd = -1;
}

static int look_for_disk(struct blk_driver *d)
{
	int found;

	d->news.fd = blk_find_news();
	d->news.ready = block_news;
	if (d->news.fd < 0)
		return d->news.fd;
	found = open_disk(d);
	if (found == 0) {
		say("no disk yet, waiting for one");
		return event_add(d->loop, &d->news, EPOLLIN);
	}
	close(d->news.fd);
	d->news.fd = -1;
	return found < 0 ? found : 0;
}

/* --- both --------------------------------------------------------------- */

int blk_driver_start(struct blk_driver *d, struct event_loop *loop,
		     const struct uio_where *where, volatile void *doorbells,
		     const char *wanted)
{
	struct blk_config c = { .doorbells = doorbells };
	int e;

	d->loop = loop;
	d->where = where;
	d->wanted = wanted;
	e = open_devices(d, &c);
	if (e < 0)
		return e;
	if (!map_devices(d, &c) || !make_bounce(d, &c))
		return -EINVAL;
	c.copy = copy_for(d->data.uncached);
	e = blk_init(&d->blk, &c);
	if (e < 0) {
		say("a window of %zu bytes does not do: whole blocks of %u "
		    "are needed",
		    c.window_size, BLK_SIZE);
		return e;
	}
	return look_for_disk(d);
}

bool blk_driver_idle(const struct blk_driver *d)
{
	const uint64_t *requests = d->blk.count.requests;

	return requests[BLK_READ] + requests[BLK_WRITE] == 0;
}
