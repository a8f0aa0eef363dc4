/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The capture port: which records become packets, and that tcpdump and tshark,
 * if they are installed, read what we mean.
 */
#include "tests/unit/capture_rig.h"

#include <pcap/pcap.h>
#include <time.h>

/* --- what is captured --------------------------------------------------- */

static void header_first(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct seen s;

	(void)state;
	comp_turn(rig);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.sections, 1);
	assert_int_equal(s.interfaces, 2);
	assert_int_equal(s.packets, 0);
}

static void frames_with_port_direction_time(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct capture_record r = in_at(UPLINK, 333);
	struct timespec t;
	uint64_t mono, real, want;
	struct seen s;

	(void)state;
	r.direction = CAPTURE_OUT;
	clock_gettime(CLOCK_MONOTONIC, &t);
	mono = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	clock_gettime(CLOCK_REALTIME, &t);
	real = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	r.time_ns = mono - 123456789;
	assert_true(send_record(rig, &r, 7));
	comp_turn(rig);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.packets, 1);
	assert_int_equal(s.interface, 1);
	assert_int_equal(s.flags, 2);
	comp_assert_frame(s.data, s.len, 333, 7);
	assert_string_equal(s.comment, "");
	/* As far from now as the record said, by the wall clock; a second is
	 * how far this process may have been held up meanwhile. */
	want = real - 123456789;
	assert_true(s.time_ns + 1000000000 > want &&
		    s.time_ns < want + 1000000000);

	r = in_at(ALICE, 14);
	assert_true(send_record(rig, &r, 8));
	comp_turn(rig);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.packets, 2);
	assert_int_equal(s.interface, 0);
	assert_int_equal(s.flags, 1);
}

static const char *comment_of(struct comp *rig, struct capture_record r)
{
	static struct seen s;

	assert_true(send_record(rig, &r, 1));
	comp_turn(rig);
	s = see_file(cfg->capture.path);
	return s.comment;
}

static void refused_frames_say_why(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct capture_record r = in_at(ALICE, 60);

	(void)state;
	r.reason = REASON_NOT_ALLOWED;
	r.peer = BOB;
	assert_string_equal(
		comment_of(rig, r),
		"dropped: not_allowed: no rule lets the port send to the "
		"destination port (sw0.alice -> sw0.bob)");
	r.direction = CAPTURE_OUT;
	assert_string_equal(
		comment_of(rig, r),
		"dropped: not_allowed: no rule lets the port send to the "
		"destination port (sw0.bob -> sw0.alice)");
	r.direction = CAPTURE_IN;
	r.reason = REASON_RESERVED;
	r.peer = CAPTURE_NO_PORT;
	assert_string_equal(
		comment_of(rig, r),
		"dropped: reserved: 802.1 reserved address, never forwarded by "
		"a bridge (from sw0.alice)");
	/* Ports without a name, reasons that are none: no harm. */
	r.peer = 63;
	r.reason = 255;
	assert_string_equal(comment_of(rig, r),
			    "dropped: unknown: unknown (sw0.alice -> port 63)");
	r.peer = 64000;
	assert_string_equal(
		comment_of(rig, r),
		"dropped: unknown: unknown (sw0.alice -> port 64000)");
}

static void segments_say_what_they_stand_for(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct capture_record r = in_at(ALICE, 60);

	(void)state;
	r.segment = 1448;
	assert_string_equal(comment_of(rig, r),
			    "segment: 1448 bytes of payload a frame");
	r.reason = REASON_RESERVED;
	r.peer = CAPTURE_NO_PORT;
	assert_string_equal(
		comment_of(rig, r),
		"dropped: reserved: 802.1 reserved address, never forwarded by "
		"a bridge (from sw0.alice); segment: 1448 bytes of payload a "
		"frame");
}

/* Every record is whole when run() has returned: nothing waits for the next. */
static void written_by_the_end_of_run(void **state)
{
	struct comp *rig = comp_run(cfg);

	(void)state;
	for (unsigned int i = 1; i <= 5; i++) {
		record_in(rig, i);
		rig->c->ops->run(rig->c, comp_time);
		assert_int_equal(see_file(cfg->capture.path).packets, i);
	}
}

