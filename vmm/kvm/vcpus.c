/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs in threads: see vcpus.h. */
#include "vmm/kvm/vcpus.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK 0x40000u

/* What a thread is told. */
struct start {
	struct vcpus *vcpus;
	unsigned int cpu;
};

void vcpus_wait(int eventfd)
{
	uint64_t value;

	while (read(eventfd, &value, sizeof(value)) < 0 && errno == EINTR)
		;
}

static void tell(int eventfd, uint64_t times)
{
	(void)!write(eventfd, &times, sizeof(times));
}

/* The filter does not allow the calls that end a thread. */
static _Noreturn void park(const struct vcpus *v)
{
	for (;;)
		vcpus_wait(v->go);
}

static void *run(void *arg)
{
	struct start *start = arg;
	struct vcpus *v = start->vcpus;
	struct error err = { 0 };
	enum vm_end end;

	pthread_barrier_wait(&v->here);
	vcpus_wait(v->go);
	end = vm_run(v->vm, start->cpu, &err);
	if (!__atomic_exchange_n(&v->taken, true, __ATOMIC_ACQ_REL)) {
		v->end = end;
		v->err = err;
		tell(v->ended, 1);
	}
	park(v);
}

static int start_thread(struct vcpus *v, unsigned int cpu,
			const pthread_attr_t *attr)
{
	struct start *start = malloc(sizeof(*start));
	pthread_t thread;

	if (start == NULL)
		return ENOMEM;
	*start = (struct start){ v, cpu };
	return pthread_create(&thread, attr, run, start);
}

int vcpus_make(struct vcpus *v, struct vm *vm, struct error *err)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int e = 0;

	v->vm = vm;
	v->go = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	v->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->go < 0 || v->ended < 0)
		return error_errno(err, "cannot make an eventfd");
	pthread_barrier_init(&v->here, NULL, vm->cpus + 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned int i = 0; i < vm->cpus && e == 0; i++)
		e = start_thread(v, i, &attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (e != 0)
		return error_set(err, "cannot start a thread for a vCPU: %s",
				 strerror(e));
	pthread_barrier_wait(&v->here);
	return 0;
}

void vcpus_go(struct vcpus *v)
{
	tell(v->go, v->vm->cpus);
}
