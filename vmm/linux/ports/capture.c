/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * capture: a port that records what passes the switch.
 *
 * The switch sends records (vswitch/capture.h); what passes the capture's
 * filter becomes a pcapng packet on the interface that stands for its port,
 * with its direction and, if it was refused, the reason as a comment.
 *
 * Time.  The switch stamps records with the monotonic clock; files want the
 * time of day.  The difference of the two clocks is read once a second, so that
 * it follows a clock that is set while a capture runs.
 *
 * The filter is interpreted by libpcap, whose bpf_filter() makes no system call
 * and whose work is bounded: programs have no backward jump.  It was compiled
 * by the compiler of the topology and is validated again here.
 *
 * Losing nothing.  run() ends by writing all it has recorded, so if this
 * process is killed, the kernel has what an earlier run() captured.  If that
 * cannot be written, records stay in the queue; when the queue is full, the
 * switch drops and counts.  The switch never waits.
 *
 * A record is checked although the switch wrote it: its length must lie within
 * its descriptor's, its port must be one of those the capture watches.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "virt/net_client.h"
#include "vmm/linux/error.h"
#include "vmm/linux/ports/capture_file.h"
#include "vmm/linux/ports/tally.h"
#include "vswitch/capture.h"
#include "base/reason.h"

/* Records taken at once, and how often in one run(). */
#define BURST 64u
#define BURSTS 4u

#define NS_PER_S 1000000000ull
#define CLOCK_REFRESH_NS NS_PER_S

/* State of a capture component. */
struct capture {
	struct net_client *client; /* the switch side, receiving half only */
	struct capture_file file;  /* where it goes */
	struct bpf_insn *filter; /* compiled program, or NULL for everything */
	/* what makes a monotonic time one since 1970, nanoseconds */
	uint64_t wall_offset;
	/* monotonic time at which @wall_offset is looked up again */
	uint64_t wall_until;
	/* by port number: position of its interface description */
	uint8_t interface[MAX_PORTS];
	struct tally bad; /* records refused */
};

/* --- starting ------------------------------------------------------------ */

static int init_filter(struct component *c)
{
	const struct sys_capture *cfg = &c->cfg->capture;
	struct capture *cap = c->state;

	if (cfg->n_filter == 0)
		return 0;
	if (cfg->n_filter > SYS_FILTER_MAX)
		return -EINVAL;
	cap->filter = calloc(cfg->n_filter, sizeof(*cap->filter));
	if (cap->filter == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < cfg->n_filter; i++)
		cap->filter[i] = (struct bpf_insn){
			.code = cfg->filter[i].code,
			.jt = cfg->filter[i].jt,
			.jf = cfg->filter[i].jf,
			.k = cfg->filter[i].k,
		};
	return bpf_validate(cap->filter, (int)cfg->n_filter) ? 0 : -EINVAL;
}

static int capture_init(struct component *c)
{
	struct capture *cap = c->state;
	uint8_t next = 0;
	int e = pd_client(c, &cap->client);

	if (e == 0)
		e = init_filter(c);
	if (e == 0)
		e = capture_file_init(&cap->file, c);
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		if (c->cfg->capture.of >> p & 1)
			cap->interface[p] = next++;
	return e;
}

/* --- records ------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void refresh_clock(struct capture *cap, uint64_t now_ns)
{
	if (cap->wall_until != 0 && now_ns < cap->wall_until)
		return;
	cap->wall_offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	cap->wall_until = now_ns + CLOCK_REFRESH_NS;
}

/* "sw0.alice"; any number is fine. */
static const char *port_name(const struct sys_capture *cfg, unsigned int port,
			     char *buf, size_t size)
{
	if (port < MAX_PORTS && cfg->name[port][0] != '\0')
		return cfg->name[port];
	snprintf(buf, size, "port %u", port);
	return buf;
}

/* Why a frame was refused. */
static void describe(const struct sys_capture *cfg,
		     const struct capture_record *r, char *text, size_t size)
{
	enum vswitch_reason reason = (enum vswitch_reason)r->reason;
	bool in = r->direction == CAPTURE_IN;
	char unnamed[2][16];
	const char *port =
		port_name(cfg, r->port, unnamed[0], sizeof(unnamed[0]));
	const char *peer =
		port_name(cfg, r->peer, unnamed[1], sizeof(unnamed[1]));
	int n = snprintf(text, size, "dropped: %s: %s ",
			 vswitch_reason_key(reason),
			 vswitch_reason_text(reason));

	if (n < 0 || (size_t)n >= size)
		return;
	if (r->peer == CAPTURE_NO_PORT)
		snprintf(text + n, size - (size_t)n, "(%s %s)",
			 in ? "from" : "to", port);
	else
		snprintf(text + n, size - (size_t)n, "(%s -> %s)",
			 in ? port : peer, in ? peer : port);
}