static void buffers_come_back(void **state)
{
	struct comp *rig = comp_run(cfg);

	(void)state;
	for (unsigned int i = 0; i < 10 * COMP_CAPACITY; i++) {
		record_in(rig, i);
		if (i % 100 == 99)
			comp_turn(rig);
	}
	comp_turn(rig);
	assert_int_equal(see_file(cfg->capture.path).packets,
			 10 * COMP_CAPACITY);
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
}

static void compile_filter(const char *text)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;

	assert_int_equal(pcap_compile(p, &program, text, 1, 0), 0);
	cfg->capture.n_filter = program.bf_len;
	for (unsigned int i = 0; i < program.bf_len; i++)
		cfg->capture.filter[i] = (struct sys_insn){
			.code = program.bf_insns[i].code,
			.jt = program.bf_insns[i].jt,
			.jf = program.bf_insns[i].jf,
			.k = program.bf_insns[i].k,
		};
	snprintf(cfg->capture.filter_text, SYS_PATH, "%s", text);
	pcap_freecode(&program);
	pcap_close(p);
}

static void filter_decides(void **state)
{
	struct capture_record r = in_at(ALICE, 200);
	struct seen s;
	struct comp *rig;

	(void)state;
	compile_filter("greater 150 and ether proto 0x88b5");
	rig = comp_run(cfg);
	record_in(rig, 1); /* 100 bytes */
	assert_true(send_record(rig, &r, 2));
	record_in(rig, 3);
	comp_turn(rig);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.packets, 1);
	comp_assert_frame(s.data, s.len, 200, 2);
}

static void broken_filter_is_refused(void **state)
{
	int fds[PD_MAX_FDS];
	struct comp *rig;

	(void)state;
	/* A jump past the end. */
	cfg->capture.n_filter = 1;
	cfg->capture.filter[0] = (struct sys_insn){ .code = 5, .k = 1000 };
	assert_int_equal(comp_open(cfg, fds), 1);
	rig = comp_new(cfg);
	assert_int_equal(comp_init(rig, fds, 1), -EINVAL);
}

/*
 * Records that cannot be: none is written, one line says it, the next is fine.
 */
static void hc08_lengths_past_the_descriptor(void **state)
{
	struct comp *rig = comp_run(cfg);
	uint8_t b[CAPTURE_HEADROOM + 100] = { 0 };
	struct capture_record r = in_at(ALICE, 101);

	(void)state;
	memcpy(b, &r, sizeof(r));
	assert_true(comp_send(rig, b, sizeof(b))); /* one byte too long */
	r.len = 65535;
	memcpy(b, &r, sizeof(r));
	assert_true(comp_send(rig, b, sizeof(b)));
	for (size_t len = 14; len < CAPTURE_HEADROOM; len++)
		assert_true(comp_send(rig, b, len)); /* no whole record */
	comp_turn(rig);
	assert_int_equal(see_file(cfg->capture.path).packets, 0);
	assert_true(comp_logged(rig, "impossible record (1 so far)"));
	record_in(rig, 1);
	comp_turn(rig);
	assert_int_equal(see_file(cfg->capture.path).packets, 1);
}

static void ports_not_watched_are_refused(void **state)
{
	static const uint16_t ports[] = { BOB, 63, 64, 65535 };
	struct comp *rig = comp_run(cfg);
	struct capture_record r = in_at(ALICE, 60);

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		r.port = ports[i];
		assert_true(send_record(rig, &r, i));
	}
	r = in_at(ALICE, 60);
	r.direction = 0;
	assert_true(send_record(rig, &r, 5));
	r.direction = 3;
	assert_true(send_record(rig, &r, 6));
	comp_turn(rig);
	assert_int_equal(see_file(cfg->capture.path).packets, 0);
}

