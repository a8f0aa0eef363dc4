/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/driver_card_rig.h"

#include "driver_vm/event.h"

static struct fake *of(struct net_card *card)
{
	return event_owner(card, struct fake, card);
}

static unsigned int fake_receive(struct net_card *card,
				 const struct net_frame **frame)
{
	struct fake *f = of(card);

	*frame = f->frame + f->first;
	return f->count < NET_BATCH ? f->count : NET_BATCH;
}

static bool fake_read(struct net_card *card, unsigned int index, uint8_t *to,
		      struct net_frame *frame)
{
	struct fake *f = of(card);
	unsigned int i = f->first + index;

	/* Once each, and in order. */
	assert_true(index < f->count && f->frame[i].data == NULL);
	assert_true(i >= f->next_read);
	f->next_read = i + 1;
	f->reads++;
	if (to == NULL || f->unreadable)
		return false;
	memcpy(to, f->in[i], f->frame[i].len);
	frame->data = to;
	return true;
}

static void fake_received(struct net_card *card, unsigned int count)
{
	assert_true(count <= of(card)->count);
	of(card)->first += count;
	of(card)->count -= count;
}

static unsigned int fake_slots(struct net_card *card, uint8_t **slot,
			       unsigned int max)
{
	struct fake *f = of(card);
	unsigned int i;

	for (i = 0; i < max && i < f->room && f->sent + i < CARD_FRAMES; i++)
		slot[i] = f->out[f->sent + i];
	return i;
}

static void fake_send(struct net_card *card, const uint16_t *len,
		      unsigned int count)
{
	struct fake *f = of(card);

	assert_true(count > 0 && count <= f->room);
	memcpy(f->out_len + f->sent, len, count * sizeof(*len));
	f->sent += count;
	f->room -= count;
	f->sends++;
}

static bool fake_segment(struct net_card *card, const uint8_t *data, size_t len,
			 struct offload o)
{
	struct fake *f = of(card);

	card->writable = f->room > 0;
	if (!card->writable)
		return false;
	assert_true(len <= D_BUFFER);
	memcpy(f->out[f->sent], data, len);
	f->out_len[f->sent] = (uint16_t)len;
	f->out_offload[f->sent++] = o;
	f->room--;
	return true;
}

static void fake_watch(struct net_card *card, bool in, bool out)
{
	of(card)->watched_in = in;
	of(card)->watched_out = out;
}

static const struct net_card_ops fake_ops = {
	.receive = fake_receive,
	.read = fake_read,
	.received = fake_received,
	.slots = fake_slots,
	.send = fake_send,
	.segment = fake_segment,
	.watch = fake_watch,
};

struct fake fake;

void comes(size_t len, unsigned int which)
{
	unsigned int i;

	if (fake.count == 0)
		fake.first = fake.next_read = 0;
	i = fake.first + fake.count++;
	assert_true(i < CARD_FRAMES);
	d_frame(fake.in[i], len, which);
	fake.frame[i] =
		(struct net_frame){ .data = fake.in[i], .len = (uint32_t)len };
}

void comes_to_be_read(size_t len, unsigned int which, struct offload o)
{
	struct net_frame *f;

	comes(len, which);
	f = &fake.frame[fake.first + fake.count - 1];
	f->data = NULL;
	f->offload = o;
}

void went(unsigned int index, size_t len, unsigned int which)
{
	assert_true(index < fake.sent);
	d_is_frame(fake.out[index], fake.out_len[index], len, which);
}

int card_setup(void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.card.ops = &fake_ops;
	fake.card.writable = true;
	fake.room = CARD_FRAMES;
	*state = d_make(&fake.card, false);
	return 0;
}

int card_setup_uncached(void **state)
{
	card_setup(state);
	((struct driver_rig *)*state)->net.config.copy = copy_for(true);
	return 0;
}

int card_teardown(void **state)
{
	d_free(*state);
	return 0;
}
