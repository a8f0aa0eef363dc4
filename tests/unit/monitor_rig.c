/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/monitor_rig.h"

/* --- a monitor ---------------------------------------------------------- */

const char *rig_path(const struct rig *r, const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", r->dir, name);
	return p;
}

void rig_write(const struct rig *r, const char *name, const char *text)
{
	FILE *f = fopen(rig_path(r, name), "w");

	for (const char *p = text; *p != '\0'; p++)
		fprintf(f, *p == '@' ? "%s" : "%.1s", *p == '@' ? r->dir : p);
	fclose(f);
}

/* Child: compile a topology and run it. */
static _Noreturn void rig_child(const struct rig *r, const char *topology)
{
	struct config_report report;
	struct error err = { "" };
	struct system *sys;
	int result;

	/* As a shell would start it. */
	signal(SIGPIPE, SIG_DFL);
	close(r->log);
	rig_write(r, "test.conf", topology);
	sys = config_compile(rig_path(r, "test.conf"), &report);
	if (sys == NULL) {
		fprintf(stderr, "%s", report.text);
		_exit(99);
	}
	unlink(rig_path(r, "test.conf"));
	result = monitor_run(sys, &err);
	/* Not for what is said here. */
	signal(SIGPIPE, SIG_IGN);
	if (result != 0)
		fprintf(stderr, "error: %s\n", err.text);
	fprintf(stderr, "result %d\n", result);
	config_report_free(&report);
	system_free(sys);
	exit(result == 0 ? 0 : 1);
}

void rig_launch(struct rig *r, const char *topology)
{
	int log[2];

	assert_int_equal(pipe2(log, O_CLOEXEC), 0);
	r->log = log[0];
	free(r->text);
	r->text = calloc(1, 1);
	r->len = 0;
	setenv("WEIR_RUNDIR", r->dir, 1);
	r->pid = fork();
	if (r->pid == 0) {
		dup2(log[1], STDERR_FILENO);
		rig_child(r, topology);
	}
	close(log[1]);
}

/* Read what the log has; false at its end. */
static bool rig_read(struct rig *r)
{
	struct pollfd p = { .fd = r->log, .events = POLLIN };
	char data[4096];
	ssize_t n;

	if (poll(&p, 1, RIG_TIMEOUT_MS) != 1)
		fail_msg("nothing happens; so far:\n%s", r->text);
	n = read(r->log, data, sizeof(data));
	if (n <= 0)
		return false;
	r->text = realloc(r->text, r->len + (size_t)n + 1);
	memcpy(r->text + r->len, data, (size_t)n);
	r->len += (size_t)n;
	r->text[r->len] = '\0';
	return true;
}

unsigned int rig_count(const struct rig *r, const char *what)
{
	unsigned int n = 0;

	for (const char *p = r->text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

void rig_expect(struct rig *r, const char *what, unsigned int times)
{
	while (rig_count(r, what) < times)
		if (!rig_read(r))
			fail_msg("\"%s\" was not said; the log:\n%s", what,
				 r->text);
}

void rig_start(struct rig *r, const char *topology)
{
	rig_launch(r, topology);
	rig_expect(r, "test: running\n", 1);
}

int rig_wait(struct rig *r)
{
	int status;

	while (rig_read(r))
		;
	close(r->log);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	r->pid = 0;
	return status;
}

int rig_stop(struct rig *r)
{
	kill(r->pid, SIGTERM);
	return rig_wait(r);
}

unsigned int rig_files(const struct rig *r)
{
	DIR *d = opendir(r->dir);
	const struct dirent *e;
	unsigned int n = 0;

	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

int rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	strcpy(r->dir, "/tmp/weir-monitor-test-XXXXXX");
	*state = r;
	return mkdtemp(r->dir) == NULL;
}

int rig_teardown(void **state)
{
	struct rig *r = *state;
	DIR *d;

	if (r->pid != 0) {
		/* A test has failed; whatever it was, this ends. */
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
		while (rig_read(r))
			;
		close(r->log);
	}
	d = opendir(r->dir);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(r->dir);
	free(r->text);
	free(r);
	return 0;
}

/* --- the control socket ------------------------------------------------- */

int rig_connect(const struct rig *r, const char *name, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval timeout = { .tv_sec = RIG_TIMEOUT_MS / 1000 };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", r->dir, name);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

json_t *rig_reply(int fd)
{
	size_t len = 0, size = 1 << 16;
	char *text = malloc(size);
	json_t *reply;
	ssize_t n;

	while ((n = read(fd, text + len, size - len)) > 0) {
		len += (size_t)n;
		if (text[len - 1] == '\n')
			break;
		if (len == size)
			text = realloc(text, size *= 2);
	}
	reply = len == 0 ? NULL : json_loadb(text, len, 0, NULL);
	free(text);
	return reply;
}

json_t *rig_ask(const struct rig *r, const char *request)
{
	int fd = rig_connect(r, "test.sock", SOCK_STREAM);
	json_t *reply;
	char *line;

	/* In one piece: it might be answered at a newline within. */
	assert_true(asprintf(&line, "%s\n", request) > 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	free(line);
	reply = rig_reply(fd);
	close(fd);
	assert_non_null(reply);
	return reply;
}

const char *rig_error(json_t *reply)
{
	static char text[512];
	char *words = error_text(reply, "test");

	assert_non_null(reply);
	assert_true(json_is_false(json_object_get(reply, "ok")));
	snprintf(text, sizeof(text), "%s", words);
	free(words);
	json_decref(reply);
	return text;
}

struct control rig_control(const struct rig *r)
{
	struct control to = { .name = "test" };

	snprintf(to.path, sizeof(to.path), "%s", rig_path(r, "test.sock"));
	return to;
}

__attribute__((unused))
const struct cli_options rig_options = { .timeout = RIG_TIMEOUT_MS / 1000 };

json_t *rig_data(json_t *reply)
{
	json_t *data = json_object_get(reply, "data");

	assert_true(json_is_true(json_object_get(reply, "ok")));
	assert_non_null(data);
	json_incref(data);
	json_decref(reply);
	return data;
}

const char *rig_show(const struct rig *r, const char *what, const char *rows,
		     const char *key, const char *name, const char *member)
{
	static char text[128];
	char request[64];
	json_t *data, *list, *row;
	size_t i;

	snprintf(request, sizeof(request), "{\"cmd\":\"show\",\"what\":\"%s\"}",
		 what);
	data = rig_data(rig_ask(r, request));
	list = rows != NULL ? json_object_get(data, rows) : data;
	strcpy(text, "?");
	json_array_foreach(list, i, row) {
		const json_t *value = json_object_get(row, member);

		if (strcmp(json_string_value(json_object_get(row, key)),
			   name) != 0)
			continue;
		if (json_is_integer(value))
			snprintf(text, sizeof(text), "%lld",
				 (long long)json_integer_value(value));
		else
			snprintf(text, sizeof(text), "%s",
				 json_string_value(value));
	}
	json_decref(data);
	return text;
}

const char *rig_port(const struct rig *r, const char *name, const char *member)
{
	return rig_show(r, "ports", NULL, "port", name, member);
}

const char *rig_pd(const struct rig *r, const char *name, const char *member)
{
	return rig_show(r, "system", "pds", "name", name, member);
}

void rig_until(const struct rig *r, const char *name, const char *member,
	       const char *value)
{
	for (int i = 0; i < RIG_TIMEOUT_MS / 5; i++) {
		if (strcmp(rig_port(r, name, member), value) == 0)
			return;
		poll(NULL, 0, 5);
	}
	fail_msg("%s: %s is \"%s\", not \"%s\"", name, member,
		 rig_port(r, name, member), value);
}

/* --- an attached client ------------------------------------------------- */

void rig_hello(struct rig_client *c)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(c->fd))];
	} control;
	struct iovec iov = { &c->hello, sizeof(c->hello) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control.space) };

	for (int i = 0; i < ATTACH_FDS; i++)
		c->fd[i] = -1;
	assert_int_equal(recvmsg(c->sock, &msg, MSG_CMSG_CLOEXEC),
			 sizeof(c->hello));
	if (CMSG_FIRSTHDR(&msg) != NULL)
		memcpy(c->fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(c->fd));
}

