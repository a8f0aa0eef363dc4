/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switches as components of real PDs: two of them, joined by a link, with the
 * test as the client of a port on either and as the monitor of both.
 *
 *	test -- alice [sw0] trunk -- up [sw1] bob -- test
 *	              [sw0] carol -- test
 *
 * In their own PDs the link's notifications go through eventfds, in one domain
 * they are calls; the same tests are run on both.
 */
#include "tests/unit/pd_rig.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include "base/link.h"
#include "base/lines.h"
#include "virt/net_client.h"
#include "vswitch/ctl.h"
#include "vswitch/stats.h"

#define CAPACITY 8u
#define BUFFER 2048u
#define MAX_FRAME 1518u

/* Port numbers on their switches. */
enum { ALICE, TRUNK, CAROL, SW0_PORTS };
enum { UP, BOB, SW1_PORTS };

/* Connections and switches of the test. */
enum { CONN_ALICE, CONN_LINK, CONN_BOB, CONN_CAROL, CONNS };
enum { SW0, SW1, SWITCHES };

#define MAC_ALICE "\x02\0\0\0\0\x0a"
#define MAC_BOB "\x02\0\0\0\0\x0b"
#define MAC_ALL "\xff\xff\xff\xff\xff\xff"

/**
 * struct conn - one connection
 * @region:  of ingress and egress, in the order of struct sys_half; the link
 * @channel: its channel
 * @page:    its link page
 * @client:  the test's side of it, if it is one's
 */
struct conn {
	uint32_t ingress[3];
	uint32_t egress[3];
	uint32_t link;
	uint32_t channel;
	struct link_page *page;
	void *memory;
	struct net_client *client;
};

/**
 * struct net - everything
 * @pd:   by switch: the PD it lives in
 * @comp: by switch: its component
 * @policy: by switch: what is written into its region
 */
struct net {
	struct pds rig;
	struct conn conn[CONNS];
	uint32_t pd[SWITCHES];
	struct sys_component *comp[SWITCHES];
	uint32_t ctl_region[SWITCHES][3];
	uint32_t policy_region[SWITCHES];
	struct policy_image policy[SWITCHES];
	uint32_t ctl_channel[SWITCHES];
};

static struct net net;

/* --- describing it ------------------------------------------------------ */

static uint32_t new_region(const char *conn, const char *what, uint64_t size)
{
	char name[SYS_NAME + 8];

	snprintf(name, sizeof(name), "%s.%s", conn, what);
	return pds_region(&net.rig, name, (size + 4095) & ~4095ull);
}

static void new_half(uint32_t region[3], const char *conn, const char *half)
{
	char name[SYS_NAME];

	snprintf(name, sizeof(name), "%s.%s", conn, half);
	region[0] = new_region(name, "active", queue_region_size(CAPACITY));
	region[1] = new_region(name, "free", queue_region_size(CAPACITY));
	region[2] = new_region(name, "data", CAPACITY * BUFFER);
}

static void new_conn(unsigned int index, const char *name)
{
	struct conn *c = &net.conn[index];

	new_half(c->ingress, name, "ingress");
	new_half(c->egress, name, "egress");
	c->link = new_region(name, "link", 4096);
	c->channel = pds_channel(&net.rig, name);
}

static struct sys_half map_half(uint32_t pd, const uint32_t region[3],
				uint32_t data_perms)
{
	return (struct sys_half){
		.active = pds_map(&net.rig, pd, region[0], SYS_RW),
		.free = pds_map(&net.rig, pd, region[1], SYS_RW),
		.data = pds_map(&net.rig, pd, region[2], data_perms),
	};
}

/* A port; @flip for the far side of a link, whose ingress is our egress. */
static void new_port(unsigned int sw, uint32_t port, unsigned int conn,
		     const char *name, bool flip, uint64_t allow)
{
	struct sys_switch *cfg = &net.comp[sw]->sw;
	struct sys_switch_port *p = &cfg->port[port];
	struct conn *c = &net.conn[conn];
	uint32_t pd = net.pd[sw];

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->kind = conn == CONN_LINK ? VSWITCH_PORT_LINK : VSWITCH_PORT_CLIENT;
	net.policy[sw].port[port].allow = allow;
	p->wire.ingress = map_half(pd, flip ? c->egress : c->ingress, SYS_R);
	p->wire.egress = map_half(pd, flip ? c->ingress : c->egress, SYS_RW);
	p->wire.link = pds_map(&net.rig, pd, c->link, SYS_R);
	p->wire.channel = pds_end(&net.rig, c->channel, flip, pd);
	p->wire.capacity = CAPACITY;
	p->wire.buffer_size = BUFFER;
	p->wire.max_frame = MAX_FRAME;
	if (port >= cfg->n_ports)
		cfg->n_ports = port + 1;
	/* The other side of what is no link is the test. */
	if (conn != CONN_LINK)
		pds_end(&net.rig, c->channel, 1, SYS_PD_MONITOR);
}

