/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/cli_rig.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"

char cli_out[16384];
char cli_err[16384];

static char dir[] = "/tmp/weir-test-XXXXXX";
static pid_t child[16];
static size_t children;

/* Make a stream of this process go into a file; its old descriptor. */
static int redirect(FILE *stream, FILE *to)
{
	int old = dup(fileno(stream));

	fflush(stream);
	dup2(fileno(to), fileno(stream));
	return old;
}

static void restore(FILE *stream, int old, FILE *from, char *text, size_t size)
{
	size_t n;

	fflush(stream);
	dup2(old, fileno(stream));
	close(old);
	rewind(from);
	n = fread(text, 1, size - 1, from);
	text[n] = 0;
	fclose(from);
}

int run_weir(const char *words)
{
	char *line = strdup(words);
	char *argv[64] = { (char *)"weir" };
	char *rest = line;
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	int argc = 1;
	int old_out;
	int old_err;
	int result;

	while (rest && *rest && argc < 63)
		argv[argc++] = strsep(&rest, " ");
	old_out = redirect(stdout, out);
	old_err = redirect(stderr, err);
	result = cli_main(argc, argv);
	restore(stdout, old_out, out, cli_out, sizeof(cli_out));
	restore(stderr, old_err, err, cli_err, sizeof(cli_err));
	free(line);
	return result;
}

void expect_error(const char *format, ...)
{
	char want[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	assert_string_equal(cli_err, want);
	assert_string_equal(cli_out, "");
}

static char *path_of(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return path;
}

const char *fake_dir(void)
{
	return dir;
}

void fake_rundir(void)
{
	strcpy(dir, "/tmp/weir-test-XXXXXX");
	if (!mkdtemp(dir))
		abort();
	setenv("WEIR_RUNDIR", dir, 1);
}

static void note_request(const char *line)
{
	FILE *f = fopen(path_of("requests"), "ae");

	fputs(line, f);
	fclose(f);
}

const char *fake_requests(void)
{
	static char text[65536];
	FILE *f = fopen(path_of("requests"), "re");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = 0;
	if (f)
		fclose(f);
	return text;
}

static const struct fake_answer *choose(const struct fake_answer *a,
					const char *line)
{
	while ((a->request || a->reply) &&
	       !(a->request && strstr(line, a->request)))
		a++;
	return a;
}

static void serve_one(int fd, const struct fake_answer *answers)
{
	static char line[200000];
	const char *reply;
	size_t n = 0;

	while (n < sizeof(line) - 1 && read(fd, line + n, 1) == 1)
		if (line[n++] == '\n')
			break;
	line[n] = 0;
	if (!n)
		return; /* only a look at whether somebody is here */
	note_request(line);
	reply = choose(answers, line)->reply;
	if (!reply) {
		while (read(fd, line, 1) == 1)
			;
		return;
	}
	if (write(fd, reply, strlen(reply)) < 0)
		perror("fake instance");
	if (strstr(line, "\"stop\""))
		_exit(0);
}

static void serve(int fd, const struct fake_answer *answers)
{
	for (;;) {
		int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

		if (c < 0)
			_exit(1);
		serve_one(c, answers);
		close(c);
	}
}

/* The child listens itself, so that it is what the client sees as its peer. */
void fake_instance(const char *name, const struct fake_answer *answers)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int ready[2];
	char c;

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s.sock", dir, name);
	if (pipe2(ready, O_CLOEXEC))
		abort();
	child[children] = fork();
	if (!child[children]) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		alarm(60);
		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 8))
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		serve(fd, answers);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		abort();
	close(ready[0]);
	children++;
}

void fake_end(void)
{
	char command[300];

	while (children) {
		kill(child[--children], SIGKILL);
		waitpid(child[children], NULL, 0);
	}
	snprintf(command, sizeof(command), "exec rm -r %s", dir);
	if (system(command)) /* NOLINT(cert-env33-c): a fixed command */
		abort();
	unsetenv("WEIR_RUNDIR");
}

int fake_setup(void **state)
{
	(void)state;
	fake_rundir();
	return 0;
}

int fake_teardown(void **state)
{
	(void)state;
	fake_end();
	return 0;
}
