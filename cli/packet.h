/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in words, for `weir trace`, much like a filter.
 *
 *	tcp dst port 443
 *	ip src 10.0.0.1 dst 10.0.0.2 udp port 53
 *	bob icmp
 *	arp who-has 10.0.0.2
 *	vlan 20 icmp6 neighbor-solicit fe80::1
 */
#ifndef WEIR_CLI_PACKET_H
#define WEIR_CLI_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/frame.h"

enum packet_family { PACKET_NONE, PACKET_ARP, PACKET_IP4, PACKET_IP6 };

/* A text for addresses of both families. */
#define PACKET_ADDRESS 48

/**
 * struct packet - a description; what is not said is -1, NULL or false
 * @w:        its frame's addresses, VLAN, type, length
 * @family:   see above
 * @has:      [0] the source, [1] the destination address has been said
 * @address:  these
 * @protocol: IP protocol
 * @port:     [0] source, [1] destination
 * @flags:    of TCP
 * @type, @code: of ICMP
 * @reply:    of ARP
 */
struct packet {
	struct frame_words w;
	enum packet_family family;
	bool has[2];
	uint8_t address[2][16];
	int protocol;
	int port[2];
	int flags;
	int type;
	int code;
	bool reply;
};

/**
 * packet_words - are these words a description, or bytes in hex?
 */
bool packet_words(int n, char *const *words);

/**
 * packet_describe - understand a description
 * @words: one word each
 * @p:     out; points into @words
 *
 * Return: 0, or -1 with @f->error set.
 */
int packet_describe(struct frame_text *f, int n, char *const *words,
		    struct packet *p);

/**
 * packet_suggest - a word of a description that may have been meant, or NULL
 */
const char *packet_suggest(const char *word);

/**
 * packet_settle - fill in what follows from the description
 *
 * Return: 0, or -1 with @f->error set: it contradicts itself.
 */
int packet_settle(struct frame_text *f, struct packet *p);

/**
 * packet_build - make its frame
 * @p:   settled, with both addresses
 * @dst, @src: Ethernet addresses
 *
 * Return: 0, or -1 with @f->error set.
 */
int packet_build(struct frame_text *f, const struct packet *p,
		 const uint8_t dst[6], const uint8_t src[6]);

/**
 * packet_group - the Ethernet address that follows from a packet's destination
 * @mac: out
 *
 * Return: whether it does: multicast, broadcast, ARP requests.
 */
bool packet_group(const struct packet *p, uint8_t mac[6]);

/**
 * packet_is_nd - is it neighbour discovery that names a target?
 */
bool packet_is_nd(const struct packet *p);

/**
 * packet_address - read an address
 * @out: 4 or 16 bytes
 *
 * Return: PACKET_IP4, PACKET_IP6, or PACKET_NONE if it is neither.
 */
enum packet_family packet_address(const char *text, uint8_t out[16]);

/**
 * packet_address_text - one of its addresses
 */
const char *packet_address_text(const struct packet *p, int which,
				char text[PACKET_ADDRESS]);

/**
 * packet_text - describe it in one line; to free()
 */
char *packet_text(const struct packet *p);

#endif
