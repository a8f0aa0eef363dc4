/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What passes between a PD's process and the kernel: a call, then an answer,
 * always in turn.  The socket is descriptor MK_SOCKET of the process.
 */
#ifndef WEIR_TESTS_MICROKIT_MESSAGE_H
#define WEIR_TESTS_MICROKIT_MESSAGE_H

#include <stdint.h>

#define MK_SOCKET 3
#define MK_TEXT 256
#define MK_MRS 120

enum call {
	CALL_RECEIVE, /* wait for an event; with @replies, answer one first */
	CALL_NOTIFY,  /* @number: channel */
	CALL_PPC,     /* @number: channel */
	CALL_RESTART, /* @number: child */
	CALL_STOP,    /* @number: child */
	CALL_FAULT,   /* the process got signal @number */
	CALL_PRINT,   /* @text */
};

enum answer {
	ANSWER_GO,	 /* the call is done */
	ANSWER_REPLY,	 /* of a PPC: label, count, mr */
	ANSWER_RESTART,	 /* begin anew, whatever you were doing */
	EVENT_NOTIFIED,	 /* @bits: channels */
	EVENT_PROTECTED, /* @number: channel; label, count, mr */
	EVENT_FAULT,	 /* @number: child */
};

struct message {
	uint32_t what; /* enum call or enum answer */
	uint32_t number;
	uint64_t bits;
	uint64_t label;
	uint32_t count;
	uint32_t replies;
	union {
		uint64_t mr[MK_MRS];
		char text[MK_TEXT];
	};
};

/* Sent once at the start: a PD, then its maps. */
struct setup {
	char name[64];
	uint64_t notifies; /* channels it may notify */
	uint64_t calls;	   /* channels it may call */
	uint32_t n_maps;
	int clock; /* descriptor of a page with the time */
};

struct setup_map {
	char symbol[64]; /* gets the address; "": none */
	uint64_t vaddr;
	uint64_t size;
	int fd;
	uint32_t writable;
};

#endif
