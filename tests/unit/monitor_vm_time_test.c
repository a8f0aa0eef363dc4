/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Driver VMs and time: how long a guest has to get ready and may be silent, and
 * how often its doorbell is heard.  The monitor runs in the test's own process,
 * with PDs that only seem to run, and time is what the test says it is.
 */
#include "tests/unit/monitor_vm_rig.h"
#include "tests/unit/pd_rig.h"
#include "vmm/linux/monitor/state.h"

FAKE_COMPONENTS;

/**
 * struct still - a monitor whose PDs only seem to run
 */
struct still {
	struct monitor m;
	struct error err;
	struct config_report report;
	struct system *sys;
	struct mon_vm *vm;
	struct driver_status *status;
	uint32_t channel;
};

static void still_begin(struct still *s, const struct rig *r)
{
	FILE *f = fopen(rig_path(r, "still.conf"), "w");

	memset(s, 0, sizeof(*s));
	for (const char *p = slow; *p != '\0'; p++)
		fprintf(f, *p == '@' ? "%s" : "%.1s", *p == '@' ? r->dir : p);
	fclose(f);
	s->sys = config_compile(rig_path(r, "still.conf"), &s->report);
	assert_non_null(s->sys);
	s->m.sys = *s->sys;
	s->m.err = &s->err;
	s->m.phase = MONITOR_RUNNING;
	s->m.now_ns = loop_now();
	s->m.pd = calloc(s->sys->n_pds, sizeof(*s->m.pd));
	s->m.link = calloc(s->sys->n_conns, sizeof(*s->m.link));
	for (size_t i = 0; i < s->sys->n_conns; i++)
		s->m.link[i].conn = &s->sys->conn[i];
	for (size_t i = 0; i < s->sys->n_pds; i++) {
		s->m.pd[i].sys = &s->sys->pd[i];
		s->m.pd[i].state = PD_RUNNING;
		s->m.pd[i].exit.fd = -1;
	}
	assert_int_equal(loop_open(&s->m.loop), 0);
	assert_int_equal(backing_create(&s->m.backing, s->sys, &s->err), 0);
	assert_int_equal(virts_open(&s->m), 0);
	assert_int_equal(vms_open(&s->m), 0);
	s->vm = &s->m.vm[0];
	assert_int_equal(vm_reset(&s->m, s->vm, &s->err), 0);
	s->status =
		backing_map(&s->m.backing, s->vm->link->conn->status, SYS_RW);
	s->channel = s->vm->link->conn->status_channel;
}

static void still_end(struct still *s)
{
	munmap(s->status, 4096);
	vms_close(&s->m);
	virts_close(&s->m);
	backing_destroy(&s->m.backing);
	loop_close(&s->m.loop);
	free(s->m.pd);
	free(s->m.link);
	system_free(s->sys);
	config_report_free(&s->report);
}

/* A round of the loop; only in it does time pass by itself. */
static void still_round(struct still *s)
{
	uint64_t now = s->m.now_ns;

	loop_round(&s->m.loop, &s->m, 0);
	s->m.now_ns = now;
}

