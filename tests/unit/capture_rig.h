/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture port by itself, and a reader of what it writes that is not the
 * writer's code.
 */
#ifndef WEIR_TESTS_UNIT_CAPTURE_RIG_H
#define WEIR_TESTS_UNIT_CAPTURE_RIG_H

#include "tests/unit/port_rig.h"

#include <sys/stat.h>

#include "vmm/linux/ports/capture_file.h"
#include "base/reason.h"

#define ALICE 0u
#define BOB 1u
#define UPLINK 5u

/* --- the port ----------------------------------------------------------- */

int capture_setup(void **state);

/* Start again as after a crash: same descriptors, everything else new. */
struct comp *crash(struct comp *rig);

struct capture_record in_at(uint16_t port, uint16_t len);

/* The switch sends a record. */
bool send_record(struct comp *rig, const struct capture_record *r,
		 unsigned int which);

void record_in(struct comp *rig, unsigned int which);

/* What does not fit waits with the switch, which counts what it cannot send. */
unsigned int fill(struct comp *rig, unsigned int most);

/* --- reading back ------------------------------------------------------- */

struct seen {
	unsigned int sections, interfaces, packets;
	uint32_t interface, flags, len;
	uint64_t time_ns;
	uint8_t data[MAX_FRAME];
	char comment[256];
};

/* Walk the blocks of memory, all of which must be whole; the last packet stays
 * in the result. */
struct seen see(const uint8_t *p, size_t size);

struct seen see_file(const char *path);
struct seen see_ring(unsigned int index);

#define capture_test(f)                                                        \
	cmocka_unit_test_setup_teardown(f, capture_setup, comp_teardown)

#endif
