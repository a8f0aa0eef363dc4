/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of a port in plain memory, and an honest switch of a few lines at
 * the other end of its queues.
 */
#ifndef WEIR_TESTS_UNIT_NET_CLIENT_RIG_H
#define WEIR_TESTS_UNIT_NET_CLIENT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "virt/net_client.h"

#define N 16u
#define SIZE 256u
#define LONGEST 200u

/* The client, and the switch's side of its queues. */
struct fixture {
	struct net_client *c;
	struct net_client_config config;
	struct link_page page;
	struct queue_consumer tx_active;
	struct queue_producer tx_free;
	struct queue_producer rx_active;
	struct queue_consumer rx_free;
};

void *nc_zeroed(size_t size);
void nc_link_up(struct fixture *f);
void nc_link_down(struct fixture *f);
/* With @n buffers each way; N. */
struct fixture *nc_make_of(unsigned int n, bool transmits);
struct fixture *nc_make(bool transmits);
int nc_setup(void **state);
void nc_unmake(struct fixture *f);
int nc_teardown(void **state);

/* --- the switch --------------------------------------------------------- */

/* Take one frame and give its buffer back; -1 if there is none. */
int switch_takes(struct fixture *f);

/* Fill a lent buffer; false if there is none. */
bool switch_gives(struct fixture *f, uint16_t len, uint8_t byte);

#endif
