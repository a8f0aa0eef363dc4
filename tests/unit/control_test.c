/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control server: hostile requests, and clients that are slow or silent.
 * Most of it against a running monitor; timeouts in this process, where time is
 * what the test says it is.
 */
#include "tests/unit/control_rig.h"
#include "tests/unit/server_rig.h"
#include "vmm/linux/control/json.h"

FAKE_COMPONENTS;

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
		{ "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"00\","
		  "\"offload\":{\"type\":\"sctp\"}}",
		  "\"offload\"" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"00\","
		  "\"offload\":{\"type\":\"udp\",\"segment\":65536}}",
		  "\"offload\"" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"00\","
		  "\"offload\":7}",
		  "\"offload\"" },
		{ "{\"cmd\":\"trace\",\"port\":\"sw9.x\",\"frame\":\"00\"}",
		  "no port \"sw9.x\"" },
		{ "{\"cmd\":\"trace\",\"port\":\"a\",\"frame\":\"00\"}",
		  "several switches have a port \"a\"" },
	};
	struct rig *r = *state;

	rig_start(r, control_topology);
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
		 "\"ffffffffffff02000000000a0800\",\"offload\":"
		 "{\"type\":\"tcp4\",\"segment\":99}}"),
	};
	struct rig *r = *state;
	uint32_t x = 14;

	rig_start(r, control_topology);
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

	rig_start(r, control_topology);
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
	assert_non_null(strstr(rig_error(rig_ask(r, long_text)), "65536"));
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

	rig_start(r, control_topology);
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

/* One that is slow to send its request may be turned away, and tries again. */
static bool is_answered(const struct rig *r)
{
	static const char request[] = "{\"cmd\":\"show\",\"what\":\"ports\"}\n";
	int fd = rig_connect(r, "test.sock", SOCK_STREAM);
	json_t *reply = NULL;
	bool answered;

	if (write(fd, request, sizeof(request) - 1) > 0)
		reply = rig_reply(fd);
	close(fd);
	answered = json_array_size(json_object_get(reply, "data")) > 0;
	json_decref(reply);
	return answered;
}

static void hc34_silent_connections_that_are_renewed(void **state)
{
	struct rig *r = *state;
	unsigned int answered = 0;
	pid_t pid;

	rig_start(r, control_topology);
	pid = fork();
	if (pid == 0)
		renew(r);
	for (unsigned int tries = 0; answered < 200; tries++) {
		assert_true(tries < 1000);
		answered += is_answered(r);
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rig_stop(r), 0);
}

static void hc34_who_is_busy_stays(void **state)
{
	struct rig *r = *state;
	json_t *data;
	int fd;

	rig_start(r, control_topology);
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

	rig_start(r, control_topology);
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

	rig_start(r, control_topology);
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
		rig_test(hc14_who_says_nothing_is_told_so),
		rig_test(hc14_who_does_not_read_is_closed),
	};

	return rig_main(argc, argv, "control", tests,
			sizeof(tests) / sizeof(tests[0]));
}
