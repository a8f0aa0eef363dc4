/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program with a fixed address, on a port of its own.
 */
#include "tests/echo/story.h"

void a_fixed_address_and_another_port(void **state)
{
	struct peer_packet f;

	(void)state;
	assert_int_equal(rig_init("port 7000  address 10.0.2.20/24 gateway "
				  "10.0.2.2"),
			 0);
	says("IP address for netif sw0.web is: 10.0.2.20\n");
	rig_carrier(true);
	rig_link_up();
	rig_pass(10 * (uint64_t)RIG_SECOND);
	/* It says whose address that is, and asks nobody. */
	while (peer_next(&f))
		assert_int_equal(f.data[13], ETHERTYPE_ARP & 0xff);
}

void answers_wait_until_it_knows_whom_to(void **state)
{
	struct peer_packet f;

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		peer_udp(&f, PEER_IP, 4000, OUR_IP + 5, 7000, &i, sizeof(i));
		peer_send(&f);
	}
	/* The first frame it has sent is a question. */
	assert_int_equal(numbers(0), 16);
}

void it_answers_there(void **state)
{
	struct peer_packet f;

	(void)state;
	peer_udp(&f, PEER_IP, 7, OUR_IP + 5, 7000, "loop", 4);
	peer_send(&f);
	peer_udp(&f, PEER_IP, 7000, OUR_IP + 5, 7000, "loop", 4);
	peer_send(&f);
	peer_silent();
	assert_ping(OUR_IP + 5);
	assert_udp_echo(OUR_IP + 5, 7000, 100);
	assert_tcp_echo(OUR_IP + 5, 7000, 5000, 3000);
}