static void all_64_ports(void **state)
{
	struct capture_record r = in_at(63, 60);
	struct seen s;
	struct comp *rig;

	(void)state;
	cfg->capture.of = ~0ull;
	memset(cfg->capture.filter_text, 'x', SYS_PATH - 1);
	for (unsigned int i = 0; i < MAX_PORTS; i++)
		memset(cfg->capture.name[i], 'p', SYS_NAME - 1);
	r.reason = REASON_NOT_ALLOWED;
	r.peer = 62;
	rig = comp_run(cfg);
	assert_true(send_record(rig, &r, 1));
	comp_turn(rig);
	s = see_file(cfg->capture.path);
	assert_int_equal(s.interfaces, 64);
	assert_int_equal(s.interface, 63);
}

/* --- other programs ----------------------------------------------------- */

/* Output of a command, cut short at @size. */
static void output_of(const char *command, char *text, size_t size)
{
	FILE *f = popen(command, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, size - 1, f);
	text[n] = '\0';
	assert_int_equal(pclose(f), 0);
}

static void need(const char *program)
{
	char command[64];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	if (system(command) == 0)
		return;
	print_message("%s is not installed\n", program);
	skip();
}

static void write_sample(void)
{
	struct capture_record r = in_at(ALICE, 64);
	struct comp *rig;

	compile_filter("ether proto 0x88b5");
	rig = comp_run(cfg);
	assert_true(send_record(rig, &r, 1));
	r.port = UPLINK;
	r.direction = CAPTURE_OUT;
	r.time_ns += 1;
	assert_true(send_record(rig, &r, 2));
	r = in_at(ALICE, 64);
	r.reason = REASON_NOT_ALLOWED;
	r.peer = BOB;
	assert_true(send_record(rig, &r, 3));
	comp_turn(rig);
	/* And a second section behind it. */
	rig = crash(rig);
	record_in(rig, 4);
	comp_turn(rig);
}

static void tcpdump_reads_it(void **state)
{
	char command[512];
	char text[4096];

	(void)state;
	need("tcpdump");
	write_sample();
	snprintf(command, sizeof(command),
		 "tcpdump -n -r %s 2>/dev/null | grep -c 'ethertype.*88b5'",
		 cfg->capture.path);
	output_of(command, text, sizeof(text));
	assert_string_equal(text, "4\n");
}

static void tshark_reads_it(void **state)
{
	char command[512];
	char text[4096];

	(void)state;
	need("tshark");
	write_sample();
	snprintf(command, sizeof(command),
		 "tshark -r %s -T fields -e frame.interface_name"
		 " -e frame.packet_flags_direction -e frame.len"
		 " -e frame.comment 2>/dev/null",
		 cfg->capture.path);
	output_of(command, text, sizeof(text));
	assert_string_equal(
		text,
		"sw0.alice\t0x00000001\t64\t\n"
		"sw0.uplink\t0x00000002\t64\t\n"
		"sw0.alice\t0x00000001\t64\tdropped: not_allowed: no rule lets "
		"the port send to the destination port (sw0.alice -> sw0.bob)\n"
		"sw0.alice\t0x00000001\t100\t\n");
	snprintf(command, sizeof(command),
		 "capinfos %s | grep -c -e 'Capture application:.*weir'"
		 " -e 'Capture filter.*ether proto 0x88b5'"
		 " -e 'precision:.*nanoseconds'",
		 cfg->capture.path);
	output_of(command, text, sizeof(text));
	assert_true(atoi(text) >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		capture_test(header_first),
		capture_test(frames_with_port_direction_time),
		capture_test(refused_frames_say_why),
		capture_test(segments_say_what_they_stand_for),
		capture_test(written_by_the_end_of_run),
		capture_test(buffers_come_back),
		capture_test(filter_decides),
		capture_test(broken_filter_is_refused),
		capture_test(hc08_lengths_past_the_descriptor),
		capture_test(ports_not_watched_are_refused),
		capture_test(all_64_ports),
		capture_test(tcpdump_reads_it),
		capture_test(tshark_reads_it),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}
