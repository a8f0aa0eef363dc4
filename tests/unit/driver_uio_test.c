/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UIO devices of a driver VM: a made-up sysfs, files for memory, and pairs of
 * sockets for interrupts.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "virt/driver_abi.h"
#include "driver_vm/event.h"
#include "driver_vm/uio.h"

#define PAGE 4096u

static char top[64];
static char sysfs[96];
static char dev[96];
static struct uio_where where = { sysfs, dev };

/* --- a tree ------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	(void)state;
	strcpy(top, "/tmp/weir-uio-test.XXXXXX");
	assert_non_null(mkdtemp(top));
	snprintf(sysfs, sizeof(sysfs), "%s/sys", top);
	snprintf(dev, sizeof(dev), "%s/dev", top);
	shell("mkdir -p %s/class/uio %s", sysfs, dev);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	shell("rm -r %s", top);
	return 0;
}

/* A device with @maps maps of a page, each full of its number. */
static void add(unsigned int number, const char *name, unsigned int maps,
		const char *driver)
{
	char dir[160];

	snprintf(dir, sizeof(dir), "%s/class/uio/uio%u", sysfs, number);
	shell("mkdir -p %s/device/of_node %s/maps && echo %s >%s/name", dir,
	      dir, name, dir);
	shell("ln -s ../../../bus/platform/drivers/%s %s/device/driver", driver,
	      dir);
	for (unsigned int i = 0; i < maps; i++) {
		shell("mkdir %s/maps/map%u && cd %s/maps/map%u &&"
		      " echo 0x%x >addr; echo 0x1000 >size; echo 0x0 >offset",
		      dir, i, dir, i, 0x40000000 + i * PAGE);
		shell("head -c 4096 /dev/zero | tr '\\0' '\\%o' >>%s/uio%u",
		      i + 1, dev, number);
	}
	shell("touch %s/uio%u", dev, number);
}

/* --- finding ------------------------------------------------------------ */

static void by_name_not_by_number(void **state)
{
	struct uio_device d;
	uint8_t *map;

	(void)state;
	add(0, "net0-data", 1, "weir_shared");
	add(1, "net0-queue", 1, "weir_shared");
	add(12, "net0-queues", 3, "weir_shared");
	add(3, "net0-queues2", 1, "weir_shared");
	assert_int_equal(uio_open(&d, &where, "net0-queues"), 0);
	assert_int_equal(d.number, 12);
	assert_int_equal(d.n_maps, 3);
	assert_int_equal(d.map[2].address, 0x40002000);
	assert_false(d.uncached);
	for (unsigned int i = 0; i < 3; i++) {
		map = uio_map(&d, i, PAGE, false);
		assert_non_null(map);
		assert_int_equal(map[0], i + 1);
		assert_int_equal(map[PAGE - 1], i + 1);
	}
	/* Stores go to the device. */
	map = uio_map(&d, 1, 1, true);
	map[7] = 99;
	map = uio_map(&d, 1, 1, false);
	assert_int_equal(map[7], 99);
	close(d.source.fd);
}

static void a_map_that_starts_inside_a_page(void **state)
{
	struct uio_device d;
	uint8_t *map;

	(void)state;
	add(0, "x", 1, "weir_shared");
	shell("echo 0x80 >%s/class/uio/uio0/maps/map0/offset", sysfs);
	shell("echo 0x100 >%s/class/uio/uio0/maps/map0/size", sysfs);
	assert_int_equal(uio_open(&d, &where, "x"), 0);
	map = uio_map(&d, 0, 0x100, false);
	assert_non_null(map);
	assert_int_equal((uintptr_t)map % PAGE, 0x80);
	close(d.source.fd);
}

static void device_memory_is_known_by_its_driver(void **state)
{
	struct uio_device d;

	(void)state;
	add(0, "a", 1, "uio_pdrv_genirq");
	add(1, "b", 1, "weir_shared");
	add(2, "c", 1, "weir_shared");
	assert_int_equal(uio_open(&d, &where, "a"), 0);
	assert_true(d.uncached);
	close(d.source.fd);
	assert_int_equal(uio_open(&d, &where, "b"), 0);
	assert_false(d.uncached);
	close(d.source.fd);
	/* The careful way if nobody knows. */
	shell("rm %s/class/uio/uio2/device/driver", sysfs);
	assert_int_equal(uio_open(&d, &where, "c"), 0);
	assert_true(d.uncached);
	close(d.source.fd);
}

static void properties(void **state)
{
	struct uio_device d;
	uint32_t value = 0;

	(void)state;
	add(0, "x", 1, "weir_shared");
	shell("cd %s/class/uio/uio0/device/of_node &&"
	      " printf '\\0\\0\\2\\0' >weir,capacity; printf '\\1' >weir,short",
	      sysfs);
	assert_int_equal(uio_open(&d, &where, "x"), 0);
	assert_int_equal(uio_property(&d, "weir,capacity", &value), 0);
	assert_int_equal(value, 512);
	assert_int_equal(uio_property(&d, "weir,max-frame", &value), -ENOENT);
	assert_int_equal(uio_property(&d, "weir,short", &value), -EINVAL);
	assert_int_equal(value, 512);
	close(d.source.fd);
}

static void what_is_not_there(void **state)
{
	struct uio_where nowhere = { "/nonexistent", dev };
	struct uio_device d;

	(void)state;
	add(0, "x", 1, "weir_shared");
	assert_int_equal(uio_open(&d, &where, "y"), -ENODEV);
	assert_int_equal(uio_open(&d, &nowhere, "x"), -ENOENT);
	assert_int_equal(uio_open(&d, &where, "x"), 0);
	assert_null(uio_map(&d, 0, PAGE + 1, false));
	assert_null(uio_map(&d, 1, 1, false));
	assert_null(uio_map(&d, UIO_MAPS, 1, false));
	close(d.source.fd);
	shell("rm %s/uio0", dev);
	assert_int_equal(uio_open(&d, &where, "x"), -ENOENT);
}