static void new_switch(unsigned int sw, uint32_t pd, const char *name)
{
	struct sys_component *c = pds_comp(&net.rig, pd, SYS_SWITCH, name);
	uint32_t *region = net.ctl_region[sw];

	net.pd[sw] = pd;
	net.comp[sw] = c;
	c->sw.tables.fdb = (struct fdb_config){ 64, 300, 1 };
	region[0] = new_region(name, "stats", sizeof(struct vswitch_stats));
	region[1] =
		new_region(name, "request", sizeof(struct vswitch_ctl_request));
	region[2] = new_region(name, "reply", sizeof(struct vswitch_ctl_reply));
	c->sw.stats = pds_map(&net.rig, pd, region[0], SYS_RW);
	c->sw.ctl_request = pds_map(&net.rig, pd, region[1], SYS_R);
	c->sw.ctl_reply = pds_map(&net.rig, pd, region[2], SYS_RW);
	net.policy[sw].magic = POLICY_MAGIC;
	net.policy_region[sw] =
		new_region(name, "policy", sizeof(struct policy_image));
	c->sw.policy = pds_map(&net.rig, pd, net.policy_region[sw], SYS_R);
	net.ctl_channel[sw] = pds_channel(&net.rig, name);
	c->sw.ctl_channel = pds_end(&net.rig, net.ctl_channel[sw], 0, pd);
	pds_end(&net.rig, net.ctl_channel[sw], 1, SYS_PD_MONITOR);
}

/* carol may be sent to by nobody and sends to nobody. */
static void describe(bool one_domain)
{
	uint32_t second = one_domain ? 0 : 1;

	memset(&net, 0, sizeof(net));
	pds_init(&net.rig);
	new_conn(CONN_ALICE, "sw0.alice");
	new_conn(CONN_LINK, "sw0.trunk");
	new_conn(CONN_BOB, "sw1.bob");
	new_conn(CONN_CAROL, "sw0.carol");
	new_switch(SW0, 0, "sw0");
	new_switch(SW1, second, "sw1");
	new_port(SW0, ALICE, CONN_ALICE, "alice", false, bit(TRUNK));
	new_port(SW0, TRUNK, CONN_LINK, "trunk", false, bit(ALICE));
	new_port(SW0, CAROL, CONN_CAROL, "carol", false, 0);
	new_port(SW1, UP, CONN_LINK, "up", true, bit(BOB));
	new_port(SW1, BOB, CONN_BOB, "bob", false, bit(UP));
	net.policy[SW0].port[ALICE].locked = 1;
	net.policy[SW0].port[ALICE].locked_mac = 0x02000000000a;
}

/* --- the test as client and monitor ------------------------------------- */

static void *map(uint32_t region, uint32_t perms)
{
	void *p = backing_map(&net.rig.b, region, perms);

	assert_non_null(p);
	return p;
}

static void new_client(unsigned int conn)
{
	struct conn *c = &net.conn[conn];
	struct net_client_config config = {
		.tx_active = map(c->ingress[0], SYS_RW),
		.tx_free = map(c->ingress[1], SYS_RW),
		.tx_data = map(c->ingress[2], SYS_RW),
		.rx_active = map(c->egress[0], SYS_RW),
		.rx_free = map(c->egress[1], SYS_RW),
		.rx_data = map(c->egress[2], SYS_R),
		.tx_size = CAPACITY * BUFFER,
		.rx_size = CAPACITY * BUFFER,
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
		.max_frame = MAX_FRAME,
		.link = c->page,
	};
	size_t size = in_lines(net_client_size(&config));

	c->memory = aligned_alloc(64, size);
	c->client = net_client_init(c->memory, size, &config);
	assert_non_null(c->client);
}

/* As the monitor takes a connection up or down: both sides are told. */
static void set_epoch(unsigned int conn, uint32_t epoch)
{
	atomic_store(&net.conn[conn].page->epoch, epoch);
	for (int sw = 0; sw < SWITCHES; sw++)
		ring_end(&net.rig.b, net.ctl_channel[sw], 0);
}

static volatile struct vswitch_stats *stats(unsigned int sw)
{
	static void *at[SWITCHES];

	if (at[sw] != NULL)
		munmap(at[sw], sizeof(struct vswitch_stats));
	at[sw] = map(net.ctl_region[sw][0], SYS_R);
	return at[sw];
}

