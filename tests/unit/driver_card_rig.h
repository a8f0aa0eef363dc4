/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver's card that the test plays.
 */
#ifndef WEIR_TESTS_UNIT_DRIVER_CARD_RIG_H
#define WEIR_TESTS_UNIT_DRIVER_CARD_RIG_H

#include "tests/unit/driver_rig.h"

#define CARD_FRAMES 512u

/**
 * struct fake - a card
 * @in:     received frames
 * @first, @count: of those that are there
 * @out:    sent frames
 * @sent:   how many
 * @reads:  received frames that were read, or left
 * @next_read: the first that may be
 * @unreadable: they turn out to be none
 * @room:   slots it has left
 * @block:  say that it will take the rest later
 * @watched_in, @watched_out: what the loop was told
 */
struct fake {
	struct net_card card;
	uint8_t in[CARD_FRAMES][D_BUFFER];
	struct net_frame frame[CARD_FRAMES];
	unsigned int first;
	unsigned int count;
	uint8_t out[CARD_FRAMES][D_BUFFER];
	uint16_t out_len[CARD_FRAMES];
	struct offload out_offload[CARD_FRAMES];
	unsigned int reads;
	unsigned int next_read;
	bool unreadable;
	unsigned int sent;
	unsigned int sends;
	unsigned int room;
	bool watched_in;
	bool watched_out;
};

extern struct fake fake;

/* The card receives a frame. */
void comes(size_t len, unsigned int which);
/* The card receives one, which is to be read. */
void comes_to_be_read(size_t len, unsigned int which, struct offload o);
/* The card has sent this as its @index'th frame. */
void went(unsigned int index, size_t len, unsigned int which);

int card_setup(void **state);
int card_setup_uncached(void **state);
int card_teardown(void **state);

#define TEST(f) cmocka_unit_test_setup_teardown(f, card_setup, card_teardown)
#define UNCACHED(f)                                                            \
	{                                                                      \
#f " (uncached)", f, card_setup_uncached, card_teardown, NULL  \
	}

#endif
