/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo protocol (RFC 862), TCP and UDP.
 */
#ifndef WEIR_EXAMPLES_ECHO_ECHO_H
#define WEIR_EXAMPLES_ECHO_ECHO_H

#include <stdint.h>

/**
 * echo_start - answer on a port from now on
 *
 * After lwip_init().
 *
 * Return: 0 or negative errno: -EADDRINUSE if lwIP itself uses the port.
 */
int echo_start(uint16_t port);

#endif