static void wait_epoch(unsigned int sw, unsigned int port, uint32_t epoch)
{
	volatile struct vswitch_stats *s = stats(sw);

	for (int i = 0; i < PDS_TIMEOUT_MS; i++) {
		if (s->port[port].epoch == epoch)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("switch %u port %u does not see epoch %u", sw, port, epoch);
}

static int start(bool one_domain, uint32_t poll_us)
{
	describe(one_domain);
	net.rig.pd[0].poll_us = poll_us;
	pds_back(&net.rig);
	for (int sw = 0; sw < SWITCHES; sw++)
		policy_image_copy(map(net.policy_region[sw], SYS_RW),
				  &net.policy[sw]);
	for (unsigned int i = 0; i < CONNS; i++)
		net.conn[i].page = map(net.conn[i].link, SYS_RW);
	pds_start(&net.rig, 0);
	if (!one_domain)
		pds_start(&net.rig, 1);
	for (unsigned int i = 0; i < CONNS; i++) {
		if (i != CONN_LINK)
			new_client(i);
		set_epoch(i, 1);
	}
	wait_epoch(SW0, ALICE, 1);
	wait_epoch(SW0, TRUNK, 1);
	wait_epoch(SW0, CAROL, 1);
	wait_epoch(SW1, UP, 1);
	wait_epoch(SW1, BOB, 1);
	return 0;
}

static int two_pds(void **state)
{
	(void)state;
	return start(false, 0);
}

static int one_domain(void **state)
{
	(void)state;
	return start(true, 0);
}

static int spinning(void **state)
{
	(void)state;
	return start(false, 200);
}

static int stop(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < CONNS; i++)
		free(net.conn[i].memory);
	pds_free(&net.rig);
	return 0;
}

/* Lend receive buffers and ask to be notified, as any client must. */
static void ready_to_receive(unsigned int conn)
{
	struct conn *c = &net.conn[conn];

	assert_int_equal(net_client_state(c->client), NET_CLIENT_UP);
	net_client_must_notify(c->client);
}

static void send_frame(unsigned int conn, const char *dst, const char *src,
		       const char *payload)
{
	struct conn *c = &net.conn[conn];
	struct net_buffer b;

	assert_int_equal(net_tx_alloc(c->client, &b, 1), 1);
	memset(b.data, 0, 60);
	memcpy(b.data, dst, 6);
	memcpy(b.data + 6, src, 6);
	b.data[12] = 0x08;
	snprintf((char *)b.data + 14, 46, "%s", payload);
	b.len = 60;
	net_tx_burst(c->client, &b, 1);
	if (net_client_must_notify(c->client))
		ring_end(&net.rig.b, c->channel, 0);
}

/* Sleep until a frame comes, as a client does, and hold it against @payload. */
static void expect_frame(unsigned int conn, const char *payload)
{
	struct conn *c = &net.conn[conn];
	int wait = net.rig.b.channel[c->channel].wait[1];
	struct net_buffer b;
	uint64_t count;

	while (net_rx_burst(c->client, &b, 1) == 0) {
		if (net_client_arm(c->client, true, false))
			continue;
		assert_true(pds_readable(wait));
		(void)!read(wait, &count, sizeof(count));
	}
	assert_int_equal(b.len, 60);
	assert_string_equal((const char *)b.data + 14, payload);
	net_rx_release(c->client, &b, 1);
	net_client_must_notify(c->client);
}

static void expect_nothing(unsigned int conn)
{
	struct net_buffer b;

	assert_int_equal(net_rx_burst(net.conn[conn].client, &b, 1), 0);
}

/* --- tests -------------------------------------------------------------- */

static void frames_cross_both_switches(void **state)
{
	char text[32];

	(void)state;
	ready_to_receive(CONN_ALICE);
	ready_to_receive(CONN_BOB);
	ready_to_receive(CONN_CAROL);
	/* Three times as many as there are buffers: all of them come back. */
	for (unsigned int i = 0; i < 3 * CAPACITY; i++) {
		snprintf(text, sizeof(text), "to all %u", i);
		send_frame(CONN_ALICE, MAC_ALL, MAC_ALICE, text);
		expect_frame(CONN_BOB, text);
		snprintf(text, sizeof(text), "to alice %u", i);
		send_frame(CONN_BOB, MAC_ALICE, MAC_BOB, text);
		expect_frame(CONN_ALICE, text);
	}
	expect_nothing(CONN_CAROL);
	assert_int_equal(stats(SW0)->port[ALICE].in_frames, 3 * CAPACITY);
	assert_int_equal(stats(SW1)->port[BOB].out_frames, 3 * CAPACITY);
	assert_int_equal(stats(SW0)->port[CAROL].out_frames, 0);
}

