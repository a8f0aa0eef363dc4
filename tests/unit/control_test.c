/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control server: what it says, and what it does not let itself be talked
 * into. Most of it against a running monitor; timeouts and texts in this
 * process, where time is what the test says it is.
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/control_json.h"

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

/* --- requests ------------------------------------------------------------------ */

static void hc14_garbage_gets_an_error(void **state)
{
	static const struct {
		const char *request;
		const char *error;
	} table[] = {
		{ "", "no JSON" },
		{ "hello", "no JSON" },
		{ "{\"cmd\":\"show\"", "no JSON" },
		{ "{\"cmd\":\"stop\",\"cmd\":\"show\"}", "no JSON" },
		{ "\xff\xfe\x80", "no JSON" },
		{ "[1,2,3]", "one of show, trace, stop" },
		{ "{}", "one of show, trace, stop" },
		{ "{\"cmd\":7}", "one of show, trace, stop" },
		{ "{\"cmd\":\"fly\"}", "one of show, trace, stop" },
		{ "{\"cmd\":\"show\"}", "one of ports, fdb, policy" },
		{ "{\"cmd\":\"show\",\"what\":[]}", "one of ports, fdb" },
		{ "{\"cmd\":\"show\",\"what\":\"me\"}", "one of ports, fdb" },
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
	assert_non_null(strstr(rig_error(rig_ask(r, long_text)), "no JSON"));
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

static void hc14_idle_connections_are_bounded(void **state)
{
	struct rig *r = *state;
	int idle[CONTROL_CONNS + 4];
	json_t *reply;
	int fd;

	rig_start(r, topology);
	for (size_t i = 0; i < CONTROL_CONNS; i++)
		idle[i] = rig_connect(r, "test.sock", SOCK_STREAM);
	/* All places are taken; the next one waits until one is free. */
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	assert_int_equal(
		write(fd, "{\"cmd\":\"show\",\"what\":\"drops\"}\n", 30), 30);
	close(idle[0]);
	reply = rig_data(rig_reply(fd));
	assert_true(json_is_array(reply));
	json_decref(reply);
	close(fd);
	for (size_t i = 1; i < CONTROL_CONNS; i++)
		close(idle[i]);
	/* Knocking and running away, as a probe does, disturbs nobody. */
	for (size_t i = 0; i < 200; i++)
		close(rig_connect(r, "test.sock", SOCK_STREAM));
	assert_string_equal(rig_port(r, "sw0.p", "restarts"), "0");
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
	assert_int_equal(json_array_size(data), 2 * RIG_ADDRESSES);
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

/* --- what is shown -------------------------------------------------------------- */

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

static void test_policy(void **state)
{
	static const char *const want[] = {
		"sw0.a>sw0.b",
		"sw0.a>sw0.p",
		"sw0.a>sw0.up",
		"sw0.b>sw0.a",
		"sw0.b=02:00:00:00:00:0b",
		"sw0.up>sw0.a",
		"sw1.a>sw1.down",
		"sw1.down>sw1.a",
	};
	struct rig *r = *state;
	json_t *data, *row;
	size_t i;

	rig_start(r, topology);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"policy\"}"));
	/* Exactly what is allowed, in order; nothing else is there. */
	assert_int_equal(json_array_size(data), 8);
	json_array_foreach(data, i, row) {
		const char *action, *from, *to = NULL, *mac = NULL;
		char got[64];

		assert_int_equal(json_unpack(row, "{s:s, s:s, s?s, s?s}",
					     "action", &action, "from", &from,
					     "to", &to, "mac", &mac),
				 0);
		assert_true((to != NULL) == (strcmp(action, "allow") == 0));
		assert_true((mac != NULL) == (strcmp(action, "mac-lock") == 0));
		snprintf(got, sizeof(got), "%s%c%s", from,
			 to != NULL ? '>' : '=', to != NULL ? to : mac);
		assert_string_equal(got, want[i]);
	}
	json_decref(data);
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
	assert_int_equal(json_array_size(data), 2 * RIG_ADDRESSES);
	json_array_foreach(data, i, row) {
		char want[MAC_TEXT];

		mac_text(0x020000000000 + i % RIG_ADDRESSES, want);
		assert_string_equal(
			json_string_value(json_object_get(row, "mac")), want);
		assert_string_equal(
			json_string_value(json_object_get(row, "port")),
			i < RIG_ADDRESSES ? "sw0.a" : "sw1.a");
	}
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_switch_that_does_not_answer(void **state)
{
	static const char ask[] = "{\"cmd\":\"trace\",\"port\":\"sw0.a\","
				  "\"frame\":\"0200\"}";
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "deaf");
	rig_expect(r, "deaf from now on", 1);
	assert_non_null(strstr(rig_error(rig_ask(r, ask)),
			       "switch sw0 does not answer"));
	/* The other one does, and so does the monitor. */
	json_decref(rig_data(rig_ask(r, "{\"cmd\":\"trace\",\"port\":\"sw1.a\","
					"\"frame\":\"0200\"}")));
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

/* --- trace ------------------------------------------------------------------------ */

static json_t *trace(const struct rig *r, const char *frame)
{
	char request[256];

	snprintf(request, sizeof(request),
		 "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"%s\"}",
		 frame);
	return rig_data(rig_ask(r, request));
}

static const char *member(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_trace_tells_the_switch_s_verdict(void **state)
{
	struct rig *r = *state;
	json_t *data;

	rig_start(r, topology);
	data = trace(r, "02000000000b02000000000a0800");
	assert_string_equal(member(data, "verdict"), "deliver");
	assert_string_equal(member(data, "reason"), "none");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(data, "deliver"), 0)),
			    "sw0.b");
	json_decref(data);
	data = trace(r, "02000000000b02000000000a0801");
	assert_string_equal(member(data, "verdict"), "drop");
	assert_string_equal(member(data, "reason"), "not_allowed");
	assert_int_equal(json_array_size(json_object_get(data, "deliver")), 0);
	json_decref(data);
	/* A verdict of nothing but ones is told as far as it makes sense. */
	data = trace(r, "02000000000b02000000000a0802");
	assert_string_equal(member(data, "verdict"), "drop");
	assert_string_equal(member(data, "reason"), "unknown");
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

/* A switch to tell verdicts of, in this process. */
static void fake_switch(struct mon_switch *sw, struct sys_component *comp)
{
	*comp = (struct sys_component){ .kind = SYS_SWITCH, .name = "sw0" };
	comp->sw.n_ports = 3;
	strcpy(comp->sw.port[0].name, "a");
	strcpy(comp->sw.port[1].name, "b");
	strcpy(comp->sw.port[2].name, "c");
	comp->sw.port[0].wire.max_frame = 1518;
	*sw = (struct mon_switch){ .comp = comp };
}

/* The last step of an explanation, as "step result"; static. */
static const char *last_step(const struct vswitch_verdict *v, size_t *steps)
{
	static char text[64];
	struct vswitch_ctl_request request = { .len = 60 };
	struct sys_component comp;
	struct mon_switch sw;
	json_t *data, *list, *last;

	fake_switch(&sw, &comp);
	data = show_verdict(&sw, &request, v);
	list = json_object_get(data, "steps");
	*steps = json_array_size(list);
	last = json_array_get(list, *steps - 1);
	snprintf(text, sizeof(text), "%s %s", member(last, "step"),
		 member(last, "result"));
	json_decref(data);
	return text;
}

static void test_each_reason_has_its_step(void **state)
{
	static const struct {
		enum vswitch_reason reason;
		const char *last;
		size_t steps;
	} table[] = {
		{ REASON_RUNT, "length drop", 1 },
		{ REASON_OVERSIZE, "length drop", 1 },
		{ REASON_RESERVED, "reserved drop", 2 },
		{ REASON_VLAN, "vlan drop", 3 },
		{ REASON_BAD_SOURCE, "source drop", 4 },
		{ REASON_MAC_LOCK, "admit drop", 5 },
		{ REASON_STATION_PINNED, "learn pinned", 6 },
		{ REASON_SAME_PORT, "resolve drop", 7 },
		{ REASON_NO_DESTINATION, "resolve drop", 8 },
		{ REASON_NOT_ALLOWED, "allow drop", 8 },
		{ REASON_POLICY, "policy drop", 9 },
		{ REASON_PORT_DOWN, "deliver drop", 10 },
		{ REASON_TOO_BIG, "deliver drop", 10 },
		{ REASON_NO_BUFFER, "deliver drop", 10 },
		{ REASON_NONE, "deliver pass", 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct vswitch_verdict v = {
			.reason = table[i].reason,
			.resolution = RESOLVED_UNICAST,
			.looked_up = true,
			.learned = { .outcome = FDB_PINNED, .was = 2 },
			.out = 1,
			.candidates = 2,
			.refused = table[i].reason != REASON_NONE ? 2 : 0,
			.deliver = table[i].reason == REASON_NONE ? 2 : 0,
			.refusal = { [1] = (uint8_t)table[i].reason },
		};
		size_t steps;

		assert_string_equal(last_step(&v, &steps), table[i].last);
		assert_int_equal(steps, table[i].steps);
	}
}

static void test_a_flood_is_told_port_by_port(void **state)
{
	struct vswitch_verdict v = {
		.resolution = RESOLVED_BROADCAST,
		.looked_up = true,
		.learned = { .outcome = FDB_MOVED, .was = 1 },
		.candidates = 6,
		.deliver = 2,
		.refused = 4,
		.refusal = { [2] = REASON_PORT_DOWN },
	};
	size_t steps;

	(void)state;
	assert_string_equal(last_step(&v, &steps), "deliver drop");
	assert_int_equal(steps, 7 + 3 + 3);
}

static void test_hex(void **state)
{
	uint8_t out[4] = { 0 };

	(void)state;
	assert_int_equal(hex_decode("00fFA5", 6, out, 4), 3);
	assert_memory_equal(out, "\x00\xff\xa5", 3);
	assert_int_equal(hex_decode("", 0, out, 4), 0);
	assert_int_equal(hex_decode("0", 1, out, 4), -1);
	assert_int_equal(hex_decode("0g", 2, out, 4), -1);
	assert_int_equal(hex_decode("0\0", 2, out, 4), -1);
	assert_int_equal(hex_decode("@`", 2, out, 4), -1);
	assert_int_equal(hex_decode("0000000000", 10, out, 4), -1);
}

/* --- timeouts, in this process ------------------------------------------------------ */

/**
 * struct server - a monitor that has nothing but a control socket
 */
struct server {
	struct monitor m;
	struct error err;
	struct system sys;
};

static void serve(struct server *s, const struct rig *r)
{
	*s = (struct server){ .sys = { .name = "test" } };
	s->m.sys = s->sys;
	s->m.err = &s->err;
	s->m.phase = MONITOR_RUNNING;
	assert_int_equal(janitor_start(&s->m.janitor, &s->sys, &s->err), 0);
	assert_int_equal(loop_open(&s->m.loop), 0);
	assert_int_equal(control_open(&s->m, rig_path(r, "test.sock")), 0);
	control_serve(&s->m);
}

static void end(struct server *s)
{
	control_close(&s->m);
	janitor_stop(&s->m.janitor);
	loop_close(&s->m.loop);
}

static void hc14_who_says_nothing_is_told_so(void **state)
{
	const struct rig *r = *state;
	struct server s;
	uint64_t accepted;
	char octet;
	int fd;

	serve(&s, r);
	assert_true(control_deadline(&s.m) == UINT64_MAX);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	loop_round(&s.m.loop, &s.m, RIG_TIMEOUT_MS);
	accepted = s.m.now_ns;
	assert_true(control_deadline(&s.m) == accepted + CONTROL_TIMEOUT_NS);
	s.m.now_ns = accepted + CONTROL_TIMEOUT_NS - 1;
	control_tick(&s.m);
	assert_int_equal(recv(fd, &octet, 1, MSG_DONTWAIT), -1);
	s.m.now_ns++;
	control_tick(&s.m);
	assert_non_null(strstr(rig_error(rig_reply(fd)), "within 5 s"));
	assert_int_equal(recv(fd, &octet, 1, 0), 0);
	assert_true(control_deadline(&s.m) == UINT64_MAX);
	close(fd);
	end(&s);
}

static void hc14_who_does_not_read_is_closed(void **state)
{
	const struct rig *r = *state;
	struct server s;
	struct control_conn *c;
	char *octets = calloc(1, 4 << 20);
	int fd;

	serve(&s, r);
	fd = rig_connect(r, "test.sock", SOCK_STREAM);
	loop_round(&s.m.loop, &s.m, RIG_TIMEOUT_MS);
	c = &s.m.control.conn[0];
	assert_true(c->source.fd >= 0);
	/* More than a socket holds. */
	memset(octets, 'x', (4 << 20) - 1);
	control_answer(&s.m, c, json_string(octets));
	free(octets);
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
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_each_reason_has_its_step),
		cmocka_unit_test(test_a_flood_is_told_port_by_port),
		rig_test(hc14_who_says_nothing_is_told_so),
		rig_test(hc14_who_does_not_read_is_closed),
		rig_test(hc14_garbage_gets_an_error),
		rig_test(hc14_a_request_has_a_length),
		rig_test(hc14_idle_connections_are_bounded),
		rig_test(hc14_who_does_not_read_holds_nobody),
		rig_test(hc14_requests_may_be_abandoned),
		rig_test(test_ports),
		rig_test(test_policy),
		rig_test(test_system),
		rig_test(test_fdb_comes_page_by_page),
		rig_test(test_a_switch_that_does_not_answer),
		rig_test(test_trace_tells_the_switch_s_verdict),
	};

	return rig_main(argc, argv, "control", tests,
			sizeof(tests) / sizeof(tests[0]));
}
