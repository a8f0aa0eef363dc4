/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A running monitor for tests, over PDs that do as they are told.
 *
 * The monitor, the processes, the sandbox, the sockets are the real ones; the
 * components are not.  The fake switch follows the link protocol and answers its
 * mailbox with made-up things, and through the transmit region of any attached
 * client it takes orders: "crash", "deaf" (ignore link pages and mailbox),
 * "fault N" (say that port N broke the protocol), "kill N" (have port N's PD
 * crash), "flood" (log a lot), "odd" (log what a terminal would obey).  At the
 * start of each epoch it looks whether the queues are zero, and logs "dirty" if
 * not.  So every failure the monitor must handle can be had at will.
 *
 * A header, because it brings a table of components of its own and so must not
 * be linked into other tests.  Every wait is bounded by RIG_TIMEOUT_MS, which
 * nothing correct ever reaches.
 */
#ifndef WEIR_TESTS_UNIT_MONITOR_RIG_H
#define WEIR_TESTS_UNIT_MONITOR_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/attach.h"
#include "config/config.h"
#include "vmm/linux/monitor.h"
#include "vmm/linux/pd.h"
#include "vmm/linux/spawn.h"
#include "vswitch/ctl.h"
#include "vswitch/link.h"
#include "vswitch/stats.h"

#define RIG_UNUSED __attribute__((unused))
#define RIG_TIMEOUT_MS 30000
/* Addresses the fake forwarding database holds: many pages, and half a MB. */
#define RIG_ADDRESSES 5000u

/* --- fake components -------------------------------------------------------- */

/* How an order lies in a data region: a number that changes, then text. */
struct order {
	_Atomic(uint32_t) number;
	char text[60];
};

struct fake_port {
	const struct link_page *link;
	uint32_t epoch;
	struct order *in;  /* orders from an attached client */
	struct order *out; /* orders to a port PD */
	uint32_t obeyed;
	const uint64_t *queue[4];
};

struct fake_switch {
	struct vswitch_stats *stats;
	const struct vswitch_ctl_request *request;
	struct vswitch_ctl_reply *reply;
	uint32_t answered;
	bool deaf;
	struct fake_port port[VSWITCH_MAX_PORTS];
};

static int fake_switch_init(struct component *c)
{
	const struct sys_switch *cfg = &c->cfg->sw;
	struct fake_switch *s = c->state;

	s->stats = pd_region(c, cfg->stats, NULL);
	s->request = pd_region(c, cfg->ctl_request, NULL);
	s->reply = pd_region(c, cfg->ctl_reply, NULL);
	for (uint32_t p = 0; p < cfg->n_ports; p++) {
		const struct sys_wire *w = &cfg->port[p].wire;
		struct fake_port *port = &s->port[p];

		port->link = pd_region(c, w->link, NULL);
		port->in = pd_region(c, w->ingress.data, NULL);
		port->out = pd_region(c, w->egress.data, NULL);
		port->queue[0] = pd_region(c, w->egress.active, NULL);
		port->queue[1] = pd_region(c, w->egress.free, NULL);
		port->queue[2] = pd_region(c, w->ingress.active, NULL);
		port->queue[3] = pd_region(c, w->ingress.free, NULL);
		s->stats->port[p].in_frames = 100 + p;
	}
	/* Only what has been zeroed by the monitor starts from nothing. */
	if (s->reply->seq != 0 || s->stats->port[0].state != PORT_ABSENT)
		pd_log(c, "dirty");
	return 0;
}

static RIG_UNUSED void give_order(struct order *o, const char *text)
{
	snprintf(o->text, sizeof(o->text), "%s", text);
	atomic_fetch_add(&o->number, 1);
}

static void obey(struct component *c, const char *text)
{
	struct fake_switch *s = c->state;
	unsigned int port = 0;

	if (strcmp(text, "crash") == 0)
		__builtin_trap();
	if (strcmp(text, "deaf") == 0) {
		s->deaf = true;
		pd_log(c, "deaf from now on");
	}
	if (strcmp(text, "odd") == 0)
		pd_log(c, "odd\x1b[2J\rtext");
	for (int i = 0; strcmp(text, "flood") == 0 && i < 500; i++)
		pd_log(c, "flood %d", i);
	if (sscanf(text, "fault %u", &port) == 1) {
		s->stats->port[port].state = PORT_FAULT;
		s->stats->port[port].faults++;
		pd_ring(c, c->cfg->sw.ctl_channel);
	}
	if (sscanf(text, "kill %u", &port) == 1) {
		give_order(s->port[port].out, "crash");
		pd_ring(c, c->cfg->sw.port[port].wire.channel);
	}
}

