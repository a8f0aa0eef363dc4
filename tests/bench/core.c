/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core: frames through the switch core in one process, for counting.
 *
 *	core LENGTH FRAMES STATIONS [RULES FLOWS [reply|answers]]
 *	core LENGTH FRAMES STATIONS mesh|flood PORTS
 *
 * Time says little on a shared machine; instructions are the same every time.
 * tests/bench/quick.sh runs this under callgrind with collection on inside
 * counted() only and divides by FRAMES.  The nanoseconds of a frame are printed
 * as well, for what instructions do not show: cache misses.  Frames go from port 0 to port 1 in
 * bursts of 32, from and to STATIONS addresses on either side.
 *
 * Without RULES the allow list decides.  With them the last one lets the frame
 * through and those before it are asked in vain, which is what RULES rules cost
 * at most.  The frames are FLOWS different ones in turn: the last rule reads
 * the port they differ in, so with a few flows verdicts are remembered
 * (policy/cache.h), and with more than FRAMES of them every frame is new.
 *
 * With `mesh` the receiving stations are behind PORTS - 1 ports in turn; with
 * `flood` the frames are broadcasts, and counted are the copies.
 *
 * With `reply` the last rule opens flows; with `answers` there is no way back
 * but as an answer, and counted is what comes back.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/merge/merge.h"
#include "tests/bench/lib/measure.h"
#include "vswitch/vswitch.h"

#define CAPACITY 512u
#define BUFFER 2048u
#define BURST 32u
/* Ethernet, IPv4 and UDP. */
#define HEADERS 42u
/* Ports are below this in rules that are to match nothing, others above. */
#define FIRST_PORT 1024u
#define PORTS 60000u
/*
 * Time between bursts.  A full table of flows parts with what it has not seen
 * for a second or more; so no second has as many new flows as the table holds.
 */
#define TICK 1000u
#define TICK_FLOWS 10000000u
#define FLOWS 4096u

struct side {
	struct queue_producer in_active, out_free;
	struct queue_consumer in_free, out_active;
	uint8_t *in_data;
	unsigned int number;
	unsigned int slot;
};

/* What to measure: the arguments. */
struct plan {
	unsigned long frames;
	unsigned int length;
	unsigned int stations;
	unsigned int rules;
	unsigned int flows;
	unsigned int ports;
	bool reply;
	bool answers;
	bool flood;
};

struct bench {
	struct plan plan;
	struct vswitch *sw;
	struct side side[MAX_PORTS];
	uint64_t now;
	unsigned long long spent; /* nanoseconds, in what is counted */
};

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "core: %s%s\n", what, why);
	exit(1);
}

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	if (p == NULL)
		die("out of memory", "");
	return memset(p, 0, size);
}

/* --- the switch --------------------------------------------------------- */

static struct vswitch_half make_half(void)
{
	struct vswitch_half h = {
		.active = zeroed(queue_region_size(CAPACITY)),
		.free = zeroed(queue_region_size(CAPACITY)),
		.data = zeroed((size_t)CAPACITY * BUFFER),
		.data_size = (size_t)CAPACITY * BUFFER,
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
	};

	return h;
}

static void make_side(struct bench *b, unsigned int port)
{
	struct side *s = &b->side[port];
	struct vswitch_port_config c = {
		.kind = VSWITCH_PORT_CLIENT,
		.ingress = make_half(),
		.egress = make_half(),
		.max_frame = 1518,
	};

	if (vswitch_add_port(b->sw, port, &c) != 0)
		die("the switch refuses the port", "");
	queue_producer_init(&s->in_active, c.ingress.active, CAPACITY);
	queue_consumer_init(&s->in_free, c.ingress.free, CAPACITY);
	queue_consumer_init(&s->out_active, c.egress.active, CAPACITY);
	queue_producer_init(&s->out_free, c.egress.free, CAPACITY);
	s->in_data = c.ingress.data;
	for (unsigned int i = 0; i < CAPACITY; i++)
		queue_put(&s->out_free, i * BUFFER, 0);
	queue_publish(&s->out_free);
}

static void make_switch(struct bench *b)
{
	uint32_t addresses = 2 * b->plan.stations + 4096;
	const struct vswitch_tables tables = {
		.fdb = { .capacity = addresses < FDB_MAX_CAPACITY
					     ? addresses
					     : FDB_MAX_CAPACITY,
			 .ageing = 300,
			 .seed = 42 },
		.flows = FLOWS,
	};
	size_t size = vswitch_size(&tables);

	b->sw = vswitch_init(zeroed(size), size, &tables,
			     zeroed(vswitch_stats_size(&tables)));
	if (b->sw == NULL)
		die("the switch refuses its tables", "");
	for (unsigned int p = 0; p < b->plan.ports; p++)
		make_side(b, p);
}

