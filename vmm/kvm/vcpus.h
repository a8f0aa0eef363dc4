/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM's vCPUs, each in a thread of its own.
 *
 * The threads are made before the system call filter is in force, wait until
 * they are told to go, and run the guest almost all the time.  When one of them
 * stops, the VM is over: the event loop learns of it by a descriptor, and ends
 * the process.
 */
#ifndef WEIR_VMM_KVM_VCPUS_H
#define WEIR_VMM_KVM_VCPUS_H

#include <pthread.h>

#include "vmm/kvm/vm.h"

/**
 * struct vcpus - the threads
 * @vm:    theirs
 * @here:  where vcpus_make() waits for them
 * @go:    eventfd they wait for before they run
 * @ended: eventfd that says that one has stopped
 * @taken: one has said how the VM ended
 * @end, @err: how; valid once @ended is readable
 */
struct vcpus {
	struct vm *vm;
	pthread_barrier_t here;
	int go;
	int ended;
	bool taken;
	enum vm_end end;
	struct error err;
};

/**
 * vcpus_make - make the threads; they wait
 * @v:  zero
 * @vm: made
 *
 * Return: 0, or -1 with @err set.
 */
int vcpus_make(struct vcpus *v, struct vm *vm, struct error *err);

/** vcpus_go - let them run, once */
void vcpus_go(struct vcpus *v);

/** vcpus_wait - read an eventfd that is, or becomes, readable */
void vcpus_wait(int eventfd);

#endif