static void fake_port_run(struct component *c, uint32_t p)
{
	struct fake_switch *s = c->state;
	struct fake_port *port = &s->port[p];
	uint32_t epoch = link_epoch(port->link);

	if (epoch != port->epoch) {
		port->epoch = epoch;
		for (int i = 0; link_is_up(epoch) && i < 4; i++)
			if (port->queue[i] != NULL && *port->queue[i] != 0)
				pd_log(c, "dirty");
		port->obeyed = 0;
		s->stats->port[p].state = link_is_up(epoch) ? PORT_UP
							    : PORT_DOWN;
		s->stats->port[p].epoch = epoch;
		pd_ring(c, c->cfg->sw.port[p].wire.channel);
	}
	if (link_is_up(epoch) && port->in != NULL &&
	    port->in->number != port->obeyed) {
		port->obeyed = port->in->number;
		obey(c, port->in->text);
	}
}

static void fill_page(const struct vswitch_ctl_request *q,
		      struct vswitch_ctl_reply *r)
{
	for (r->count = 0;
	     r->count < CTL_FDB_ENTRIES && q->cursor + r->count < RIG_ADDRESSES;
	     r->count++)
		r->entry[r->count] = (struct fdb_entry){
			.mac = 0x020000000000 + q->cursor + r->count,
			.port = 0,
			.age = 3,
		};
	r->cursor = q->cursor + r->count;
	r->more = r->cursor < RIG_ADDRESSES;
}

/* A verdict that the frame's last octet chooses. */
static void fill_verdict(const struct vswitch_ctl_request *q,
			 struct vswitch_verdict *v)
{
	*v = (struct vswitch_verdict){
		.resolution = RESOLVED_UNICAST,
		.looked_up = true,
		.learned = { .outcome = FDB_LEARNED, .was = FDB_NO_PORT },
		.out = 1,
		.candidates = 2,
		.deliver = 2,
	};
	if (q->header[13] == 1) {
		v->reason = REASON_NOT_ALLOWED;
		v->deliver = 0;
		v->refused = 2;
		v->refusal[1] = REASON_NOT_ALLOWED;
	}
	/* Nonsense, as from a switch that a frame has subverted. */
	if (q->header[13] == 2)
		memset(v, 0xff, sizeof(*v));
}

static void fake_mailbox(struct component *c)
{
	struct fake_switch *s = c->state;
	struct vswitch_ctl_reply *r = s->reply;
	uint32_t seq = s->request->seq;

	if (seq == s->answered)
		return;
	s->answered = seq;
	r->status = 0;
	if (s->request->op == CTL_FDB)
		fill_page(s->request, r);
	else
		fill_verdict(s->request, &r->verdict);
	r->seq = seq;
	pd_ring(c, c->cfg->sw.ctl_channel);
}

static bool fake_switch_run(struct component *c, uint64_t now_ns)
{
	struct fake_switch *s = c->state;

	(void)now_ns;
	for (uint32_t p = 0; !s->deaf && p < c->cfg->sw.n_ports; p++)
		fake_port_run(c, p);
	if (!s->deaf)
		fake_mailbox(c);
	return false;
}

static const struct component_ops fake_switch_ops = {
	.kind = SYS_SWITCH,
	.name = "switch",
	.state_size = sizeof(struct fake_switch),
	.init = fake_switch_init,
	.run = fake_switch_run,
};

/* A socket's path names what open() makes and close() removes. */
static int fake_open(const struct sys_component *cfg, int *fds,
		     struct error *err)
{
	int fd = open(cfg->socket.path, O_CREAT | O_EXCL | O_RDWR, 0600);

	if (fd < 0)
		return error_set(err, "%s: fake open: %s", cfg->name,
				 strerror(errno));
	fds[0] = fd;
	return 1;
}

static void fake_close(const struct sys_component *cfg)
{
	unlink(cfg->socket.path);
}

