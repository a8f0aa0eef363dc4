/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * client-vm: a virtual machine that is a client of switch ports, as a component
 * of a PD.
 *
 * The PD has a thread for each vCPU, and the event loop.  Its cards and disks
 * are served by PDs of their own (front_device.h); the monitor brings the
 * connections to these, and the guest starts when all are there.  A device that
 * was started again gets a new connection, and the guest does not notice more
 * than a pause.
 *
 * How the guest ends is the PD's exit status (vm_end.h): the monitor starts a
 * guest that reboots at once, and leaves off one that has turned itself off.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/link.h"
#include "vmm/kvm/blk_device.h"
#include "vmm/kvm/guest.h"
#include "vmm/kvm/layout.h"
#include "vmm/kvm/net_device.h"
#include "vmm/kvm/rng_device.h"
#include "vmm/kvm/terminals.h"
#include "vmm/kvm/vcpus.h"
#include "vmm/kvm/vm_end.h"
#include "vmm/linux/order.h"

/* Descriptors: what was opened for it, its RAM, then its own. */
enum { FD_RAM = VM_FDS, FD_KICK, FD_ENDED, FD_TERMINALS };

/* Those the monitor connects: ports, then disks. */
#define DEVICES (SYS_VM_PORTS + SYS_VM_DISKS)

/* KVM's, and those of devices: two eventfds, a socket, memory, doorbells. */
#define SPARE_FDS                                                              \
	(VM_MAX_CPUS + (4u + FRONT_QUEUES) * (DEVICES + 2u) + TERMINALS)
/* What it wrote last is logged in at most so many visits. */
#define LAST_VISITS 64u

/**
 * struct client_vm - the component's state
 * @vm:       the VM
 * @vcpus:    its vCPUs
 * @console:  its console
 * @rng:      its source of random bytes
 * @front:    its cards and disks
 * @n_front:  how many
 * @terminals: people at the console
 * @going:    the vCPUs run
 * @over:     the VM has ended
 * @last:     visits to the console since then
 */
struct client_vm {
	struct vm vm;
	struct vcpus vcpus;
	struct console console;
	struct rng_device rng;
	struct front_device front[DEVICES];
	unsigned int n_front;
	struct terminals terminals;
	bool going;
	bool over;
	unsigned int last;
};

/* --- putting it together ------------------------------------------------ */

static int make_card(struct component *c, struct front_device *d,
		     unsigned int number, struct error *err)
{
	const struct sys_vm_port *port = &c->cfg->vm.port[number];
	const struct net_device_config config = {
		.ram = guest_ram(c),
		.ram_fd = c->fd[FD_RAM],
		.mac = port->mac,
		.mtu = (uint16_t)port->mtu,
	};

	return net_device_make(d, &config, err);
}

static int make_disk(struct component *c, struct front_device *d,
		     struct error *err)
{
	const struct guest_region ram = guest_ram(c);

	return blk_device_make(d, &ram, c->fd[FD_RAM], c->cfg->vm.cpus, err);
}

/* Cards, disks, and behind them the source of random bytes. */
static int make_devices(struct component *c, struct error *err)
{
	struct client_vm *v = c->state;
	const struct guest_region ram = guest_ram(c);
	unsigned int n;

	v->n_front = c->cfg->vm.n_ports + c->cfg->vm.n_disks;
	for (n = 0; n < v->n_front; n++) {
		struct front_device *d = &v->front[n];

		if ((n < c->cfg->vm.n_ports ? make_card(c, d, n, err)
					    : make_disk(c, d, err)) != 0 ||
		    front_device_plug(d, &v->vm, n, err) != 0)
			return -1;
	}
	if (rng_device_make(&v->rng, &ram, err) != 0)
		return -1;
	return virtio_device_plug(&v->rng.dev, &v->vm,
				  LAYOUT_VIRTIO + n * LAYOUT_VIRTIO_SIZE,
				  LAYOUT_SPI_VIRTIO + n, err);
}

static int make(struct component *c, struct error *err)
{
	struct client_vm *v = c->state;
	const struct sys_vm *cfg = &c->cfg->vm;
	const struct guest_region ram = guest_ram(c);
	struct fdt_config f = {
		.client = true,
		.cpus = cfg->cpus,
		.devices = cfg->n_ports + cfg->n_disks + 1,
		.ram = cfg->memory,
		.append = cfg->append,
	};
	int kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (kick < 0)
		return error_errno(err, "cannot make an eventfd");
	pd_replace_fd(c, FD_KICK, kick);
	if (guest_create(&v->vm, c, cfg->cpus, err) != 0 ||
	    guest_console(&v->console, &v->vm, c, kick, err) != 0 ||
	    make_devices(c, err) != 0 ||
	    vm_memory(&v->vm, ram.start, ram.host, ram.size, false, err) != 0 ||
	    guest_load(&v->vm, c, &f, err) != 0)
		return -1;
	return vcpus_make(&v->vcpus, &v->vm, err);
}

