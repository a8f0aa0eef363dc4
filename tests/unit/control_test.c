/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control server: what it shows, and what it does not let itself be talked
 * into. Most of it against a running monitor; timeouts in this process, where
 * time is what the test says it is.
 */
#include "cli/decision.h"
#include "tests/unit/server_rig.h"

#include "vmm/linux/control/json.h"

FAKE_COMPONENTS;

static const char topology[] =
	"switch sw0 {\n"
	"port a { attach \"@/a.sock\" }\n"
	"port b { attach \"@/b.sock\"; mac lock 02:00:00:00:00:0b }\n"
	"port p { socket listen \"@/p.made\" }\n"
	"}\n"
	"switch sw1 {\n"
	"port a { attach \"@/c.sock\" }\n"
	"}\n"
	"link sw0.up <-> sw1.down\n"
	"allow sw0.a <-> sw0.b\n"
	"allow sw0.a -> p\n"
	"allow sw0.up <-> sw0.a\n"
	"allow sw1.a <-> sw1.down\n";

/* --- requests ----------------------------------------------------------- */

static void hc14_garbage_gets_an_error(void **state)
{
	static const struct {
		const char *request;
		const char *error;
	} table[] = {
		{ "", "not valid JSON" },
		{ "hello", "not valid JSON" },
		{ "{\"cmd\":\"show\"", "not valid JSON" },
		{ "{\"cmd\":\"stop\",\"cmd\":\"show\"}", "not valid JSON" },
		{ "\xff\xfe\x80", "not valid JSON" },
		{ "[1,2,3]", "one of show, trace, change" },
		{ "{}", "one of show, trace, change" },
		{ "{\"cmd\":7}", "one of show, trace, change" },
		{ "{\"cmd\":\"fly\"}", "one of show, trace, change" },
		{ "{\"cmd\":\"show\"}", "one of ports, fdb, policy" },
		{ "{\"cmd\":\"show\",\"what\":[]}", "one of ports, fdb" },
		{ "{\"cmd\":\"show\",\"what\":\"me\"}", "one of ports, fdb" },
		{ "{\"cmd\":\"change\"}", "wants \"text\"" },
		{ "{\"cmd\":\"change\",\"text\":7}", "wants \"text\"" },
		{ "{\"cmd\":\"change\",\"text\":\"\"}", "empty" },
		{ "{\"cmd\":\"change\",\"text\":\"a\\u0000b\"}",
		  "not valid JSON" },
		{ "{\"cmd\":\"reload\",\"file\":7}", "absolute path" },
		{ "{\"cmd\":\"reload\",\"file\":\"\"}", "absolute path" },
		{ "{\"cmd\":\"reload\",\"file\":\"a.conf\"}", "absolute" },
		{ "{\"cmd\":\"reload\",\"file\":\"-\"}", "absolute path" },
		{ "{\"cmd\":\"trace\"}", "\"port\" and \"frame\"" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw0.a\"}", "\"frame\"" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"\"}",
		  "two hexadecimal digits" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"abc\"}",
		  "two hexadecimal digits" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"zz\"}",
		  "two hexadecimal digits" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw9.x\",\"frame\":\"00\"}",
		  "no port \"sw9.x\"" },
		{ "{\"cmd\":\"trace\",\"port\":\"a\",\"frame\":\"00\"}",
		  "several switches have a port \"a\"" },
	};
	struct rig *r = *state;

	rig_start(r, topology);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *error = rig_error(rig_ask(r, table[i].request));

		if (strstr(error, table[i].error) == NULL)
			fail_msg("%s: \"%s\" does not say \"%s\"",
				 table[i].request, error, table[i].error);
	}
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	assert_int_equal(rig_stop(r), 0);
}

