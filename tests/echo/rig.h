/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program by itself: the test is its PD, its switch, its monitor and
 * its clock.
 */
#ifndef WEIR_TESTS_ECHO_RIG_H
#define WEIR_TESTS_ECHO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "client/pd.h"

#define RIG_CAPACITY 128u
#define RIG_MAX_FRAME 1518u
#define RIG_MAC 0x020000000102u
#define RIG_SECOND 1000000000u

/* Buffers the program sends are kept by the switch. */
extern bool rig_hoard;

/**
 * rig_init - the component, with these arguments, and a wire without carrier
 *
 * Return: what init() said.
 */
int rig_init(const char *args);

/**
 * rig_log - what it has said since the last question
 */
const char *rig_log(void);

/**
 * rig_carrier - what the port follows comes or goes
 */
void rig_carrier(bool up);

/**
 * rig_link - the connection to the switch goes down, and up with empty queues
 */
void rig_link_down(void);
void rig_link_up(void);

/**
 * rig_turn - the PD's loop until it would sleep
 */
void rig_turn(void);

/**
 * rig_pass - let time pass, waking the program when it asked for it
 */
void rig_pass(uint64_t ns);

/**
 * rig_send - the switch delivers a frame
 *
 * Return: false if the program has lent no buffer.
 */
bool rig_send(const void *frame, size_t len);

/**
 * rig_take - take the next frame it has sent
 * @frame: room for RIG_MAX_FRAME
 *
 * Return: its length, 0 if there is none.
 */
size_t rig_take(uint8_t *frame);

/**
 * rig_lent - how many receive buffers the switch has
 */
unsigned int rig_lent(void);

/**
 * rig_return - give hoarded transmit buffers back
 */
void rig_return(void);

#endif