static int client_vm_init(struct component *c)
{
	struct client_vm *v = c->state;
	struct error err = { 0 };

	terminals_init(&v->terminals, c, FD_TERMINALS, &v->console);
	if (make(c, &err) != 0) {
		/* The monitor reports the first line as the reason. */
		pd_log(c, "%s", err.text);
		_exit(EXIT_FAILURE);
	}
	pd_replace_fd(c, FD_ENDED, v->vcpus.ended);
	pd_watch(c, FD_KICK, EPOLLIN);
	pd_watch(c, FD_ENDED, EPOLLIN);
	pd_replace_fd(c, VM_FD_KERNEL, -1);
	pd_replace_fd(c, VM_FD_INITRD, -1);
	return 0;
}

/* --- while it runs ------------------------------------------------------ */

/* The guest's links are as its ports' are. */
static void look_at_links(struct component *c)
{
	struct client_vm *v = c->state;

	for (unsigned int i = 0; i < c->cfg->vm.n_ports; i++) {
		const struct link_page *link =
			pd_region(c, c->cfg->vm.port[i].link, NULL);

		net_device_carrier(&v->front[i],
				   link != NULL && link_carrier(link));
	}
}

static void client_vm_given(struct component *c, uint32_t what, int fd)
{
	struct client_vm *v = c->state;

	if (what == PD_GIVEN_CONSOLE)
		terminals_add(&v->terminals, fd);
	else if (what >= v->n_front)
		close(fd);
	else if (!front_device_connect(&v->front[what], fd))
		pd_log(c,
		       "device %u does not answer; it is connected again "
		       "when its process has been started anew",
		       what);
}

static void client_vm_notified(struct component *c, uint32_t channel)
{
	(void)channel;
	look_at_links(c);
}

static void client_vm_fd_ready(struct component *c, unsigned int fd_index,
			       uint32_t events)
{
	struct client_vm *v = c->state;

	if (fd_index >= FD_TERMINALS) {
		terminals_ready(&v->terminals, fd_index, events);
		return;
	}
	vcpus_wait(c->fd[fd_index]);
	if (fd_index == FD_ENDED)
		v->over = true;
}

/* All devices are there: the guest may look for them. */
static void set_off(struct component *c)
{
	struct client_vm *v = c->state;

	for (unsigned int i = 0; i < v->n_front; i++) {
		if (!front_device_connected(&v->front[i]))
			return;
	}
	v->going = true;
	look_at_links(c);
	vcpus_go(&v->vcpus);
}

static _Noreturn void give_up(struct component *c)
{
	struct client_vm *v = c->state;
	int status = EXIT_FAILURE;

	console_flush(&v->console);
	/* Of the guest's own will: the monitor says so. */
	if (v->vcpus.end == VM_RESET)
		status = VM_EXIT_REBOOT;
	else if (v->vcpus.end == VM_SHUTDOWN)
		status = VM_EXIT_OFF;
	else
		pd_log(c, "%s", v->vcpus.err.text);
	_exit(status);
}

static bool client_vm_run(struct component *c, uint64_t now_ns)
{
	struct client_vm *v = c->state;
	bool more;

	(void)now_ns;
	if (!v->going)
		set_off(c);
	terminals_work(&v->terminals);
	more = console_work(&v->console);
	if (v->over && (!more || v->last++ == LAST_VISITS))
		give_up(c);
	return more;
}

static const int client_vm_syscalls[] = { SYS_read,    SYS_ppoll, SYS_sendmsg,
					  SYS_recvmsg, SYS_close, SYS_getrandom,
					  -1 };
static const unsigned long client_vm_ioctls[] = { KVM_RUN, 0 };

const struct component_ops client_vm_ops = {
	.kind = SYS_CLIENT_VM,
	.name = "vm",
	.state_size = sizeof(struct client_vm),
	.syscalls = client_vm_syscalls,
	.ioctls = client_vm_ioctls,
	.spare_fds = SPARE_FDS,
	.threads = true,
	.open = client_vm_open,
	.init = client_vm_init,
	.given = client_vm_given,
	.notified = client_vm_notified,
	.fd_ready = client_vm_fd_ready,
	.run = client_vm_run,
};
