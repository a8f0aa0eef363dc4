/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm: a driver VM as a component of a PD.
 *
 * The PD has two threads.  One is the PD's event loop, which only logs what the
 * guest writes to its console.  The other is the vCPU: it waits until the
 * system call filter is in force and then runs the guest almost all the time.
 * Frames pass through neither: queues and buffers are memory the guest shares
 * with the virtualisers, doorbells and interrupts go through eventfds from
 * kernel to kernel.
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
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/kvm/guest.h"
#include "vmm/kvm/vfio_open.h"
#include "vmm/linux/pd/pd.h"

/* Descriptors of the component: what was opened for it, then its own. */
enum { FD_KICK = VM_FDS + (int)VFIO_FDS, FD_ENDED };

#define VCPU_STACK 0x40000u
/* KVM's, the console's, and an eventfd for each interrupt of the card. */
#define SPARE_FDS (VM_MAX_GSIS + 16u)
/* What it wrote last is logged in at most so many visits. */
#define LAST_VISITS 64u

/* State of a vm component. */
struct vm_state {
	struct guest guest;	/* the VM */
	pthread_t thread;	/* of the vCPU */
	pthread_barrier_t here; /* where init() waits for it */
	int go;	    /* eventfd the thread waits for before it runs */
	bool going; /* it was written */
	int ended;  /* eventfd that says that the thread has stopped */
	bool over;  /* and it was read */
	unsigned int last; /* visits to the console since then */
	/* how it ended; the thread's until then */
	enum vm_end end;
	struct error err;
};

/* --- the vCPU's thread ---------------------------------------------------- */

static void wait_for(int eventfd)
{
	uint64_t value;

	while (read(eventfd, &value, sizeof(value)) < 0 && errno == EINTR)
		;
}

static void tell(int eventfd)
{
	const uint64_t one = 1;

	(void)!write(eventfd, &one, sizeof(one));
}

/* The filter does not allow the calls that end a thread. */
static _Noreturn void park(const struct vm_state *v)
{
	for (;;)
		wait_for(v->go);
}

static void *run_vcpu(void *state)
{
	struct vm_state *v = state;

	pthread_barrier_wait(&v->here);
	wait_for(v->go);
	v->end = vm_run(&v->guest.vm, &v->err);
	tell(v->ended);
	park(v);
}

static int start_thread(struct vm_state *v, struct error *err)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int e;

	pthread_barrier_init(&v->here, NULL, 2);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, VCPU_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&v->thread, &attr, run_vcpu, v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (e != 0)
		return error_set(err, "cannot start a thread for the vCPU: %s",
				 strerror(e));
	pthread_barrier_wait(&v->here);
	return 0;
}

static int make_eventfds(struct component *c, struct error *err)
{
	struct vm_state *v = c->state;
	int kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	v->go = eventfd(0, EFD_CLOEXEC);
	v->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (kick < 0 || v->go < 0 || v->ended < 0)
		return error_errno(err, "cannot make an eventfd");
	pd_replace_fd(c, FD_KICK, kick);
	pd_replace_fd(c, FD_ENDED, v->ended);
	pd_watch(c, FD_KICK, EPOLLIN);
	pd_watch(c, FD_ENDED, EPOLLIN);
	return 0;
}

/* --- the component's operations ------------------------------------------- */

static int vm_start_card(const struct sys_component *cfg, int *fds,
			 unsigned int n, struct error *err)
{
	return vfio_open(&vfio_machine, cfg->vm.nic, &fds[n], err) == 0
		       ? VFIO_FDS
		       : -1;
}

static int vm_init(struct component *c)
{
	struct vm_state *v = c->state;
	struct error err = { 0 };

	if (make_eventfds(c, &err) != 0 ||
	    guest_make(&v->guest, c, c->fd[FD_KICK], &err) != 0 ||
	    start_thread(v, &err) != 0) {
		/* The monitor reports the first line as the reason. */
		pd_log(c, "%s", err.text);
		_exit(EXIT_FAILURE);
	}
	pd_replace_fd(c, VM_FD_KERNEL, -1);
	pd_replace_fd(c, VM_FD_INITRD, -1);
	return 0;
}

static void vm_fd_ready(struct component *c, unsigned int fd_index,
			uint32_t events)
{
	struct vm_state *v = c->state;

	(void)events;
	wait_for(c->fd[fd_index]);
	if (fd_index == FD_ENDED)
		v->over = true;
}

/* Log how it ended, and exit. */
static _Noreturn void give_up(struct component *c)
{
	struct vm_state *v = c->state;

	console_flush(&v->guest.console);
	if (v->end == VM_RESET)
		pd_log(c, "the guest has reset itself");
	else if (v->end == VM_SHUTDOWN)
		pd_log(c, "the guest has turned itself off");
	else
		pd_log(c, "%s", v->err.text);
	_exit(EXIT_FAILURE);
}

static bool vm_run_component(struct component *c, uint64_t now_ns)
{
	struct vm_state *v = c->state;
	bool more;

	(void)now_ns;
	if (!v->going) {
		v->going = true;
		tell(v->go);
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
	.start = vm_start_card,
	.init = vm_init,
	.fd_ready = vm_fd_ready,
	.run = vm_run_component,
};
