/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/component_virt_rig.h"

static struct boot_record *cv_record;

struct pd *cv_pd;

struct component *cv_comp;

struct cv_side cv_side[IDS];

static int cv_log_pipe[2];

struct sys_component *cv_config(void)
{
	return &boot_comps(cv_record)[0].cfg;
}

void *cv_slot(uint32_t number)
{
	return pd_region(cv_comp, number, NULL);
}

struct sys_wire cv_wire(uint32_t which)
{
	return (struct sys_wire){
		.ingress = { SLOT_IN_ACTIVE(which), SLOT_IN_FREE(which),
			     SLOT_IN_DATA },
		.egress = { SLOT_OUT_ACTIVE(which), SLOT_OUT_FREE(which),
			    SLOT_OUT_DATA },
		.link = SLOT_LINK(which),
		.channel = which,
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
		.max_frame = 1518,
	};
}

static size_t cv_slot_size(uint32_t number)
{
	if (number == SLOT_IN_DATA || number == SLOT_OUT_DATA)
		return (size_t)CAPACITY * BUFFER;
	return 8192;
}

int cv_set_up(void **state)
{
	size_t size = boot_size(1, CHANNELS, SLOTS);
	struct error err = { "" };

	(void)state;
	cv_record = calloc(1, size);
	cv_record->magic = BOOT_MAGIC;
	cv_record->size = size;
	cv_record->n_comps = 1;
	cv_record->n_chans = CHANNELS;
	cv_record->n_maps = SLOTS;
	cv_config()->kind = SYS_VIRT;
	cv_config()->wire = cv_wire(ID_SWITCH);
	cv_config()->virt = (struct sys_virt){
		.driver = cv_wire(ID_DRIVER),
		.stats_rx = SLOT_STATS_RX,
		.stats_tx = SLOT_STATS_TX,
		.ctl_channel = ID_CTL,
	};
	for (unsigned int i = 0; i < CHANNELS; i++)
		boot_chans(cv_record)[i] = (struct boot_chan){
			.wait = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
			.ring = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
			.peer = SYS_NONE,
		};
	if (pipe2(cv_log_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	cv_pd = pd_new(cv_record, cv_log_pipe[1], &err);
	if (cv_pd == NULL)
		return -1;
	for (unsigned int i = 0; i < SLOTS; i++) {
		cv_pd->map[i].size = cv_slot_size(i);
		cv_pd->map[i].base = aligned_alloc(4096, cv_slot_size(i));
		memset(cv_pd->map[i].base, 0, cv_slot_size(i));
	}
	cv_comp = &cv_pd->comp[0].c;
	return 0;
}

int cv_tear_down(void **state)
{
	struct { /* the beginning of the component's state */
		void *memory[2];
	} *s = cv_comp->state;

	(void)state;
	free(s->memory[0]);
	free(s->memory[1]);
	for (unsigned int i = 0; i < SLOTS; i++)
		free(cv_pd->map[i].base);
	for (unsigned int i = 0; i < CHANNELS; i++) {
		close(boot_chans(cv_record)[i].wait);
		close(boot_chans(cv_record)[i].ring);
	}
	close(cv_log_pipe[0]);
	close(cv_log_pipe[1]);
	pd_free(cv_pd);
	free(cv_record);
	return 0;
}

/* --- what the monitor and the loop do ----------------------------------- */

const struct net_virt_stats *cv_stats(uint32_t number)
{
	return cv_slot(number);
}

void cv_link_up(uint32_t which)
{
	struct link_page *page = cv_slot(SLOT_LINK(which));
	struct cv_side *s = &cv_side[which];
	bool driver = which == ID_DRIVER;
	struct net_queue *in_active = cv_slot(SLOT_IN_ACTIVE(which));
	struct net_queue *in_free = cv_slot(SLOT_IN_FREE(which));
	struct net_queue *out_active = cv_slot(SLOT_OUT_ACTIVE(which));
	struct net_queue *out_free = cv_slot(SLOT_OUT_FREE(which));

	for (uint32_t i = SLOT_IN_ACTIVE(which); i < SLOT_LINK(which); i++)
		memset(cv_slot(i), 0, cv_slot_size(i));
	queue_producer_init(&s->in_put, driver ? in_active : in_free, CAPACITY);
	queue_consumer_init(&s->in_get, driver ? in_free : in_active, CAPACITY);
	queue_producer_init(&s->out_put, driver ? out_free : out_active,
			    CAPACITY);
	queue_consumer_init(&s->out_get, driver ? out_active : out_free,
			    CAPACITY);
	atomic_fetch_add(&page->epoch, 1);
}

void cv_link_down(uint32_t which)
{
	struct link_page *page = cv_slot(SLOT_LINK(which));

	atomic_fetch_add(&page->epoch, 1);
}

unsigned int cv_rung(void)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < CHANNELS; i++) {
		bits |= cv_pd->chan[i].rung ? 1u << i : 0;
		cv_pd->chan[i].rung = false;
	}
	cv_pd->n_rung = 0;
	return bits;
}

void cv_notify(uint32_t channel)
{
	virt_ops.notified(cv_comp, channel);
}

void cv_run_dry(void)
{
	unsigned int n = 0;

	while (virt_ops.run(cv_comp, 1))
		assert_true(++n < 100);
}

void cv_settle(void)
{
	assert_int_equal(virt_ops.init(cv_comp), 0);
	cv_link_up(ID_DRIVER);
	cv_link_up(ID_SWITCH);
	cv_run_dry();
	assert_false(virt_ops.arm(cv_comp));
	cv_rung();
}

/* --- what the sides do -------------------------------------------------- */

int64_t cv_get(struct queue_consumer *q, uint16_t *len)
{
	struct net_desc d;

	if (queue_pending(q) <= 0)
		return -1;
	d = queue_peek(q, 0);
	queue_release(q, 1);
	if (len != NULL)
		*len = d.len;
	return (int64_t)d.io_or_offset;
}

void cv_put(struct queue_producer *q, int64_t offset, uint16_t len)
{
	queue_put(q, (uint64_t)offset, len);
	queue_publish(q);
}

int64_t cv_receive(unsigned int n)
{
	struct cv_side *s = &cv_side[ID_DRIVER];
	int64_t at = -1;

	for (unsigned int i = 0; i < n; i++) {
		at = cv_get(&s->in_get, NULL);
		assert_true(at >= 0);
		cv_put(&s->in_put, at, 60);
	}
	return at;
}

int64_t cv_transmit(unsigned int n)
{
	struct cv_side *s = &cv_side[ID_SWITCH];
	int64_t at = -1;

	for (unsigned int i = 0; i < n; i++) {
		at = cv_get(&s->out_get, NULL);
		assert_true(at >= 0);
		cv_put(&s->out_put, at, 90);
	}
	return at;
}

unsigned int cv_count(struct queue_consumer *q)
{
	unsigned int n = 0;

	while (cv_get(q, NULL) >= 0)
		n++;
	return n;
}
