/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control server: docs/control.md.
 *
 * A connection is
 *
 *	READING   until a newline: the request
 *	ASKING    while a switch is asked by its mailbox, once or page by page,
 *		  or a change is made (change.h)
 *	WRITING   until the reply is out
 *	STAYING   "stop" only: open until the monitor ends, as a sign
 *
 * with CONTROL_TIMEOUT_NS for each.  Whoever may open the socket may stop the
 * whole system; but a client that hangs or talks nonsense must not hold up the
 * loop.  When all CONTROL_CONNS connections are taken and another client comes,
 * the one that has been READING for longest is closed, so that silent clients
 * keep nobody out.
 */
#ifndef WEIR_VMM_LINUX_CONTROL_CONTROL_H
#define WEIR_VMM_LINUX_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/monitor/change.h"
#include "vmm/linux/error.h"
#include "vmm/linux/monitor/loop.h"
#include "vswitch/ctl.h"

#define CONTROL_CONNS 8u
/* The largest frame, two digits a byte, and the rest of a trace fit. */
#define CONTROL_REQUEST_MAX (2 * VSWITCH_MAX_BUFFER + 4096u)
#define CONTROL_TIMEOUT_NS (5 * 1000000000ull)

enum control_state {
	CONTROL_READING,
	CONTROL_ASKING,
	CONTROL_WRITING,
	CONTROL_STAYING,
};

struct control_list;

/* What a connection waits for. */
struct control_job {
	/* what switches, or the monitor, are asked for; NULL: a change */
	const struct control_list *list;
	size_t sw;			    /* index of the switch to ask */
	bool asked;			    /* the request is in the mailbox */
	unsigned int pages;		    /* how many replies it has given */
	struct vswitch_ctl_request request; /* what to ask */
	json_t *rows;			    /* collected so far */
};

/* A connection. */
struct control_conn {
	struct loop_source source; /* socket */
	enum control_state state;  /* see above */
	uint64_t deadline_ns;	   /* when it is given up in this state */
	/* how many had been accepted when it was, itself included */
	uint64_t number;
	bool stays; /* the reply is that of a "stop" */
	/* of a "console": the VM that gets the socket after the reply */
	const struct mon_guest *console;
	struct control_job job;	   /* ASKING */
	struct switch_asker asker; /* ASKING: what switches answer to */
	/* ASKING: a change that has been ordered */
	struct change_asker change;
	char *out;		      /* WRITING: the reply */
	size_t out_len;		      /* bytes of it */
	size_t out_done;	      /* bytes written */
	size_t in_len;		      /* READING: bytes of @in */
	char in[CONTROL_REQUEST_MAX]; /* READING: the request so far */
};

/* The control server; all zero: none. */
struct control_server {
	struct loop_source listener; /* the control socket */
	struct control_conn *conn;   /* CONTROL_CONNS of them */
	uint64_t accepted;	     /* how many connections there have been */
};

/**
 * control_open - claim the control socket; nobody is served yet
 * @path: of the socket
 *
 * Return: 0, or -1 with the monitor's error set, "already running" included.
 */
int control_open(struct monitor *m, const char *path);

/**
 * control_serve - begin to accept connections
 */
void control_serve(struct monitor *m);

/**
 * control_tick - see to deadlines and to jobs that wait for a mailbox
 */
void control_tick(struct monitor *m);

/**
 * control_deadline - when control_tick() must be called at the latest
 *
 * Return: CLOCK_MONOTONIC; UINT64_MAX: nothing to wait for.
 */
uint64_t control_deadline(const struct monitor *m);

/**
 * control_close - close everything; the path is the janitor's to remove
 */
void control_close(struct monitor *m);

#endif
