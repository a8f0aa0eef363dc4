/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program's arguments, as a topology gives them:
 *
 *	port N		answer there instead of on port 7
 *	address A/M	this address instead of one by DHCP
 *	gateway G	the router, with an address
 */
#ifndef WEIR_EXAMPLES_ECHO_ARGS_H
#define WEIR_EXAMPLES_ECHO_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct echo_args - the arguments
 * @port:    TCP and UDP
 * @fixed:   @address and @mask are given: no DHCP
 * @address, @mask, @gateway: in network order; no gateway: 0
 */
struct echo_args {
	uint16_t port;
	bool fixed;
	uint32_t address;
	uint32_t mask;
	uint32_t gateway;
};

/**
 * echo_args_parse - read them
 * @text:  words
 * @args:  out
 * @wrong: out: what is wrong and what to do
 * @size:  bytes at @wrong
 */
bool echo_args_parse(const char *text, struct echo_args *args, char *wrong,
		     size_t size);

#endif
