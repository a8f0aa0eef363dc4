/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client VM and its devices.  Each tells the other its name when they are
 * connected, and logs what it hears; the VM does what is typed at its console.
 */
#include "tests/unit/fake_components.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/link.h"
#include "vmm/kvm/vm_end.h"
#include "vmm/kvm/vm_stats.h"
#include "vmm/linux/order.h"

/* Places of the VM's descriptors; consoles, then devices. */
#define RAM 0u
#define CONSOLE 1u
#define CONSOLES 2u
#define DEVICE (CONSOLE + CONSOLES)

struct fake_guest {
	unsigned int consoles;
	uint32_t carrier[SYS_VM_PORTS];
};

static int guest_init(struct component *c)
{
	const struct sys_vm *cfg = &c->cfg->vm;
	struct vm_stats *stats = pd_region(c, cfg->vmm_stats, NULL);
	uint64_t *ram = pd_region(c, cfg->ram, NULL);
	uint64_t seen = 0;

	/* Nothing may be left of another life. */
	if (*ram != 0 || stats->exits != 0)
		pd_log(c, "dirty");
	*ram = 7;
	stats->exits = 3;
	if (c->n_fds != 1 ||
	    pread(c->fd[RAM], &seen, sizeof(seen), 0) != sizeof(seen) ||
	    seen != 7)
		pd_log(c, "it was not given its memory: dirty");
	return 0;
}

static void guest_given(struct component *c, uint32_t what, int fd)
{
	struct fake_guest *g = c->state;
	unsigned int at = DEVICE + what;

	if (what == PD_GIVEN_CONSOLE) {
		at = CONSOLE + g->consoles++ % CONSOLES;
		(void)!write(fd, "login: ", 7);
	} else {
		(void)!write(fd, c->cfg->name, strlen(c->cfg->name));
	}
	pd_replace_fd(c, at, fd);
	pd_watch(c, at, EPOLLIN);
}

static void guest_obey(struct component *c, const char *text, unsigned int at)
{
	if (strncmp(text, "reboot", 6) == 0)
		_exit(VM_EXIT_REBOOT);
	if (strncmp(text, "off", 3) == 0)
		_exit(VM_EXIT_OFF);
	if (strncmp(text, "crash", 5) == 0)
		__builtin_trap();
	(void)!write(c->fd[at], text, strlen(text));
}

static void guest_ready(struct component *c, unsigned int fd, uint32_t events)
{
	char text[64] = "";
	ssize_t n = read(c->fd[fd], text, sizeof(text) - 1);

	(void)events;
	if (n <= 0)
		pd_replace_fd(c, fd, -1);
	if (fd >= DEVICE)
		pd_log(c, "device %u: %s", fd - DEVICE, n > 0 ? text : "gone");
	else if (n > 0)
		guest_obey(c, text, fd);
}

static bool guest_run(struct component *c, uint64_t now_ns)
{
	const struct sys_vm *cfg = &c->cfg->vm;
	struct fake_guest *g = c->state;

	(void)now_ns;
	for (uint32_t i = 0; i < cfg->n_ports; i++) {
		const struct link_page *link =
			pd_region(c, cfg->port[i].link, NULL);
		uint32_t carrier = link_carrier(link) ? 1 : 2;

		if (carrier != g->carrier[i])
			pd_log(c, "device %u: carrier %s", i,
			       carrier == 1 ? "up" : "down");
		g->carrier[i] = carrier;
	}
	return false;
}

static const int fake_syscalls[] = { SYS_read, -1 };

const struct component_ops fake_guest_ops = {
	.kind = SYS_CLIENT_VM,
	.name = "vm",
	.state_size = sizeof(struct fake_guest),
	.syscalls = fake_syscalls,
	.spare_fds = CONSOLES + SYS_VM_PORTS + SYS_VM_DISKS + 2,
	.init = guest_init,
	.given = guest_given,
	.fd_ready = guest_ready,
	.run = guest_run,
};

/* --- its devices -------------------------------------------------------- */

static int device_init(struct component *c)
{
	const struct order *o = pd_region(c, c->cfg->wire.egress.data, NULL);
	uint32_t *obeyed = c->state;

	*obeyed = o->number;
	return 0;
}

static void device_given(struct component *c, uint32_t what, int fd)
{
	(void)!write(fd, c->cfg->name, strlen(c->cfg->name));
	pd_replace_fd(c, 0, fd);
	pd_watch(c, 0, EPOLLIN);
	if (what != 0)
		pd_log(c, "what is %u? dirty", what);
}

static void device_ready(struct component *c, unsigned int fd, uint32_t events)
{
	char text[64];
	ssize_t n;

	(void)events;
	/* Both may have happened: it said something, and went. */
	do {
		memset(text, 0, sizeof(text));
		n = read(c->fd[fd], text, sizeof(text) - 1);
		if (n < 0 && errno == EAGAIN)
			return;
		pd_log(c, "vm: %s", n > 0 ? text : "gone");
	} while (n > 0);
	pd_replace_fd(c, fd, -1);
}

static bool device_run(struct component *c, uint64_t now_ns)
{
	const struct order *o = pd_region(c, c->cfg->wire.egress.data, NULL);
	const uint32_t *obeyed = c->state;

	(void)now_ns;
	if (o->number != *obeyed)
		__builtin_trap();
	return false;
}

const struct component_ops fake_device_ops = {
	.kind = SYS_VHOST_USER,
	.name = "vhost-user",
	.state_size = sizeof(uint32_t),
	.syscalls = fake_syscalls,
	.init = device_init,
	.given = device_given,
	.fd_ready = device_ready,
	.run = device_run,
};

static int disk_init(struct component *c)
{
	(void)c;
	return 0;
}

static bool disk_run(struct component *c, uint64_t now_ns)
{
	(void)c;
	(void)now_ns;
	return false;
}

/* It has no switch that gives orders. */
const struct component_ops fake_disk_ops = {
	.kind = SYS_DISK,
	.name = "disk",
	.syscalls = fake_syscalls,
	.init = disk_init,
	.given = device_given,
	.fd_ready = device_ready,
	.run = disk_run,
};
