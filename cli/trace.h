/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of `weir trace` share.
 */
#ifndef WEIR_CLI_TRACE_H
#define WEIR_CLI_TRACE_H

#include "cli/control.h"
#include "cli/packet.h"

/**
 * port_resolve - the port a name means
 * @ports: reply to `show ports`
 * @name:  "switch.port", or "port" where only one switch has it
 *
 * Says what is wrong if there is none, or several.
 *
 * Return: its full name as long as @ports lives, or NULL.
 */
const char *port_resolve(const json_t *ports, const char *name);

/**
 * port_exists - is there a port of this name, in full or short?
 */
bool port_exists(const json_t *ports, const char *name);

/**
 * struct question - a trace
 * @to:     instance
 * @opt:    options
 * @ports:  reply to `show ports`
 * @policy, @flows: likewise, once they have been asked for; NULL before
 * @port:   the port the frame would come from, in full, inside @ports
 * @offload: the frame's offload data
 * @packet: its description, to free(); NULL: it was given in hex
 */
struct question {
	struct control to;
	const struct cli_options *opt;
	json_t *ports;
	json_t *policy;
	json_t *flows;
	const char *port;
	struct frame_offload offload;
	char *packet;
};

/**
 * trace_behind - the Ethernet address known behind a port
 * @port: in full
 * @mac:  out, if there is one
 *
 * Return: how many there are; -1 after saying what is wrong.
 */
int trace_behind(const struct question *q, const char *port, uint8_t mac[6]);

/**
 * trace_station - an Ethernet address as written, or the one behind a port
 * @key: "dst" or "src", for messages
 * @mac: out
 *
 * Return: 0, or -1 after saying what is wrong.
 */
int trace_station(const struct question *q, const char *word, const char *key,
		  uint8_t mac[6]);

/**
 * trace_packet - the frame of a packet that was described
 * @p: settled, of some family
 *
 * What was not said is filled in from what the instance knows; @q->packet says
 * with what.
 *
 * Return: 0, or -1 after saying what is wrong.
 */
int trace_packet(struct question *q, struct frame_text *f, struct packet *p);

#endif
