/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which processors PDs run on: what the machine has, what this process may use,
 * and what is chosen (vmm/linux/monitor/placement.h).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "vmm/linux/monitor/placement.h"

/* Processors of this machine that the test may use; none beyond are asked. */
static cpu_set_t allowed;

static uint32_t nth_allowed(int n)
{
	uint32_t cpu = 0;

	while (!CPU_ISSET(cpu, &allowed) || n-- > 0)
		cpu++;
	return cpu;
}

static int find_allowed(void **state)
{
	(void)state;
	return sched_getaffinity(0, sizeof(allowed), &allowed);
}

static int go_back(void **state)
{
	(void)state;
	return sched_setaffinity(0, sizeof(allowed), &allowed);
}

static struct sys_cpus only(uint32_t cpu)
{
	struct sys_cpus cpus = { { 0 } };

	cpus_add(&cpus, cpu);
	return cpus;
}

static void sets_are_written_as_linux_does(void **state)
{
	struct sys_cpus cpus = { { 0 } };
	char text[SYS_CPUS_TEXT];

	(void)state;
	assert_string_equal(cpus_text(&cpus, text), "");
	cpus_add(&cpus, 0);
	assert_string_equal(cpus_text(&cpus, text), "0");
	cpus_add(&cpus, 2);
	cpus_add(&cpus, 3);
	assert_string_equal(cpus_text(&cpus, text), "0,2-3");
	for (uint32_t cpu = 63; cpu < 66; cpu++)
		cpus_add(&cpus, cpu);
	cpus_add(&cpus, SYS_MAX_CPUS - 1);
	assert_string_equal(cpus_text(&cpus, text), "0,2-3,63-65,1023");
	assert_true(cpus_has(&cpus, 64));
	assert_false(cpus_has(&cpus, 62));
	assert_false(cpus_has(&cpus, SYS_MAX_CPUS));
}

static void the_longest_set_fits(void **state)
{
	struct sys_cpus cpus = { { 0 } };
	/* A canary behind the end. */
	char text[SYS_CPUS_TEXT + 1];
	uint32_t cpu;

	(void)state;
	text[SYS_CPUS_TEXT] = 'x';
	/* Pairs "998-999" are the longest per processor that is left out. */
	for (cpu = 0; cpu < SYS_MAX_CPUS; cpu++)
		if (cpu % 3 != 2)
			cpus_add(&cpus, cpu);
	cpus_text(&cpus, text);
	assert_int_equal(text[SYS_CPUS_TEXT], 'x');
	assert_non_null(strstr(text, ",1020-1021,1023"));
	memset(&cpus, 0x55, sizeof(cpus));
	cpus_text(&cpus, text);
	assert_int_equal(text[SYS_CPUS_TEXT], 'x');
	assert_non_null(strstr(text, ",1020,1022"));
}

/* Nothing is asked of the machine by what is not placed. */
static void what_is_not_placed_runs_anywhere(void **state)
{
	struct sys_pd pd[2] = { { .name = "a" }, { .name = "b" } };
	struct system sys = { .pd = pd, .n_pds = 2 };
	struct error err = { "" };
	cpu_set_t set;

	(void)state;
	assert_int_equal(placement_choose(&sys, &err), 0);
	assert_false(placement_set(&pd[0].cpus, &set));
	assert_false(placement_set(&pd[1].cpus, &set));
}

static void what_is_together_gets_one(void **state)
{
	struct sys_pd pd[] = {
		{ .name = "a", .together = 1 },
		{ .name = "b", .together = 2 },
		{ .name = "c", .together = 1 },
	};
	struct system sys = { .pd = pd, .n_pds = 3 };
	struct error err = { "" };
	int n = CPU_COUNT(&allowed);
	cpu_set_t set;

	(void)state;
	assert_int_equal(placement_choose(&sys, &err), 0);
	assert_true(placement_set(&pd[0].cpus, &set));
	assert_int_equal(CPU_COUNT(&set), 1);
	assert_true(CPU_ISSET(nth_allowed(n - 1), &set));
	assert_memory_equal(&pd[0].cpus, &pd[2].cpus, sizeof(pd[0].cpus));
	placement_set(&pd[1].cpus, &set);
	assert_int_equal(CPU_COUNT(&set), 1);
	assert_true(CPU_ISSET(nth_allowed(n > 1 ? n - 2 : 0), &set));
}

static void more_groups_than_processors_take_turns(void **state)
{
	struct sys_pd pd[] = { { .name = "a", .together = 1 },
			       { .name = "b", .together = 2 } };
	struct system sys = { .pd = pd, .n_pds = 2 };
	struct sys_cpus cpus = only(nth_allowed(0));
	struct error err = { "" };
	cpu_set_t set;

	(void)state;
	placement_set(&cpus, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(placement_choose(&sys, &err), 0);
	assert_memory_equal(&pd[0].cpus, &cpus, sizeof(cpus));
	assert_memory_equal(&pd[1].cpus, &cpus, sizeof(cpus));
}

static void a_processor_that_is_not_there(void **state)
{
	struct sys_pd pd = { .name = "sw0", .cpus = only(SYS_MAX_CPUS - 1) };
	struct system sys = { .pd = &pd, .n_pds = 1 };
	struct error err = { "" };

	(void)state;
	cpus_add(&pd.cpus, nth_allowed(0));
	assert_int_equal(placement_choose(&sys, &err), -1);
	assert_non_null(strstr(err.text, "sw0 is placed on cpu 1023, and this "
					 "machine has no such processor"));
}

static void a_processor_that_may_not_be_used(void **state)
{
	struct sys_pd pd = { .name = "sw0" };
	struct system sys = { .pd = &pd, .n_pds = 1 };
	struct error err = { "" };
	struct sys_cpus mine;
	cpu_set_t set;

	(void)state;
	if (CPU_COUNT(&allowed) < 2) {
		print_message("one processor only\n");
		skip();
	}
	mine = only(nth_allowed(0));
	pd.cpus = only(nth_allowed(1));
	assert_int_equal(placement_choose(&sys, &err), 0);
	placement_set(&mine, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(placement_choose(&sys, &err), -1);
	assert_non_null(strstr(err.text, "which weir may not use, but "));
	assert_non_null(strstr(err.text, "taskset"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_written_as_linux_does),
		cmocka_unit_test(the_longest_set_fits),
		cmocka_unit_test(what_is_not_placed_runs_anywhere),
		cmocka_unit_test(what_is_together_gets_one),
		cmocka_unit_test_teardown(
			more_groups_than_processors_take_turns, go_back),
		cmocka_unit_test(a_processor_that_is_not_there),
		cmocka_unit_test_teardown(a_processor_that_may_not_be_used,
					  go_back),
	};

	return cmocka_run_group_tests(tests, find_allowed, NULL);
}
