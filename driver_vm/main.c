/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program of a driver VM: /init of a guest that does nothing else.
 *
 *	uio.c		shared memory, doorbells, interrupts: the other side
 *	event.c		waits for everything
 *
 *	net_driver.c	a network card, if the VM has one:
 *	rtlink.c	which interface it is, has it a carrier
 *	net_packet.c	its frames; or net_socket.c, a call per frame
 *	net.c		frames between it and the other side
 *
 *	blk_driver.c	a disk, if the VM has one:
 *	blk_find.c	which block device it is
 *	blk_uring.c	its requests
 *	blk.c		requests between it and the other side
 *
 * It starts, and from then on it sleeps in epoll_wait(2) or works.  It
 * does not handle failures itself: it writes what is wrong to the console and
 * exits.  The kernel panics at the loss of its first process, the VM resets,
 * and the monitor restarts the VMM.
 *
 * The kernel passes unknown words of its command line without a dot as
 * environment variables:
 *
 *	weir_card=packet	the card by rings in memory; the default
 *	weir_card=socket	by one system call per frame
 *	weir_disk=NAME		the disk, if there are several: nvme0n1
 *
 * Options are for running it without being the first process:
 *
 *	--sysfs DIR, --dev DIR	where UIO devices are looked for
 *	--interface NAME	the card; else the first Ethernet interface
 *
 * What the VM has is what it has UIO devices for.
 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver_vm/blk_driver.h"
#include "driver_vm/boot.h"
#include "driver_vm/event.h"
#include "driver_vm/net_driver.h"
#include "driver_vm/say.h"
#include "driver_vm/uio.h"

/* Rounds between two looks at descriptors while there is work. */
#define ROUNDS 64u

/* The whole program. */
struct driver {
	struct event_loop loop;
	struct uio_device doorbell;
	struct net_driver net;
	struct blk_driver blk;
	bool has_net;
	bool has_blk;
	uint64_t quiet; /* system calls made before there was work */
};

/* --- starting ----------------------------------------------------------- */

static int start(struct driver *d, const struct uio_where *where,
		 const char *interface)
{
	volatile void *doorbells = NULL;
	int e = event_init(&d->loop);

	d->has_blk = uio_exists(where, DRIVER_UIO_BLK_QUEUES);
	/* Without either, it is the card that is missed. */
	d->has_net = !d->has_blk || uio_exists(where, DRIVER_UIO_QUEUES);
	if (e == 0)
		e = uio_open(&d->doorbell, where, DRIVER_UIO_DOORBELL);
	if (e == 0) {
		doorbells = uio_map(&d->doorbell, 0, DRIVER_DOORBELLS, true);
		e = doorbells == NULL ? -EINVAL : 0;
	}
	/* The disk first: it is not waited for, the card is. */
	if (e == 0 && d->has_blk)
		e = blk_driver_start(&d->blk, &d->loop, where, doorbells,
				     getenv("weir_disk"));
	if (e == 0 && d->has_net)
		e = net_driver_start(&d->net, &d->loop, where, doorbells,
				     interface);
	return e == 0 ? uio_wait(&d->doorbell, &d->loop) : e;
}

/* --- running ------------------------------------------------------------ */

static void report(struct driver *d)
{
	uint64_t calls;

	if ((!d->has_net || net_driver_idle(&d->net)) &&
	    (!d->has_blk || blk_driver_idle(&d->blk)))
		d->quiet = d->loop.syscalls;
	calls = d->loop.syscalls - d->quiet;
	if (d->has_net)
		net_report(&d->net.net, d->loop.wakeups, calls,
			   d->doorbell.interrupts);
	if (d->has_blk)
		blk_report(&d->blk.blk, d->loop.wakeups, calls,
			   d->doorbell.interrupts);
}

/* Each has its turn, whatever the other has to do. */
static bool work(struct driver *d)
{
	bool more = false;

	if (d->has_net)
		more |= net_run(&d->net.net);
	if (d->has_blk)
		more |= blk_run(&d->blk.blk);
	return more;
}

static bool arm(struct driver *d)
{
	bool more = false;

	if (d->has_net)
		more |= net_arm(&d->net.net);
	if (d->has_blk)
		more |= blk_arm(&d->blk.blk);
	return more;
}

static int run(struct driver *d)
{
	for (unsigned int round = 1;; round++) {
		bool busy = work(d) || arm(d);
		int n;

		if (busy && round % ROUNDS != 0)
			continue;
		report(d);
		n = event_wait(&d->loop, !busy);
		if (n < 0)
			return n;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sysfs", required_argument, NULL, 's' },
		{ "dev", required_argument, NULL, 'd' },
		{ "interface", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	static struct driver driver;
	struct uio_where where = { "/sys", "/dev" };
	const char *interface = NULL;
	int option;
	int e = 0;

	/*
	 * The first process gets unknown words of the kernel's command line as
	 * arguments; they are ignored.
	 */
	while (getpid() != 1 &&
	       (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			where.sysfs = optarg;
		else if (option == 'd')
			where.dev = optarg;
		else if (option == 'i')
			interface = optarg;
		else
			return EXIT_FAILURE;
	}
	if (getpid() == 1)
		e = boot();
	if (e == 0)
		e = start(&driver, &where, interface);
	if (e == 0)
		e = run(&driver);
	say("giving up: %s", strerror(-e));
	return EXIT_FAILURE;
}