/* The same noise each time. */
static uint32_t noise(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

/* Send a text with a few bytes taken for others, and look at the reply. */
static void ask_nearly(const struct rig *r, const char *base, uint32_t *x)
{
	char request[128];
	json_t *reply;
	size_t len;

	strcpy(request, base);
	len = strlen(request);
	for (uint32_t n = noise(x) % 4 + 1; n > 0; n--)
		request[noise(x) % len] = (char)(noise(x) % 255 + 1);
	if (noise(x) % 8 == 0)
		request[noise(x) % len] = '\0';
	reply = rig_ask(r, request);
	assert_true(json_is_boolean(json_object_get(reply, "ok")));
	assert_int_equal(json_integer_value(json_object_get(reply, "protocol")),
			 2);
	json_decref(reply);
}

static void hc14_requests_that_are_nearly_right(void **state)
{
	static const char *const base[] = {
		"{\"cmd\":\"show\",\"what\":\"ports\"}",
		"{\"cmd\":\"show\",\"what\":\"fdb\"}",
		("{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":"
		 "\"ffffffffffff02000000000a0800\"}"),
	};
	struct rig *r = *state;
	uint32_t x = 14;

	rig_start(r, topology);
	for (int i = 0; i < 2000; i++)
		ask_nearly(r, base[noise(&x) % 3], &x);
	/* Those that still make sense are compiled, which takes longer. */
	for (int i = 0; i < 20; i++)
		ask_nearly(
			r,
			"{\"cmd\":\"change\",\"text\":\"set sw0.a { limit in "
			"1mbit } ; deny a -> sw0.b when 'tcp port 22'\"}",
			&x);
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	assert_int_equal(rig_stop(r), 0);
}

static void hc14_a_request_has_a_length(void **state)
{
	struct rig *r = *state;
	char *long_text = malloc(CONTROL_REQUEST_MAX + 1);
	char *end;
	int fd;

	rig_start(r, topology);
	memset(long_text, ' ', CONTROL_REQUEST_MAX);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(write(fd, long_text, CONTROL_REQUEST_MAX),
			 CONTROL_REQUEST_MAX);
	assert_non_null(strstr(rig_error(rig_reply(fd)), "too long"));
	close(fd);
	/* As long as it may be, it is read. */
	long_text[CONTROL_REQUEST_MAX - 2] = 'x';
	long_text[CONTROL_REQUEST_MAX - 1] = '\0';
	assert_non_null(
		strstr(rig_error(rig_ask(r, long_text)), "not valid JSON"));
	/* A frame as long as a frame can be. */
	free(long_text);
	long_text = malloc(2 * VSWITCH_MAX_BUFFER + 128);
	strcpy(long_text, "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"");
	end = long_text + strlen(long_text) + 2 * VSWITCH_MAX_BUFFER;
	memset(long_text + strlen(long_text), '0', 2 * VSWITCH_MAX_BUFFER);
	strcpy(end, "\"}");
	json_decref(rig_data(rig_ask(r, long_text)));
	strcpy(end, "00\"}");
	assert_non_null(strstr(rig_error(rig_ask(r, long_text)), "16384"));
	free(long_text);
	/* Cut short. */
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(write(fd, "{\"cmd\":", 7), 7);
	shutdown(fd, SHUT_WR);
	assert_non_null(strstr(rig_error(rig_reply(fd)), "cut short"));
	close(fd);
	/* Piece by piece, and with more behind it, it is a request. */
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(write(fd, "{\"cmd\":\"show\",", 14), 14);
	poll(NULL, 0, 1);
	assert_int_equal(write(fd, "\"what\":\"drops\"}\n{\"cmd\"", 22), 22);
	json_decref(rig_data(rig_reply(fd)));
	close(fd);
	assert_int_equal(rig_stop(r), 0);
}

/* Whether a connection has been told nothing and is open. */
static bool is_left_alone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

/* Those that ask nothing, and those that ask half of it. */
static int be_silent(const struct rig *r, size_t i)
{
	int fd = rig_connect(r, "test.sock", SOCK_STREAM);

	if (i % 2 != 0)
		assert_int_equal(write(fd, "{\"cmd\":", 7), 7);
	return fd;
}

static void hc34_the_oldest_silent_connection_goes(void **state)
{
	struct rig *r = *state;
	int idle[CONTROL_CONNS + 40];
	const size_t n = sizeof(idle) / sizeof(idle[0]);

	rig_start(r, topology);
	for (size_t i = 0; i < n; i++)
		idle[i] = be_silent(r, i);
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	/* Each newcomer costs one place, that of the oldest. */
	for (size_t i = 0; i < n; i++) {
		if (i + CONTROL_CONNS > n)
			assert_true(is_left_alone(idle[i]));
		else
			assert_non_null(strstr(rig_error(rig_reply(idle[i])),
					       "without a request"));
		close(idle[i]);
	}
	/* Knocking and running away, as a probe does, disturbs nobody. */
	for (size_t i = 0; i < 200; i++)
		close(rig_connect(r, "test.sock", SOCK_STREAM));
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	assert_int_equal(rig_stop(r), 0);
}

/* Child: open silent connections without end, and keep a few of them. */
static _Noreturn void renew(const struct rig *r)
{
	int fd[64];

	memset(fd, -1, sizeof(fd));
	for (size_t i = 0;; i++) {
		close(fd[i % 64]);
		fd[i % 64] = be_silent(r, i);
	}
}

static void hc34_silent_connections_that_are_renewed(void **state)
{
	struct rig *r = *state;
	pid_t pid;

	rig_start(r, topology);
	pid = fork();
	if (pid == 0)
		renew(r);
	for (int i = 0; i < 200; i++)
		assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rig_stop(r), 0);
}

static void hc34_who_is_busy_stays(void **state)
{
	struct rig *r = *state;
	json_t *data;
	int fd;

	rig_start(r, topology);
	/* A reply that does not fit into the socket, and is read at the end. */
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(write(fd, "{\"cmd\":\"show\",\"what\":\"fdb\"}\n", 28),
			 28);
	for (size_t i = 0; i < 4 * CONTROL_CONNS; i++)
		close(be_silent(r, i));
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
	data = rig_data(rig_reply(fd));
	assert_int_equal(json_array_size(data), 2 * FAKE_ADDRESSES);
	json_decref(data);
	close(fd);
	assert_int_equal(rig_stop(r), 0);
}

static void hc14_who_does_not_read_holds_nobody(void **state)
{
	struct rig *r = *state;
	json_t *data;
	int fd;

	rig_start(r, topology);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(write(fd, "{\"cmd\":\"show\",\"what\":\"fdb\"}\n", 28),
			 28);
	/* Its reply does not fit into the socket; others are served. */
	for (int i = 0; i < 20; i++)
		assert_string_equal(rig_port(r, "sw0.a", "state"), "down");
	/* And when it reads at last, the reply is whole. */
	data = rig_data(rig_reply(fd));
	assert_int_equal(json_array_size(data), 2 * FAKE_ADDRESSES);
	json_decref(data);
	close(fd);
	assert_int_equal(rig_stop(r), 0);
}

static void hc14_requests_may_be_abandoned(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	for (int i = 0; i < 200; i++) {
		int fd = rig_connect(r, "test.sock", SOCK_STREAM);

		assert_int_equal(
			write(fd, "{\"cmd\":\"show\",\"what\":\"fdb\"}\n", 28),
			28);
		close(fd);
	}
	json_decref(
		rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"fdb\"}")));
	assert_int_equal(rig_stop(r), 0);
}