/* --- its policy --------------------------------------------------------- */

/* Add a rule for frames from port 0 to port 1. */
static void add_rule(struct policy_image *image, bool reply, const char *expr)
{
	struct policy_rule *r = &image->rule[image->n_rules];
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;

	if (pcap == NULL ||
	    pcap_compile(pcap, &program, expr, 1, PCAP_NETMASK_UNKNOWN) != 0)
		die("libpcap refuses ", expr);
	if (image->n_rules == POLICY_MAX_RULES ||
	    program.bf_len > POLICY_MAX_INSNS - image->n_insns)
		die("too many rules", "");
	*r = (struct policy_rule){ .id = image->n_rules + 1,
				   .first = image->n_insns,
				   .n = (uint16_t)program.bf_len,
				   .action = POLICY_ALLOW,
				   .reply = reply };
	memcpy(image->insn + r->first, program.bf_insns,
	       program.bf_len * sizeof(image->insn[0]));
	image->n_insns += program.bf_len;
	image->entry[image->n_entries++] = (uint16_t)image->n_rules++;
	image->pair[0][1].n++;
	pcap_freecode(&program);
	pcap_close(pcap);
}

static void set_policy(const struct bench *b)
{
	struct policy_image *image = zeroed(sizeof(*image));
	const struct plan *plan = &b->plan;
	enum policy_fault fault;
	char expr[80];

	image->magic = POLICY_MAGIC;
	image->port[0].allow = plan->rules == 0 ? ~1ull : 0;
	for (unsigned int p = 2; p < plan->ports; p++)
		image->port[p].allow = 1;
	image->port[1].allow = plan->answers ? 0 : 1u << 0;
	for (unsigned int i = 1; i < plan->rules; i++) {
		snprintf(expr, sizeof(expr),
			 "udp dst port %u and host 10.0.%u.%u", i, i >> 8,
			 i & 0xff);
		add_rule(image, false, expr);
	}
	if (plan->rules > 0) {
		snprintf(expr, sizeof(expr), "udp dst portrange %u-65535",
			 FIRST_PORT);
		add_rule(image, plan->reply, expr);
	}
	merge_pairs(image);
	fault = vswitch_set_policy(b->sw, image, NULL);
	if (fault != POLICY_FAULT_SOUND)
		die("the policy ", policy_fault_text(fault));
	free(image);
}

/* --- frames ------------------------------------------------------------- */

