/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir console on a terminal: a pseudo terminal on one side, on the other an
 * instance whose guest says what it hears, in capitals.
 */
#include "cli/cli.h"
#include "tests/unit/cli_rig.h"

#include <ctype.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define TIMEOUT_MS 20000

/* --- an instance -------------------------------------------------------- */

static const char not_yet[] =
	"{\"protocol\":2,\"ok\":false,\"error\":\"not_yet\",\"vm\":\"bob\"}\n";
static const char is_off[] =
	"{\"protocol\":2,\"ok\":false,\"error\":\"is_off\",\"vm\":\"bob\"}\n";

static void say(int fd, const char *text)
{
	(void)!write(fd, text, strlen(text));
}

/* The guest reboots at "reboot", and turns itself off at "off". */
static bool guest(int fd)
{
	char text[64];
	ssize_t n;

	say(fd, OK("{}") "login: ");
	while ((n = read(fd, text, sizeof(text) - 1)) > 0) {
		text[n] = '\0';
		if (strstr(text, "reboot") || strstr(text, "off"))
			return strstr(text, "off") != NULL;
		for (ssize_t i = 0; i < n; i++)
			text[i] = (char)toupper(text[i]);
		say(fd, text);
	}
	return false;
}

/* Between two lives it takes a while. */
static void serve(int listener)
{
	unsigned int asked = 0;
	bool off = false;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char request[256];

		/* Others only look whether somebody is there. */
		if (read(fd, request, sizeof(request)) > 0) {
			if (off)
				say(fd, is_off);
			else if (asked++ % 3 == 2)
				say(fd, not_yet);
			else
				off = guest(fd);
		}
		close(fd);
	}
}

static pid_t begin_instance(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t pid;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/home.sock", fake_dir());
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd);
	}
	close(fd);
	return pid;
}

/* --- a person ----------------------------------------------------------- */

struct person {
	pid_t instance;
	pid_t command;
	int tty;
	char seen[4096];
	size_t n;
};

static void begin(struct person *p)
{
	char *argv[] = { (char *)"weir", (char *)"console", (char *)"bob",
			 NULL };

	*p = (struct person){ .instance = begin_instance() };
	p->command = forkpty(&p->tty, NULL, NULL, NULL);
	assert_true(p->command >= 0);
	if (p->command == 0)
		_exit(cli_main(3, argv));
}

/* Wait until some text has come, and forget what came up to it. */
static void see(struct person *p, const char *text)
{
	char *at;

	while ((at = strstr(p->seen, text)) == NULL) {
		struct pollfd f = { .fd = p->tty, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&f, 1, TIMEOUT_MS), 1);
		got = read(p->tty, p->seen + p->n, sizeof(p->seen) - 1 - p->n);
		if (got <= 0)
			fail_msg("no %s in: %s", text, p->seen);
		p->n += (size_t)got;
		p->seen[p->n] = '\0';
	}
	at += strlen(text);
	p->n -= (size_t)(at - p->seen);
	memmove(p->seen, at, p->n + 1);
}

/* The terminal is as it was.  Return: the command's exit status. */
static int end(struct person *p)
{
	const tcflag_t usual = ICANON | ECHO | ISIG;
	struct termios t;
	int status;

	assert_int_equal(waitpid(p->command, &status, 0), p->command);
	assert_true(WIFEXITED(status));
	assert_int_equal(tcgetattr(p->tty, &t), 0);
	assert_int_equal(t.c_lflag & usual, usual);
	kill(p->instance, SIGKILL);
	waitpid(p->instance, NULL, 0);
	close(p->tty);
	return WEXITSTATUS(status);
}

/* --- tests -------------------------------------------------------------- */

/* Nothing that is typed is the terminal's business but Ctrl-]. */
static void test_what_is_typed_is_the_guests(void **state)
{
	struct person p;

	(void)state;
	begin(&p);
	see(&p, "login: ");
	say(p.tty, "ab\x03\x1a\x04");
	see(&p, "AB\x03\x1a\x04");
	say(p.tty, "\x1d");
	assert_int_equal(end(&p), 0);
}

static void test_a_reboot_does_not_end_it(void **state)
{
	struct person p;

	(void)state;
	begin(&p);
	see(&p, "login: ");
	for (int i = 0; i < 3; i++) {
		say(p.tty, "reboot");
		see(&p, "login: ");
	}
	say(p.tty, "still here");
	see(&p, "STILL HERE");
	say(p.tty, "\x1d");
	assert_int_equal(end(&p), 0);
}

static void test_it_ends_with_a_vm_that_is_off(void **state)
{
	struct person p;

	(void)state;
	begin(&p);
	see(&p, "login: ");
	say(p.tty, "off");
	see(&p, "vm bob is off; 'weir vm start bob' turns it on");
	assert_int_equal(end(&p), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cli_test(test_what_is_typed_is_the_guests),
		cli_test(test_a_reboot_does_not_end_it),
		cli_test(test_it_ends_with_a_vm_that_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
