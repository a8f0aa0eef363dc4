/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor tells a service manager.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "vmm/linux/monitor/service.h"

static char address[64];
static int manager = -1;

/* A manager that listens at @address. */
static void manage(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = strlen(address);

	memcpy(a.sun_path, address, n);
	if (address[0] == '@')
		a.sun_path[0] = 0;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(manager, (struct sockaddr *)&a,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
		0);
	setenv("NOTIFY_SOCKET", address, 1);
}

static int setup(void **state)
{
	(void)state;
	snprintf(address, sizeof(address), "/tmp/weir-service-%d", getpid());
	manage();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	close(manager);
	unlink(address);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

static void hears(const char *want)
{
	char got[64] = "";
	ssize_t n = recv(manager, got, sizeof(got) - 1, MSG_DONTWAIT);

	if (want == NULL)
		assert_int_equal(n, -1);
	else
		assert_string_equal(got, want);
}

static void test_states(void **state)
{
	struct service s;

	(void)state;
	service_open(&s);
	service_say(&s, "READY=1");
	hears("READY=1");
	/* No child answers in our place. */
	assert_null(getenv("NOTIFY_SOCKET"));
	/* It did not ask for more. */
	assert_true(service_deadline(&s) == UINT64_MAX);
	service_tick(&s, 5);
	hears(NULL);
	service_close(&s);
	service_say(&s, "READY=1");
	hears(NULL);
}

static void test_a_name_that_is_no_path(void **state)
{
	struct service s;

	(void)state;
	close(manager);
	unlink(address);
	snprintf(address, sizeof(address), "@weir-service-%d", getpid());
	manage();
	service_open(&s);
	service_say(&s, "STOPPING=1");
	hears("STOPPING=1");
	service_close(&s);
}

static void test_beats(void **state)
{
	struct service s;

	(void)state;
	setenv("WATCHDOG_USEC", "3000000", 1);
	service_open(&s);
	service_tick(&s, 7);
	hears("WATCHDOG=1");
	assert_true(service_deadline(&s) == 1000000007);
	service_tick(&s, 1000000006);
	hears(NULL);
	service_tick(&s, 1000000007);
	hears("WATCHDOG=1");
	service_close(&s);
}

/* Of another process, or no number: as if nothing was asked for. */
static void test_beats_of_others(void **state)
{
	static const char *const wrong[][2] = {
		{ "3000000", "1" },
		{ "-1", NULL },
		{ "3s", NULL },
		{ "", NULL },
		{ "0", NULL },
		{ " 3", NULL },
		{ "99999999999999999999", NULL },
		{ "18446744073709551615", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct service s;

		setenv("NOTIFY_SOCKET", address, 1);
		setenv("WATCHDOG_USEC", wrong[i][0], 1);
		if (wrong[i][1] != NULL)
			setenv("WATCHDOG_PID", wrong[i][1], 1);
		service_open(&s);
		assert_true(s.fd >= 0);
		assert_true(service_deadline(&s) == UINT64_MAX);
		service_close(&s);
	}
}

static void test_nobody_listens(void **state)
{
	static const char *const nowhere[] = { "/nonexistent/socket", "",
					       "relative" };
	struct service s;

	(void)state;
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
		setenv("NOTIFY_SOCKET", nowhere[i], 1);
		setenv("WATCHDOG_USEC", "3000000", 1);
		service_open(&s);
		assert_int_equal(s.fd, -1);
		assert_true(service_deadline(&s) == UINT64_MAX);
		service_say(&s, "READY=1");
		service_close(&s);
	}
}

/* It would block here for ever. */
static void hc14_a_manager_that_does_not_read_stops_nobody(void **state)
{
	struct service s;

	(void)state;
	service_open(&s);
	for (unsigned int i = 0; i < 10000; i++)
		service_say(&s, "WATCHDOG=1");
	hears("WATCHDOG=1");
	service_close(&s);
}

int main(void)
{
#define service_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		service_test(test_states),
		service_test(test_a_name_that_is_no_path),
		service_test(test_beats),
		service_test(test_beats_of_others),
		service_test(test_nobody_listens),
		service_test(hc14_a_manager_that_does_not_read_stops_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