static void put16(uint8_t *p, unsigned int value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

static void put_station(uint8_t *p, unsigned int side, unsigned int n)
{
	const uint8_t mac[6] = {
		2,
		(uint8_t)side,
		0,
		(uint8_t)(n >> 16),
		(uint8_t)(n >> 8),
		(uint8_t)n,
	};

	memcpy(p, mac, 6);
}

/* RFC 1071, over a header whose checksum is zero. */
static void put_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

/* The @n-th frame of a side; its flow is the @n-th of the other side too. */
static void put_frame(uint8_t *p, const struct plan *plan, unsigned int side,
		      unsigned int n)
{
	unsigned int flow = n % plan->flows;
	const uint32_t addr[2] = { 0x0a010000u + flow, 0x0ac80001u };
	const unsigned int port[2] = { FIRST_PORT + 1000 + flow % PORTS,
				       FIRST_PORT + flow % PORTS };

	put_station(p, 1 - side, n % plan->stations);
	put_station(p + 6, side, (side ? n : n * 7) % plan->stations);
	if (plan->flood && side == 0)
		memset(p, 0xff, 6);
	memset(p + 12, 0, HEADERS - 12);
	put16(p + 12, 0x0800);
	p[14] = 0x45;
	put16(p + 16, plan->length - 14);
	p[22] = 64;
	p[23] = 17;
	put32(p + 26, addr[side]);
	put32(p + 30, addr[1 - side]);
	put_checksum(p + 14);
	put16(p + 34, port[side]);
	put16(p + 36, port[1 - side]);
	put16(p + 38, plan->length - 34);
}

/* --- through the switch ------------------------------------------------- */

static void run(struct vswitch *sw, unsigned int port, uint64_t now)
{
	uint64_t ring = 0, work = 1ull << port;

	while (work != 0)
		work = vswitch_run(sw, work, now, &ring);
}

/*
 * A function of its own, so that callgrind can be told to look at this alone.
 */
static __attribute__((noinline)) void counted(struct vswitch *sw,
					      unsigned int port, uint64_t now)
{
	run(sw, port, now);
}

static unsigned int receive(struct side *to)
{
	int n = queue_pending(&to->out_active);

	for (int i = 0; i < n; i++)
		queue_put(&to->out_free,
			  queue_peek(&to->out_active, (unsigned int)i)
				  .io_or_offset,
			  0);
	queue_release(&to->out_active, (unsigned int)n);
	queue_publish(&to->out_free);
	return (unsigned int)n;
}

static unsigned int receive_all(struct bench *b)
{
	unsigned int n = 0;

	for (unsigned int p = 0; p < b->plan.ports; p++)
		n += receive(&b->side[p]);
	return n;
}

/* One burst in at @port, whose frames are every @step-th; returns copies. */
static unsigned int burst(struct bench *b, unsigned int port, unsigned int step,
			  bool count)
{
	struct side *from = &b->side[port];

	for (unsigned int i = 0; i < BURST; i++, from->number += step) {
		if (step > 1 && from->number >= b->plan.stations)
			from->number %= step;
		uint32_t at = (from->slot++ % CAPACITY) * BUFFER;

		put_frame(from->in_data + at, &b->plan, port > 0, from->number);
		queue_put(&from->in_active, at, (uint16_t)b->plan.length);
	}
	queue_publish(&from->in_active);
	b->now += b->plan.flows > 1 ? TICK_FLOWS : TICK;
	if (count) {
		unsigned long long start = measure_now();

		counted(b->sw, port, b->now);
		b->spent += measure_now() - start;
	} else {
		run(b->sw, port, b->now);
	}
	queue_release(&from->in_free,
		      (unsigned int)queue_pending(&from->in_free));
	return receive_all(b);
}

/* Every address speaks once, so that all are known. */
static void introduce(struct bench *b)
{
	unsigned int others = b->plan.ports - 1;

	for (unsigned int p = 1; p < b->plan.ports; p++) {
		b->side[p].number = p - 1;
		for (unsigned int i = 0; i < b->plan.stations; i += BURST)
			burst(b, p, others, false);
	}
	for (unsigned int i = 0; i < b->plan.stations; i += BURST)
		burst(b, 0, 1, false);
}

/* Return: frames delivered while it was counted. */
static unsigned long measure(struct bench *b)
{
	unsigned int back = b->plan.answers ? 1 : 0, n;
	unsigned int copies = b->plan.flood ? b->plan.ports - 1 : 1;
	unsigned long delivered = 0;

	introduce(b);
	while (delivered < b->plan.frames) {
		if (back)
			burst(b, 0, 1, false);
		n = burst(b, back, 1, true);
		/* Or what is counted is the cost of a refusal. */
		if (n != BURST * copies)
			die("frames were not delivered", "");
		delivered += n;
	}
	return delivered;
}

static bool read_number(const char *text, unsigned int *number)
{
	*number = (unsigned int)strtoul(text, NULL, 10);
	return *number > 0;
}

static bool read_ports(struct plan *plan, char **argv)
{
	plan->flood = strcmp(argv[0], "flood") == 0;
	return (plan->flood || strcmp(argv[0], "mesh") == 0) &&
	       read_number(argv[1], &plan->ports) && plan->ports > 1 &&
	       plan->ports <= MAX_PORTS;
}

static bool read_rules(struct plan *plan, int argc, char **argv)
{
	plan->rules = (unsigned int)strtoul(argv[0], NULL, 10);
	plan->reply = argc == 3;
	plan->answers = argc == 3 && strcmp(argv[2], "answers") == 0;
	return read_number(argv[1], &plan->flows) &&
	       (!plan->reply ||
		(plan->rules > 0 &&
		 (plan->answers || strcmp(argv[2], "reply") == 0)));
}

static bool read_plan(struct plan *plan, int argc, char **argv)
{
	*plan = (struct plan){ .flows = 1, .ports = 2 };
	if (argc < 4 || argc > 7)
		return false;
	plan->frames = strtoul(argv[2], NULL, 10);
	if (!read_number(argv[1], &plan->length) ||
	    !read_number(argv[3], &plan->stations) || plan->length < HEADERS ||
	    plan->length > 1518 || plan->stations > 1u << 24)
		return false;
	if (argc == 6 && (argv[4][0] < '0' || argv[4][0] > '9'))
		return read_ports(plan, argv + 4);
	return argc == 4 || (argc > 5 && read_rules(plan, argc - 4, argv + 4));
}

int main(int argc, char **argv)
{
	static struct bench b = { .now = 1 };
	unsigned long delivered;

	if (!read_plan(&b.plan, argc, argv)) {
		fputs("usage: core LENGTH FRAMES STATIONS "
		      "[RULES FLOWS [reply|answers]|mesh|flood PORTS]\n",
		      stderr);
		return 2;
	}
	make_switch(&b);
	set_policy(&b);
	delivered = measure(&b);
	printf("%lu %.1f\n", delivered, (double)b.spent / (double)delivered);
	return 0;
}