/* The packet's comment, or NULL: why it was refused, and what it stands for. */
static const char *comment_on(const struct sys_capture *cfg,
			      const struct capture_record *r, char *text,
			      size_t size)
{
	size_t n = 0;

	if (r->reason != REASON_NONE) {
		describe(cfg, r, text, size);
		n = strlen(text);
	}
	if (r->segment != 0)
		snprintf(text + n, size - n,
			 "%ssegment: %u bytes of payload a frame",
			 n > 0 ? "; " : "", r->segment);
	return n > 0 || r->segment != 0 ? text : NULL;
}

static bool record_ok(const struct sys_capture *cfg,
		      const struct capture_record *r,
		      const struct net_buffer *b)
{
	return r->len <= b->len - CAPTURE_HEADROOM && r->port < MAX_PORTS &&
	       (cfg->of >> r->port & 1) &&
	       (r->direction == CAPTURE_IN || r->direction == CAPTURE_OUT);
}

static void take(struct component *c, const struct net_buffer *b)
{
	const struct sys_capture *cfg = &c->cfg->capture;
	struct capture *cap = c->state;
	struct capture_record r;
	struct pcapng_packet packet;
	char comment[CAPTURE_COMMENT_MAX];

	if (b->len >= CAPTURE_HEADROOM)
		memcpy(&r, b->data, sizeof(r));
	if (b->len < CAPTURE_HEADROOM || !record_ok(cfg, &r, b)) {
		if (tally_add(&cap->bad, 1))
			pd_log(c,
			       "the switch sent an impossible record (%llu so "
			       "far): not captured",
			       (unsigned long long)cap->bad.count);
		return;
	}
	packet = (struct pcapng_packet){
		.interface = cap->interface[r.port],
		.direction = r.direction == CAPTURE_IN ? PCAPNG_INBOUND
						       : PCAPNG_OUTBOUND,
		.time_ns = r.time_ns + cap->wall_offset,
		.data = b->data + CAPTURE_HEADROOM,
		.len = r.len,
	};
	if (cap->filter != NULL &&
	    bpf_filter(cap->filter, packet.data, r.len, r.len) == 0)
		return;
	packet.comment = comment_on(cfg, &r, comment, sizeof(comment));
	pcapng_packet(&cap->file.pending, &packet);
}

static bool capture_run(struct component *c, uint64_t now_ns)
{
	struct capture *cap = c->state;
	struct net_buffer buffers[BURST];
	bool more = true;

	refresh_clock(cap, now_ns);
	for (unsigned int burst = 0; burst < BURSTS && more; burst++) {
		unsigned int most = capture_file_room(&cap->file, now_ns);
		unsigned int n;

		most = most < BURST ? most : BURST;
		n = most == 0 ? 0 : net_rx_burst(cap->client, buffers, most);
		for (unsigned int i = 0; i < n; i++)
			take(c, &buffers[i]);
		net_rx_release(cap->client, buffers, n);
		more = most > 0 && n == most;
	}
	capture_file_flush(&cap->file, now_ns);
	if (net_client_must_notify(cap->client))
		pd_ring(c, c->cfg->wire.channel);
	return more;
}

/* While nothing can be written, no more records are asked for. */
static bool capture_arm(struct component *c)
{
	struct capture *cap = c->state;
	bool room = capture_file_room(&cap->file, pd_now(c)) > 0;

	return net_client_arm(cap->client, room, false);
}

static void capture_fd_ready(struct component *c, unsigned int fd_index,
			     uint32_t events)
{
	struct capture *cap = c->state;

	(void)fd_index;
	(void)events;
	capture_file_ready(&cap->file);
}

static const int capture_syscalls[] = { SYS_write, -1 };

const struct component_ops capture_ops = {
	.kind = SYS_CAPTURE,
	.name = "capture",
	.state_size = sizeof(struct capture),
	.syscalls = capture_syscalls,
	.file_size = capture_file_size,
	.open = capture_file_open,
	.init = capture_init,
	.fd_ready = capture_fd_ready,
	.run = capture_run,
	.arm = capture_arm,
};