static void what_is_not_allowed_is_dropped(void **state)
{
	(void)state;
	ready_to_receive(CONN_ALICE);
	ready_to_receive(CONN_BOB);
	ready_to_receive(CONN_CAROL);
	send_frame(CONN_CAROL, MAC_ALICE, "\x02\0\0\0\0\x0c", "to alice");
	/* Not alice's address: her port is locked to one. */
	send_frame(CONN_ALICE, MAC_ALL, "\x02\0\0\0\0\x0d", "not me");
	send_frame(CONN_ALICE, MAC_ALL, MAC_ALICE, "me");
	expect_frame(CONN_BOB, "me");
	expect_nothing(CONN_ALICE);
	assert_int_equal(stats(SW0)->port[ALICE].drops[REASON_MAC_LOCK], 1);
	assert_int_equal(stats(SW0)->port[CAROL].drops[REASON_NOT_ALLOWED], 1);
}

static struct vswitch_ctl_reply *ask(unsigned int sw, uint32_t op)
{
	int wait = net.rig.b.channel[net.ctl_channel[sw]].wait[1];
	struct vswitch_ctl_request *q = map(net.ctl_region[sw][1], SYS_RW);
	struct vswitch_ctl_reply *a = map(net.ctl_region[sw][2], SYS_R);
	uint32_t seq = q->seq + 1;
	uint64_t count;

	(void)!read(wait, &count, sizeof(count));
	q->op = op;
	q->port = 0;
	atomic_store(&q->seq, seq);
	ring_end(&net.rig.b, net.ctl_channel[sw], 0);
	while (atomic_load(&a->seq) != seq) {
		assert_true(pds_readable(wait));
		(void)!read(wait, &count, sizeof(count));
	}
	munmap(q, sizeof(*q));
	return a;
}

static void mailbox_is_answered(void **state)
{
	struct vswitch_ctl_reply *a = ask(SW0, CTL_FDB);

	(void)state;
	/* The locked address is there before anything was sent. */
	assert_int_equal(a->status, 0);
	assert_int_equal(a->count, 1);
	assert_int_equal(a->entry[0].mac, 0x02000000000a);
	assert_int_equal(a->entry[0].port, ALICE);
	assert_int_equal(a->entry[0].flags, FDB_STATIC);
	munmap(a, sizeof(*a));
	a = ask(SW1, 12345);
	assert_true(a->status < 0);
	munmap(a, sizeof(*a));
}

static void link_pages_are_heeded(void **state)
{
	(void)state;
	ready_to_receive(CONN_ALICE);
	ready_to_receive(CONN_BOB);
	send_frame(CONN_ALICE, MAC_ALL, MAC_ALICE, "before");
	expect_frame(CONN_BOB, "before");
	set_epoch(CONN_LINK, 2);
	wait_epoch(SW0, TRUNK, 2);
	wait_epoch(SW1, UP, 2);
	assert_int_equal(stats(SW0)->port[TRUNK].state, PORT_DOWN);
	send_frame(CONN_ALICE, MAC_ALL, MAC_ALICE, "while it is down");
	for (int i = 0; i < 2; i++) {
		backing_zero(&net.rig.b, net.conn[CONN_LINK].ingress[i]);
		backing_zero(&net.rig.b, net.conn[CONN_LINK].egress[i]);
	}
	/* So that the frame above is not there when it comes up. */
	for (int sw = 0; sw < SWITCHES; sw++)
		munmap(ask((unsigned int)sw, CTL_FDB),
		       sizeof(struct vswitch_ctl_reply));
	set_epoch(CONN_LINK, 3);
	wait_epoch(SW0, TRUNK, 3);
	wait_epoch(SW1, UP, 3);
	send_frame(CONN_ALICE, MAC_ALL, MAC_ALICE, "after");
	expect_frame(CONN_BOB, "after");
}

static void switches_are_shut_in(void **state)
{
	(void)state;
	assert_int_equal(pds_check(&net.rig, 0), 0);
	assert_int_equal(pds_check(&net.rig, 1), 0);
}

static void switches_sleep(void **state)
{
	(void)state;
	ready_to_receive(CONN_BOB);
	send_frame(CONN_ALICE, MAC_ALL, MAC_ALICE, "wake up");
	expect_frame(CONN_BOB, "wake up");
	assert_int_equal(pds_sleeps(net.rig.proc[0].pid), -1);
	assert_int_equal(pds_sleeps(net.rig.proc[1].pid), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(f, how) { #f ", " #how, f, how, stop, NULL }
		T(frames_cross_both_switches, two_pds),
		T(frames_cross_both_switches, one_domain),
		T(frames_cross_both_switches, spinning),
		T(what_is_not_allowed_is_dropped, two_pds),
		T(what_is_not_allowed_is_dropped, one_domain),
		T(mailbox_is_answered, two_pds),
		T(mailbox_is_answered, one_domain),
		T(link_pages_are_heeded, two_pds),
		T(link_pages_are_heeded, one_domain),
		T(switches_are_shut_in, two_pds),
		T(switches_sleep, two_pds),
		T(switches_sleep, spinning),
	};

	return pds_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