/* --- what is shown ------------------------------------------------------ */

static void test_ports(void **state)
{
	struct rig *r = *state;
	char what[128];

	rig_start(r, topology);
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_port(r, "sw0.p", "kind"), "socket");
	assert_string_equal(rig_port(r, "sw0.a", "kind"), "attach");
	assert_string_equal(rig_port(r, "sw1.down", "kind"), "link");
	snprintf(what, sizeof(what), "attach %s/a.sock", r->dir);
	assert_string_equal(rig_port(r, "sw0.a", "attached"), what);
	assert_string_equal(rig_port(r, "sw0.b", "number"), "1");
	/* What the fake switch has put there. */
	assert_string_equal(rig_port(r, "sw0.b", "in_frames"), "101");
	assert_int_equal(rig_stop(r), 0);
}

static void test_system(void **state)
{
	struct rig *r = *state;
	json_t *data, *row;
	size_t i;
	int pid, writers = 0, readers = 0;
	const char *name;

	rig_start(r, topology);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"system\"}"));
	assert_int_equal(
		json_unpack(data, "{s:i, s:s}", "pid", &pid, "name", &name), 0);
	assert_int_equal(pid, r->pid);
	assert_string_equal(name, "test");
	assert_int_equal(json_array_size(json_object_get(data, "pds")), 3);
	/* Who maps a receive region: the switch to write, the port to read. */
	json_array_foreach(json_object_get(data, "pds"), i, row) {
		json_t *map;
		size_t k;

		json_array_foreach(json_object_get(row, "maps"), k, map) {
			const char *region, *perms;

			assert_int_equal(json_unpack(map, "{s:s, s:s}",
						     "region", &region, "perms",
						     &perms),
					 0);
			if (strcmp(region, "sw0.p.egress.data") != 0)
				continue;
			writers += strcmp(perms, "rw") == 0;
			readers += strcmp(perms, "r") == 0;
		}
	}
	assert_int_equal(writers, 1);
	assert_int_equal(readers, 1);
	json_decref(data);
	assert_string_equal(rig_pd(r, "sw0.p", "state"), "running");
	assert_int_equal(rig_stop(r), 0);
}