static void test_a_guest_has_a_minute(void **state)
{
	struct still s;

	still_begin(&s, *state);
	assert_true(vm_deadline(&s.m, s.vm) == s.m.now_ns + VM_READY_NS);
	s.m.now_ns += VM_READY_NS - 1;
	vm_tick(&s.m, s.vm);
	assert_false(s.m.pd[s.vm->pd].killed);
	s.m.now_ns++;
	vm_tick(&s.m, s.vm);
	/* Its own failure, with all that follows. */
	assert_true(s.m.pd[s.vm->pd].killed);
	assert_false(s.m.pd[s.vm->pd].innocent);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

static void test_a_guest_that_is_ready_is_waited_for_no_more(void **state)
{
	struct still s;

	still_begin(&s, *state);
	atomic_store(&s.status->state, DRIVER_READY);
	ring_end(&s.m.backing, s.channel, 1);
	still_round(&s);
	assert_true(vm_is_ready(&s.m, s.vm));
	assert_true(vm_deadline(&s.m, s.vm) == s.vm->listen_ns);
	s.m.now_ns = s.vm->listen_ns;
	vm_tick(&s.m, s.vm);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	s.m.now_ns += VM_READY_NS;
	vm_tick(&s.m, s.vm);
	assert_false(s.m.pd[s.vm->pd].killed);
	still_end(&s);
}

/* Let a guest be ready that counts, or not. */
static void still_ready(struct still *s, const struct rig *r, uint32_t beat)
{
	still_begin(s, r);
	atomic_store(&s->status->beat, beat);
	atomic_store(&s->status->state, DRIVER_READY);
	still_round(s);
	assert_true(vm_is_ready(&s->m, s->vm));
	vm_tick(&s->m, s->vm);
	/* The doorbell is heard again; only the watchdog is left. */
	s->m.now_ns = s->vm->listen_ns;
	vm_tick(&s->m, s->vm);
}

/* Whatever is due next is done; whether the VM has been killed for it. */
static bool still_next(struct still *s)
{
	s->m.now_ns = vm_deadline(&s->m, s->vm);
	assert_true(s->m.now_ns != UINT64_MAX);
	vm_tick(&s->m, s->vm);
	return s->m.pd[s->vm->pd].killed;
}

#define WATCHDOG_NS (10 * 1000 * MS_NS)

static void hc39_silence_is_a_death(void **state)
{
	uint64_t silent;
	struct still s;

	still_ready(&s, *state, 7);
	/* A guest that lives, for an hour; counting may be slow, and wrap. */
	atomic_store(&s.status->beat, UINT32_MAX - 700);
	for (unsigned int i = 0; i < 1440; i++) {
		assert_false(still_next(&s));
		if (i % 2 == 0)
			atomic_fetch_add(&s.status->beat, 1);
		if (atomic_load(&s.status->beat) == 0)
			atomic_store(&s.status->beat, 1);
	}
	atomic_fetch_add(&s.status->beat, 1);
	assert_false(still_next(&s));
	silent = s.m.now_ns;
	while (!still_next(&s))
		assert_true(s.m.now_ns < silent + WATCHDOG_NS);
	assert_true(s.m.now_ns == silent + WATCHDOG_NS);
	/* Its own failure, with all that follows. */
	assert_false(s.m.pd[s.vm->pd].innocent);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

/* The whole machine stood still, or nobody let the monitor run. */
static void hc39_time_nobody_ran_is_no_silence(void **state)
{
	struct still s;

	still_ready(&s, *state, 7);
	for (unsigned int i = 0; i < 100; i++) {
		s.m.now_ns += 3600 * 1000 * MS_NS;
		vm_tick(&s.m, s.vm);
		assert_false(s.m.pd[s.vm->pd].killed);
		/* The guest gets its time to go on. */
		assert_false(still_next(&s));
		atomic_fetch_add(&s.status->beat, 1);
		assert_false(still_next(&s));
	}
	still_end(&s);
}

static void hc39_who_is_not_watched(void **state)
{
	struct still s;

	/* A program that never counted: older than that. */
	still_ready(&s, *state, 0);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	s.m.now_ns += 3600 * 1000 * MS_NS;
	vm_tick(&s.m, s.vm);
	assert_false(s.m.pd[s.vm->pd].killed);
	/* What the guest writes there can only keep it alive, or end it. */
	atomic_store(&s.status->beat, UINT32_MAX);
	for (unsigned int i = 1; i <= WATCHDOG_LOOKS; i++) {
		vm_tick(&s.m, s.vm);
		assert_int_equal(still_next(&s), i == WATCHDOG_LOOKS);
	}
	still_end(&s);
	/* And `watchdog off`. */
	still_ready(&s, *state, 0);
	for (size_t i = 0; i < s.sys->pd[s.vm->pd].n_comps; i++)
		s.sys->pd[s.vm->pd].comp[i].vm.watchdog_s = 0;
	atomic_store(&s.status->beat, 7);
	vm_tick(&s.m, s.vm);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

/* However often it rings, it is looked at once in VM_LISTEN_NS. */
static void hc15_a_doorbell_is_not_always_answered(void **state)
{
	struct still s;

	still_begin(&s, *state);
	atomic_store(&s.status->state, DRIVER_READY);
	/* A new channel is readable, so that its waiter looks once. */
	still_round(&s);
	assert_true(vm_is_ready(&s.m, s.vm));
	assert_true(s.vm->listen_ns >= s.m.now_ns + VM_LISTEN_NS);
	assert_false(s.vm->carrier);
	atomic_store(&s.status->carrier, 1);
	for (int i = 0; i < 1000; i++) {
		ring_end(&s.m.backing, s.channel, 1);
		still_round(&s);
		vm_tick(&s.m, s.vm);
	}
	assert_false(s.vm->carrier);
	assert_true(vm_deadline(&s.m, s.vm) == s.vm->listen_ns);
	s.m.now_ns = s.vm->listen_ns;
	vm_tick(&s.m, s.vm);
	still_round(&s);
	assert_true(s.vm->carrier);
	/* And then there is nothing to wake up for. */
	s.m.now_ns = s.vm->listen_ns;
	vm_tick(&s.m, s.vm);
	atomic_store(&s.status->carrier, 0);
	still_round(&s);
	assert_true(s.vm->carrier);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

/* Virtualisers are silent about what they have seen, however late that is. */
static void test_a_late_uplink_is_looked_for(void **state)
{
	struct link_page page = { 0 };
	const struct mon_link *b;
	struct mon_link *up;
	struct still s;

	still_begin(&s, *state);
	up = s.vm->port;
	b = &s.m.link[s.sys->n_conns - 1];
	assert_ptr_equal(&s.m.link[b->conn->follow], up);
	assert_true(carrier_deadline(&s.m, b) == UINT64_MAX);
	atomic_store(&page.epoch, 1);
	up->page = &page;
	up->state = MON_LINK_UP;
	up->deadline_ns = s.m.now_ns + SWITCH_ANSWER_NS;
	assert_true(carrier_deadline(&s.m, b) == s.m.now_ns + LINK_POLL_NS);
	s.m.now_ns = up->deadline_ns;
	assert_true(carrier_deadline(&s.m, b) == s.m.now_ns + SWITCH_ANSWER_NS);
	/* As if it had been seen. */
	atomic_store(&page.epoch, 0);
	assert_true(carrier_deadline(&s.m, b) == UINT64_MAX);
	still_end(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_late_uplink_is_looked_for),
		rig_test(test_a_guest_has_a_minute),
		rig_test(test_a_guest_that_is_ready_is_waited_for_no_more),
		rig_test(hc39_silence_is_a_death),
		rig_test(hc39_time_nobody_ran_is_no_silence),
		rig_test(hc39_who_is_not_watched),
		rig_test(hc15_a_doorbell_is_not_always_answered),
	};

	return rig_main(argc, argv, "monitor_vm_time", tests,
			sizeof(tests) / sizeof(tests[0]));
}