void rig_attach(const struct rig *r, struct rig_client *c, const char *name)
{
	*c = (struct rig_client){ 0 };
	c->sock = rig_connect(r, name, SOCK_SEQPACKET);
	rig_hello(c);
	assert_int_equal(c->hello.status, 0);
	c->order = mmap(NULL, c->hello.tx_size, PROT_READ | PROT_WRITE,
			MAP_SHARED, c->fd[ATTACH_FD_TX_DATA], 0);
	c->link = mmap(NULL, 4096, PROT_READ, MAP_SHARED, c->fd[ATTACH_FD_LINK],
		       0);
	assert_true(c->order != MAP_FAILED && c->link != MAP_FAILED);
}

void rig_order(struct rig_client *c, const char *text)
{
	const uint64_t one = 1;

	while (!link_is_up(link_epoch(c->link)))
		poll(NULL, 0, 1);
	give_order(c->order, text);
	assert_int_equal(write(c->fd[ATTACH_FD_RING], &one, sizeof(one)),
			 sizeof(one));
}

void rig_ended(const struct rig_client *c)
{
	char byte;
	ssize_t n = recv(c->sock, &byte, 1, 0);

	/* Not because the time is up. */
	assert_true(n == 0 || (n < 0 && errno != EAGAIN));
}

void rig_detach(struct rig_client *c)
{
	if (c->order != NULL)
		munmap(c->order, c->hello.tx_size);
	if (c->link != NULL)
		munmap((void *)(uintptr_t)c->link, 4096);
	for (int i = 0; i < ATTACH_FDS; i++)
		if (c->fd[i] >= 0)
			close(c->fd[i]);
	close(c->sock);
}

unsigned int rig_fds(pid_t pid)
{
	char path[64];
	unsigned int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

unsigned int rig_least_fds(pid_t pid)
{
	unsigned int least = rig_fds(pid);

	for (int i = 0; i < 50; i++) {
		unsigned int n;

		poll(NULL, 0, 1);
		n = rig_fds(pid);
		least = n < least ? n : least;
	}
	return least;
}

/* --- processes ---------------------------------------------------------- */

pid_t rig_seek(pid_t monitor, const char *comm)
{
	char path[64], text[64];
	long pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)monitor,
		 (int)monitor);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	while (fscanf(f, "%ld", &pid) == 1) {
		int fd;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n < 1 ? 0 : n - 1] = '\0';
		if (strcmp(text, comm) == 0)
			break;
		pid = 0;
	}
	fclose(f);
	return (pid_t)pid;
}

pid_t rig_find(const struct rig *r, const char *comm)
{
	const pid_t pid = rig_seek(r->pid, comm);

	assert_int_not_equal(pid, 0);
	return pid;
}

/* --- the program -------------------------------------------------------- */

int rig_main(int argc, char **argv, const char *name,
	     const struct CMUnitTest *tests, size_t n)
{
	struct error err = { "" };

	if (argc > 1 && strcmp(argv[1], "--pd") == 0)
		pd_main();
	if (pd_spawn_check(&err) != 0) {
		printf("1..0 # SKIP %s\n", err.text);
		return 0;
	}
	signal(SIGPIPE, SIG_IGN);
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}