static void test_fdb_comes_page_by_page(void **state)
{
	struct rig *r = *state;
	json_t *data, *row;
	size_t i;

	rig_start(r, topology);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"fdb\"}"));
	assert_int_equal(json_array_size(data), 2 * FAKE_ADDRESSES);
	json_array_foreach(data, i, row) {
		char want[MAC_TEXT];

		mac_text(0x020000000000 + i % FAKE_ADDRESSES, want);
		assert_string_equal(
			json_string_value(json_object_get(row, "mac")), want);
		assert_string_equal(
			json_string_value(json_object_get(row, "port")),
			i < FAKE_ADDRESSES ? "sw0.a" : "sw1.a");
	}
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_switch_that_does_not_answer(void **state)
{
	static const char ask[] = "{\"cmd\":\"trace\",\"port\":\"sw0.a\","
				  "\"frame\":\"0200\"}";
	struct rig *r = *state;
	const struct control to = rig_control(r);
	struct rig_client c;
	json_t *facts, *data, *hop;

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "deaf");
	rig_expect(r, "deaf from now on", 1);
	assert_non_null(strstr(rig_error(rig_ask(r, ask)),
			       "switch sw0 does not answer"));
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	/* The other one does, and so does the monitor. */
	facts = trace_follow(&to, &rig_options,
			     json_pack("{s:s, s:s, s:s}", "cmd", "trace",
				       "port", "sw1.a", "frame", "0200"));
	data = decision_shown(facts);
	json_decref(facts);
	/* What it says is not lost for the one behind it. */
	hop = json_array_get(json_object_get(data, "hops"), 0);
	assert_string_equal(json_string_value(json_object_get(hop, "verdict")),
			    "unknown");
	assert_string_equal(json_string_value(json_object_get(hop, "text")),
			    "sw0 does not answer");
	json_decref(data);
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

/* --- timeouts, in this process ------------------------------------------ */

static void hc14_who_says_nothing_is_told_so(void **state)
{
	const struct rig *r = *state;
	struct server s;
	uint64_t accepted;
	char byte;
	int fd;

	serve(&s, r);
	assert_true(control_deadline(&s.m) == UINT64_MAX);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	loop_round(&s.m.loop, &s.m, RIG_TIMEOUT_MS);
	accepted = s.m.now_ns;
	assert_true(control_deadline(&s.m) == accepted + CONTROL_TIMEOUT_NS);
	s.m.now_ns = accepted + CONTROL_TIMEOUT_NS - 1;
	control_tick(&s.m);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	s.m.now_ns++;
	control_tick(&s.m);
	assert_non_null(strstr(rig_error(rig_reply(fd)), "within 5 s"));
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	assert_true(control_deadline(&s.m) == UINT64_MAX);
	close(fd);
	end(&s);
}

static void hc14_who_does_not_read_is_closed(void **state)
{
	const struct rig *r = *state;
	struct server s;
	struct control_conn *c;
	char *bytes = calloc(1, 4 << 20);
	int fd;

	serve(&s, r);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	loop_round(&s.m.loop, &s.m, RIG_TIMEOUT_MS);
	c = &s.m.control.conn[0];
	assert_true(c->source.fd >= 0);
	/* More than a socket holds. */
	memset(bytes, 'x', (4 << 20) - 1);
	control_answer(&s.m, c, json_string(bytes));
	free(bytes);
	assert_int_equal(c->state, CONTROL_WRITING);
	s.m.now_ns += CONTROL_TIMEOUT_NS;
	control_tick(&s.m);
	assert_int_equal(c->source.fd, -1);
	close(fd);
	end(&s);
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(hc14_garbage_gets_an_error),
		rig_test(hc14_requests_that_are_nearly_right),
		rig_test(hc14_a_request_has_a_length),
		rig_test(hc34_the_oldest_silent_connection_goes),
		rig_test(hc34_silent_connections_that_are_renewed),
		rig_test(hc34_who_is_busy_stays),
		rig_test(hc14_who_does_not_read_holds_nobody),
		rig_test(hc14_requests_may_be_abandoned),
		rig_test(test_ports),
		rig_test(test_system),
		rig_test(test_fdb_comes_page_by_page),
		rig_test(test_a_switch_that_does_not_answer),
		rig_test(hc14_who_says_nothing_is_told_so),
		rig_test(hc14_who_does_not_read_is_closed),
	};

	return rig_main(argc, argv, "control", tests,
			sizeof(tests) / sizeof(tests[0]));
}
