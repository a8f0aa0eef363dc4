/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm: a driver VM as a component of a PD.
 *
 * The PD has two threads.  One is the PD's event loop, which only logs what the
 * guest writes to its console.  The other is the vCPU: it waits until the
 * system call filter is in force and then runs the guest almost all the time.
 * Frames and blocks pass through neither: queues and buffers are memory the
 * guest shares with the virtualisers, doorbells and interrupts go through
 * eventfds from kernel to kernel.
 *
 * A VM runs once.  When the guest resets itself or KVM fails, the PD exits and
 * the monitor restarts it; closing the card's descriptors resets the card
 * before it is opened again.
 *
 * The guest can cause system calls of this process only through the devices'
 * registers (console.c, pci.c).
 */
#include <errno.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/kvm/guest.h"
#include "vmm/kvm/vcpus.h"
#include "vmm/kvm/vfio_open.h"
#include "vmm/linux/pd/pd.h"

/* Descriptors of the component: what was opened for it, then its own. */
enum { FD_KICK = VM_FDS + (int)PCI_CARDS * (int)VFIO_FDS, FD_ENDED };

/* KVM's, the console's, and an eventfd for each interrupt of the card. */
#define SPARE_FDS (VM_MAX_GSIS + 16u)
/* What it wrote last is logged in at most so many visits. */
#define LAST_VISITS 64u

/* State of a vm component. */
struct vm_state {
	struct guest guest; /* the VM */
	struct vcpus vcpus;
	bool going;	   /* it runs */
	bool over;	   /* it has ended */
	unsigned int last; /* visits to the console since then */
};

static int make_kick(struct component *c, struct error *err)
{
	int kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (kick < 0)
		return error_errno(err, "cannot make an eventfd");
	pd_replace_fd(c, FD_KICK, kick);
	pd_watch(c, FD_KICK, EPOLLIN);
	return 0;
}

/* --- the component's operations ----------------------------------------- */

/* In the order of enum pci_card, those that there are. */
static int vm_start_cards(const struct sys_component *cfg, int *fds,
			  unsigned int n, struct error *err)
{
	const char *const address[PCI_CARDS] = {
		[PCI_NIC] = cfg->vm.nic,
		[PCI_STORAGE] = cfg->vm.storage,
	};
	int opened = 0;

	for (unsigned int i = 0; i < PCI_CARDS; i++) {
		if (address[i][0] == '\0')
			continue;
		if (vfio_open(&vfio_machine, address[i], &fds[(int)n + opened],
			      err) != 0) {
			while (opened > 0)
				close(fds[(int)n + --opened]);
			return -1;
		}
		opened += VFIO_FDS;
	}
	return opened;
}

static int vm_init(struct component *c)
{
	struct vm_state *v = c->state;
	struct error err = { 0 };

	if (make_kick(c, &err) != 0 ||
	    guest_make(&v->guest, c, c->fd[FD_KICK], &err) != 0 ||
	    vcpus_make(&v->vcpus, &v->guest.vm, &err) != 0) {
		/* The monitor reports the first line as the reason. */
		pd_log(c, "%s", err.text);
		_exit(EXIT_FAILURE);
	}
	pd_replace_fd(c, FD_ENDED, v->vcpus.ended);
	pd_watch(c, FD_ENDED, EPOLLIN);
	pd_replace_fd(c, VM_FD_KERNEL, -1);
	pd_replace_fd(c, VM_FD_INITRD, -1);
	return 0;
}

static void vm_fd_ready(struct component *c, unsigned int fd_index,
			uint32_t events)
{
	struct vm_state *v = c->state;

	(void)events;
	vcpus_wait(c->fd[fd_index]);
	if (fd_index == FD_ENDED)
		v->over = true;
}

/* Log how it ended, and exit. */
static _Noreturn void give_up(struct component *c)
{
	struct vm_state *v = c->state;

	console_flush(&v->guest.console);
	if (v->vcpus.end == VM_RESET)
		pd_log(c, "the guest has reset itself");
	else if (v->vcpus.end == VM_SHUTDOWN)
		pd_log(c, "the guest has turned itself off");
	else
		pd_log(c, "%s", v->vcpus.err.text);
	_exit(EXIT_FAILURE);
}

static bool vm_run_component(struct component *c, uint64_t now_ns)
{
	struct vm_state *v = c->state;
	bool more;

	(void)now_ns;
	if (!v->going) {
		v->going = true;
		vcpus_go(&v->vcpus);
	}
	more = console_work(&v->guest.console);
	if (v->over && (!more || v->last++ == LAST_VISITS))
		give_up(c);
	return more;
}

/* pread() and pwrite() reach the card's configuration space. */
static const int vm_syscalls[] = { SYS_read, SYS_pread64, SYS_pwrite64, -1 };
static const unsigned long vm_ioctls[] = { KVM_RUN, PCI_IOCTLS, 0 };

const struct component_ops vm_ops = {
	.kind = SYS_VM,
	.name = "vm",
	.state_size = sizeof(struct vm_state),
	.syscalls = vm_syscalls,
	.ioctls = vm_ioctls,
	.spare_fds = SPARE_FDS,
	.threads = true,
	.locks_memory = true,
	.open = vm_open,
	.start = vm_start_cards,
	.init = vm_init,
	.fd_ready = vm_fd_ready,
	.run = vm_run_component,
};
