/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest for the console, made by hand: RAM, a driver that sets the device up,
 * and lines that come out.
 */
#ifndef WEIR_TESTS_UNIT_KVM_CONSOLE_RIG_H
#define WEIR_TESTS_UNIT_KVM_CONSOLE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/kvm/console.h"

#define BASE 0x80000000ull
#define RAM_SIZE 0x40000u
#define NUM 16u

/* Where the driver keeps its queue, and its text. */
#define DESC 0x1000u

#define AVAIL 0x2000u
#define USED 0x3000u
#define TEXT 0x10000u

/**
 * struct console_rig - a guest with a console
 * @out:   lines so far, each ended by '|'
 * @lines: how many
 */
struct console_rig {
	struct console c;
	_Alignas(4096) uint8_t ram[RAM_SIZE];
	char out[65536];
	size_t lines;
};

extern struct console_rig con;
void con_write(uint64_t offset, uint32_t value);
uint32_t con_read(uint64_t offset);
void con_queue(uint32_t queue, uint32_t num, uint64_t desc, uint64_t avail,
	       uint64_t used);

/* Up to FEATURES_OK, as virtio wants it. */
void con_negotiate(void);

void con_start(void);
int con_setup(void **state);
int con_teardown(void **state);

/* --- what a driver does ------------------------------------------------- */

struct vring_desc *con_desc(unsigned int i);
void con_set(unsigned int i, uint64_t addr, uint32_t len, uint16_t flags,
	     uint16_t next);
uint16_t *con_avail(void);
uint16_t con_used(void);

/* Make the chain that begins at @head available. */
void con_offer(uint16_t head);

/* Put text at @at and describe it by descriptor @i. */
void con_text(unsigned int i, uint32_t at, const char *text, uint16_t flags,
	      uint16_t next);

/* Interrupts since the last call. */
uint64_t con_interrupts(void);

/* Serve the queue until there is no more; how many visits that took. */
unsigned int con_serve(void);

int con_stopped(void);

#endif
