/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's end of a connection to a block server (base/blk.h).
 *
 * Freestanding: the process that serves a guest's disk is built on it, and
 * Microkit clients are.  It asks, and matches answers with questions:
 *
 *	blk_client_ask() ...; blk_client_submit(): must the server be notified?
 *	blk_client_poll(): what was answered
 *	blk_client_arm() before sleeping
 *
 * The caller divides the data region as it likes, and leaves what a question
 * names alone until that is answered.
 *
 * The server is not trusted: indices are checked, and an answer that nobody has
 * asked for, or a second one, is dropped and counted.  An answer never claims
 * more than was asked for.
 *
 * Every question is answered once.  If the link goes down, what is outstanding
 * is answered with BLK_ERROR_NO_DEVICE by us.  Then the caller may ask again,
 * and use the data region anew, as soon as the state is BLK_CLIENT_UP: the
 * server brings the link up only when nobody touches the region any more.
 */
#ifndef WEIR_VIRT_BLK_CLIENT_H
#define WEIR_VIRT_BLK_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blk.h"
#include "base/link.h"

enum blk_client_state {
	BLK_CLIENT_DOWN,    /* link epoch is even */
	BLK_CLIENT_WAITING, /* the server has no disk for us, or not yet */
	BLK_CLIENT_UP,
	BLK_CLIENT_FAULT, /* the server broke the protocol; waits for an epoch */
};

/**
 * struct blk_client_config - what a client's end is made from
 * @requests, @responses: the rings
 * @info:      the server's page
 * @capacity:  slots of both rings
 * @data_size: bytes of the data region
 * @link:      link page, or NULL for a link that is always up
 */
struct blk_client_config {
	struct blk_request_queue *requests;
	struct blk_response_queue *responses;
	const struct blk_info *info;
	uint32_t capacity;
	size_t data_size;
	const struct link_page *link;
};

/**
 * struct blk_question - what is asked
 * @code:   enum blk_code
 * @count:  blocks, at least one; FLUSH and BARRIER: not looked at, as the rest
 * @block:  the first
 * @offset: of the data in the region, a multiple of BLK_SIZE
 * @user:   comes back with the answer
 */
struct blk_question {
	enum blk_code code;
	uint16_t count;
	uint64_t block;
	uint64_t offset;
	uint64_t user;
};

/**
 * struct blk_answer - what came of it
 * @status: BLK_OK if all was done
 * @count:  blocks that were transferred, at most what was asked for
 * @user:   the question's
 */
struct blk_answer {
	enum blk_status status;
	uint16_t count;
	uint64_t user;
};

/**
 * struct blk_client_counters
 * @resets:	 how often the link came up
 * @faults:	 how often the server broke the protocol
 * @bad_answers: answers to no question, or with impossible contents
 */
struct blk_client_counters {
	uint64_t resets;
	uint64_t faults;
	uint64_t bad_answers;
};

struct blk_client;

/**
 * blk_client_size - bytes of private memory a client's end needs
 *
 * Return: 0 if something in @config is impossible.
 */
size_t blk_client_size(const struct blk_client_config *config);

/**
 * blk_client_init - make a client's end; touches no queue yet
 * @memory: private, aligned to 64
 * @size:   bytes at @memory
 * @config: copied
 *
 * Return: it (inside @memory), or NULL if @config is impossible or @size less
 * than blk_client_size().
 */
struct blk_client *blk_client_init(void *memory, size_t size,
				   const struct blk_client_config *config);

/**
 * blk_client_state - look at the link and the server's page
 */
enum blk_client_state blk_client_state(struct blk_client *c);

/**
 * blk_client_geometry - what the server said of the disk when the state became
 * BLK_CLIENT_UP
 *
 * A sector size that is none becomes BLK_SIZE.
 */
const struct blk_geometry *blk_client_geometry(const struct blk_client *c);

/**
 * blk_client_ask - put a question; the server sees it at blk_client_submit()
 *
 * Return: false if as many as there can be are outstanding, the state is not
 * BLK_CLIENT_UP, or the question's data is not in the region.
 */
bool blk_client_ask(struct blk_client *c, const struct blk_question *q);

/**
 * blk_client_submit - publish all questions put so far
 *
 * Return: true if the server has to be notified.
 */
bool blk_client_submit(struct blk_client *c);

/**
 * blk_client_poll - take answers
 * @answers: out: array of @count
 *
 * Return: how many there were.
 */
unsigned int blk_client_poll(struct blk_client *c, struct blk_answer *answers,
			     unsigned int count);

/**
 * blk_client_arm - ask to be notified; poll() had nothing more
 *
 * Return: true if something came meanwhile, or the state changed.
 */
bool blk_client_arm(struct blk_client *c);

/** blk_client_outstanding - questions without an answer */
uint32_t blk_client_outstanding(const struct blk_client *c);

/** blk_client_counters - a copy of the counters */
struct blk_client_counters blk_client_counters(const struct blk_client *c);

#endif
