/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP needs from its environment: time and random numbers.
 */
#ifndef WEIR_EXAMPLES_ECHO_PORT_H
#define WEIR_EXAMPLES_ECHO_PORT_H

#include <stdint.h>

struct component;

/**
 * port_init - fetch a secret, and remember the component to log through
 *
 * Makes a system call; before the filter, and before lwip_init().
 *
 * Return: 0 or negative errno.
 */
int port_init(struct component *c);

/**
 * port_set_time - let lwIP know what time it is
 * @now_ns: as given to run()
 *
 * Time stands still until the next call.
 */
void port_set_time(uint64_t now_ns);

/**
 * port_wake_time - when lwIP wants to be called again
 *
 * Return: nanoseconds, for pd_wake_at().
 */
uint64_t port_wake_time(void);

#endif