static int fake_init(struct component *c)
{
	const struct order *o = pd_region(c, c->cfg->wire.egress.data, NULL);
	uint32_t *obeyed = c->state;

	/* What was ordered in another life is done with. */
	*obeyed = o->number;
	/* The one port PD that cannot start. */
	return strstr(c->cfg->name, ".broken") != NULL ? -EIO : 0;
}

static bool fake_run(struct component *c, uint64_t now_ns)
{
	const struct order *o = pd_region(c, c->cfg->wire.egress.data, NULL);
	const uint32_t *obeyed = c->state;

	(void)now_ns;
	if (o->number != *obeyed)
		__builtin_trap();
	return false;
}

static const struct component_ops fake_ops = {
	.kind = SYS_SOCKET,
	.name = "socket",
	.state_size = sizeof(uint32_t),
	.open = fake_open,
	.close = fake_close,
	.init = fake_init,
	.run = fake_run,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_SWITCH] = &fake_switch_ops, [SYS_TAP] = &fake_ops,
	[SYS_NIC] = &fake_ops,		 [SYS_SOCKET] = &fake_ops,
	[SYS_CAPTURE] = &fake_ops,
};

/* --- a monitor --------------------------------------------------------------- */

/**
 * struct rig - one test's monitor
 * @dir: run directory; everything lies here
 * @pid: of the monitor, 0: none
 * @log: its standard error
 * @text: the log so far
 */
struct rig {
	char dir[64];
	pid_t pid;
	int log;
	char *text;
	size_t len;
};

/* A path in the rig's directory. */
static RIG_UNUSED const char *rig_path(const struct rig *r, const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", r->dir, name);
	return p;
}

/* Child: compile a topology and run it. "@" stands for the directory. */
static _Noreturn void rig_child(const struct rig *r, const char *topology)
{
	struct config_report report;
	struct error err = { "" };
	struct system *sys;
	FILE *f = fopen(rig_path(r, "test.conf"), "w");
	int result;

	for (const char *p = topology; *p != '\0'; p++)
		fprintf(f, *p == '@' ? "%s" : "%.1s", *p == '@' ? r->dir : p);
	fclose(f);
	sys = config_compile(rig_path(r, "test.conf"), &report);
	if (sys == NULL) {
		fprintf(stderr, "%s", report.text);
		_exit(99);
	}
	unlink(rig_path(r, "test.conf"));
	result = monitor_run(sys, &err);
	if (result != 0)
		fprintf(stderr, "error: %s\n", err.text);
	fprintf(stderr, "result %d\n", result);
	config_report_free(&report);
	system_free(sys);
	exit(result == 0 ? 0 : 1);
}

static RIG_UNUSED void rig_launch(struct rig *r, const char *topology)
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