static void no_more_maps_than_there_can_be(void **state)
{
	struct uio_device d;

	(void)state;
	add(0, "x", UIO_MAPS + 2, "weir_shared");
	assert_int_equal(uio_open(&d, &where, "x"), 0);
	assert_int_equal(d.n_maps, UIO_MAPS);
	close(d.source.fd);
}

/* --- the loop ----------------------------------------------------------- */

/*
 * A device whose other end is a socket: what the kernel would read and write.
 */
static int wired(struct uio_device *d)
{
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	*d = (struct uio_device){ .source.fd = pair[0], .name = "x" };
	return pair[1];
}

static void interrupt(int kernel, uint32_t count)
{
	assert_int_equal(write(kernel, &count, sizeof(count)), sizeof(count));
}

/* Whether interrupts were switched on since we looked last. */
static bool switched_on(int kernel)
{
	uint32_t on = 0;

	return read(kernel, &on, sizeof(on)) == sizeof(on) && on == 1;
}

static void interrupts_are_acknowledged(void **state)
{
	struct uio_device d[3];
	struct event_loop loop;
	int kernel[3];

	(void)state;
	assert_int_equal(event_init(&loop), 0);
	for (unsigned int i = 0; i < 3; i++) {
		kernel[i] = wired(&d[i]);
		assert_int_equal(uio_wait(&d[i], &loop), 0);
		assert_true(switched_on(kernel[i]));
	}
	assert_int_equal(event_wait(&loop, false), 0);
	for (uint32_t n = 1; n < 20; n++) {
		interrupt(kernel[n % 3], n);
		interrupt(kernel[(n + 1) % 3], n);
		assert_int_equal(event_wait(&loop, true), 2);
		assert_true(switched_on(kernel[n % 3]));
		assert_true(switched_on(kernel[(n + 1) % 3]));
		assert_false(switched_on(kernel[(n + 2) % 3]));
		/* Taken: the loop would not spin. */
		assert_int_equal(event_wait(&loop, false), 0);
	}
	assert_int_equal(d[0].interrupts + d[1].interrupts + d[2].interrupts,
			 38);
	assert_int_equal(loop.wakeups, 19);
	for (unsigned int i = 0; i < 3; i++) {
		close(kernel[i]);
		close(d[i].source.fd);
	}
	close(loop.epoll);
}

struct counter {
	struct event_source source;
	unsigned int calls;
	uint32_t events;
};

static void count(struct event_source *source, uint32_t events)
{
	struct counter *c = event_owner(source, struct counter, source);

	c->calls++;
	c->events = events;
}

static void sources_of_any_kind(void **state)
{
	struct counter many[40];
	struct event_loop loop;

	(void)state;
	assert_int_equal(event_init(&loop), 0);
	for (unsigned int i = 0; i < 40; i++) {
		many[i] = (struct counter){
			.source = { .fd = eventfd(1, EFD_NONBLOCK),
				    .ready = count },
		};
		assert_int_equal(event_add(&loop, &many[i].source, EPOLLIN), 0);
	}
	/* More than are answered at once: nobody is forgotten. */
	for (unsigned int i = 0; i < 3; i++)
		assert_true(event_wait(&loop, true) > 0);
	for (unsigned int i = 0; i < 40; i++) {
		assert_true(many[i].calls > 0);
		assert_int_equal(many[i].events, EPOLLIN);
		assert_int_equal(event_watch(&loop, &many[i].source, 0), 0);
	}
	assert_int_equal(event_wait(&loop, false), 0);
	/* No system call if nothing changes. */
	loop.syscalls = 0;
	assert_int_equal(event_watch(&loop, &many[0].source, 0), 0);
	assert_int_equal(loop.syscalls, 0);
	assert_int_equal(event_watch(&loop, &many[0].source, EPOLLOUT), 0);
	assert_int_equal(event_wait(&loop, true), 1);
	assert_int_equal(many[0].events, EPOLLOUT);
	assert_int_equal(loop.syscalls, 2);
	for (unsigned int i = 0; i < 40; i++)
		close(many[i].source.fd);
	close(loop.epoll);
}

/* It comes back all the same, to say that it lives. */
static void hc39_nothing_happens(void **state)
{
	struct event_loop loop;

	(void)state;
	assert_int_equal(event_init(&loop), 0);
	assert_int_equal(event_wait(&loop, true), 0);
	assert_int_equal(loop.wakeups, 0);
	close(loop.epoll);
}

static void a_doorbell_is_a_store(void **state)
{
	uint32_t page[2] = { 0 };

	(void)state;
	uio_ring(page, DRIVER_DOORBELL_STATUS);
	assert_int_equal(page[0], 0);
	assert_int_not_equal(page[1], 0);
	uio_ring(page, DRIVER_DOORBELL_QUEUES);
	assert_int_not_equal(page[0], 0);
}

#define TREE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE(by_name_not_by_number),
		TREE(a_map_that_starts_inside_a_page),
		TREE(device_memory_is_known_by_its_driver),
		TREE(properties),
		TREE(what_is_not_there),
		TREE(no_more_maps_than_there_can_be),
		cmocka_unit_test(interrupts_are_acknowledged),
		cmocka_unit_test(sources_of_any_kind),
		cmocka_unit_test(hc39_nothing_happens),
		cmocka_unit_test(a_doorbell_is_a_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
