/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk by itself, in a file of the test's folder, and a front-end whose guest
 * has two request rings (vhost_rig.h).
 */
#ifndef WEIR_TESTS_UNIT_DISK_RIG_H
#define WEIR_TESTS_UNIT_DISK_RIG_H

#include "tests/unit/vhost_rig.h"

#include "vmm/linux/ports/disk.h"

#define DK_SIZE 0x100000u
#define DK_FEATURES                                                            \
	(FE_FEATURES | VBLK_F_FLUSH | VBLK_F_DISCARD | VBLK_F_WRITE_ZEROES |   \
	 VBLK_F_MQ)

enum { DK_IN = 0, DK_OUT = 1, DK_FLUSH = 4, DK_DISCARD = 11, DK_ZEROES = 13 };

/* The disk is in this file, which is full of 0xd1. */
extern char dk_path[128];

int disk_setup(void **state);

/* Ask for @len bytes (or a range of as many), to or from @data. Return: slot */
uint16_t dk_ask(struct front *f, unsigned int ring, uint32_t kind,
		uint64_t sector, const void *data, uint32_t len);

/* Until a request is answered. Return: its status; its data, if it is wanted. */
uint8_t dk_answer(struct front *f, unsigned int ring, void *data, uint32_t len);

/* Both. */
uint8_t dk_do(struct front *f, unsigned int ring, uint32_t kind,
	      uint64_t sector, void *data, uint32_t len);

/* What a request's answer is before there is one. */
#define DK_NONE 0xee
uint8_t *dk_status(struct front *f, unsigned int ring, uint16_t slot);

/* The file's bytes are these, at @at. */
void dk_assert_file(uint64_t at, const void *bytes, uint32_t len);

/* Something written and read again, and flushed. */
void dk_works(struct front *f);

#define disk_test(f)                                                           \
	cmocka_unit_test_setup_teardown(f, disk_setup, comp_teardown)

#endif