/* How often the log says something. */
static RIG_UNUSED unsigned int rig_count(const struct rig *r, const char *what)
{
	unsigned int n = 0;

	for (const char *p = r->text; (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

/* Wait until the log has said something @times times. */
static RIG_UNUSED void rig_expect(struct rig *r, const char *what,
				  unsigned int times)
{
	while (rig_count(r, what) < times)
		if (!rig_read(r))
			fail_msg("\"%s\" was not said; the log:\n%s", what,
				 r->text);
}

static RIG_UNUSED void rig_start(struct rig *r, const char *topology)
{
	rig_launch(r, topology);
	rig_expect(r, "test: running\n", 1);
}

/* Wait for the end of the log, which all its processes hold, and the monitor. */
static RIG_UNUSED int rig_wait(struct rig *r)
{
	int status;

	while (rig_read(r))
		;
	close(r->log);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	r->pid = 0;
	return status;
}

static RIG_UNUSED int rig_stop(struct rig *r)
{
	kill(r->pid, SIGTERM);
	return rig_wait(r);
}

/* Names in the rig's directory. */
static RIG_UNUSED unsigned int rig_files(const struct rig *r)
{
	DIR *d = opendir(r->dir);
	const struct dirent *e;
	unsigned int n = 0;

	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static RIG_UNUSED int rig_setup(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	strcpy(r->dir, "/tmp/weir-monitor-test-XXXXXX");
	*state = r;
	return mkdtemp(r->dir) == NULL;
}

static RIG_UNUSED int rig_teardown(void **state)
{
	struct rig *r = *state;
	DIR *d;

	if (r->pid != 0) {
		kill(r->pid, SIGTERM);
		while (rig_read(r))
			;
		close(r->log);
		waitpid(r->pid, NULL, 0);
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

/* --- the control socket -------------------------------------------------------- */

static RIG_UNUSED int rig_connect(const struct rig *r, const char *name,
				  int type)
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

/* The reply that comes on a connection, whole, or NULL if none came. */
static RIG_UNUSED json_t *rig_reply(int fd)
{
	size_t len = 0, size = 32 << 20;
	char *text = malloc(size);
	json_t *reply;
	ssize_t n;

	while ((n = read(fd, text + len, size - len)) > 0) {
		len += (size_t)n;
		if (text[len - 1] == '\n')
			break;
	}
	reply = len == 0 ? NULL : json_loadb(text, len, 0, NULL);
	free(text);
	return reply;
}

static RIG_UNUSED json_t *rig_ask(const struct rig *r, const char *request)
{
	int fd = rig_connect(r, "test.sock", SOCK_STREAM);
	json_t *reply;

	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	assert_int_equal(write(fd, "\n", 1), 1);
	reply = rig_reply(fd);
	close(fd);
	assert_non_null(reply);
	return reply;
}

/* The error text of a refusal; static. */
static RIG_UNUSED const char *rig_error(json_t *reply)
{
	static char text[512];

	assert_non_null(reply);
	assert_true(json_is_false(json_object_get(reply, "ok")));
	snprintf(text, sizeof(text), "%s",
		 json_string_value(json_object_get(reply, "error")));
	json_decref(reply);
	return text;
}

/* The data of a success; to json_decref(). */
static RIG_UNUSED json_t *rig_data(json_t *reply)
{
	json_t *data = json_object_get(reply, "data");

	assert_true(json_is_true(json_object_get(reply, "ok")));
	assert_non_null(data);
	json_incref(data);
	json_decref(reply);
	return data;
}

/* A member of the row of `show WHAT` whose @key is @name; static text. */
static RIG_UNUSED const char *rig_show(const struct rig *r, const char *what,
				       const char *rows, const char *key,
				       const char *name, const char *member)
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

static RIG_UNUSED const char *rig_port(const struct rig *r, const char *name,
				       const char *member)
{
	return rig_show(r, "ports", NULL, "port", name, member);
}

static RIG_UNUSED const char *rig_pd(const struct rig *r, const char *name,
				     const char *member)
{
	return rig_show(r, "system", "pds", "name", name, member);
}

/* Wait until a port's member has a value. */
static RIG_UNUSED void rig_until(const struct rig *r, const char *name,
				 const char *member, const char *value)
{
	for (int i = 0; i < RIG_TIMEOUT_MS / 5; i++) {
		if (strcmp(rig_port(r, name, member), value) == 0)
			return;
		poll(NULL, 0, 5);
	}
	fail_msg("%s: %s is \"%s\", not \"%s\"", name, member,
		 rig_port(r, name, member), value);
}

/* --- an attached client --------------------------------------------------------- */

/**
 * struct rig_client - by hand, so that it can also do what libweir would not
 * @sock:  connection
 * @fd:    descriptors, -1 where none came
 * @order: the transmit region
 * @link:  the link page
 */
struct rig_client {
	int sock;
	int fd[ATTACH_FDS];
	struct attach_hello hello;
	struct order *order;
	const struct link_page *link;
};

static RIG_UNUSED void rig_hello(struct rig_client *c)
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

static RIG_UNUSED void rig_attach(const struct rig *r, struct rig_client *c,
				  const char *name)
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

/* Have the fake switch do something. */
static RIG_UNUSED void rig_order(struct rig_client *c, const char *text)
{
	const uint64_t one = 1;

	while (!link_is_up(link_epoch(c->link)))
		poll(NULL, 0, 1);
	give_order(c->order, text);
	assert_int_equal(write(c->fd[ATTACH_FD_RING], &one, sizeof(one)),
			 sizeof(one));
}

/* Wait for the monitor to end the attachment. */
static RIG_UNUSED void rig_ended(const struct rig_client *c)
{
	char octet;

	assert_true(recv(c->sock, &octet, 1, 0) <= 0);
}

static RIG_UNUSED void rig_detach(struct rig_client *c)
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

/* --- the program ------------------------------------------------------------------ */

static RIG_UNUSED int rig_main(int argc, char **argv, const char *name,
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

#endif
