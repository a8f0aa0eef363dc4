/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another parser, to hold base/packet.c against.
 *
 * It is written the other way round.  Where packet.c holds offsets against
 * bounds, this one eats bytes from a stream that has two of them: it fails when
 * the snapshot is used up and when the packet is.  A failed stream gives zeros
 * and stays failed, and every field is taken only if it has not.
 */
#ifndef WEIR_TESTS_PACKET_ORACLE_H
#define WEIR_TESTS_PACKET_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/packet.h"

/**
 * oracle_parse - as packet_parse()
 * @b:    the snapshot
 * @len:  bytes of the frame
 * @snap: of the snapshot
 */
struct packet oracle_parse(const uint8_t *b, unsigned int len,
			   unsigned int snap);

/**
 * oracle_inner - as packet_parse_inner()
 * @o: what oracle_parse() said
 * @p: out, if there is such a packet
 */
bool oracle_inner(const uint8_t *b, unsigned int snap, const struct packet *o,
		  struct packet *p);

/**
 * oracle_sums - as packet_is_intact(), of all of a frame
 */
bool oracle_sums(const uint8_t *b, unsigned int len, const struct packet *p);

/**
 * oracle_discovers - as packet_is_discovery()
 */
bool oracle_discovers(const uint8_t *b, unsigned int len,
		      const struct packet *p);

/**
 * oracle_resolves - as packet_resolves()
 */
bool oracle_resolves(const uint8_t *b, unsigned int len,
		     const struct packet *p);

#endif
