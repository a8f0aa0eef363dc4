/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vde-client: what tests/bench/pair.c does, on two ports of a vde_switch.
 *
 *	vde-client FOLDER LENGTH [both=|rtt=]NUMBER CPU OTHER-CPU
 *
 * A port is a datagram socket, a frame a datagram.
 */
#include <fcntl.h>
#include <libvdeplug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/lib/measure.h"

static VDECONN *port[2];

static VDECONN *open_port(char *folder)
{
	VDECONN *conn = vde_open(folder, "bench", NULL);

	/* The library hands no flags on. */
	if (conn == NULL || fcntl(vde_datafd(conn), F_SETFL, O_NONBLOCK) != 0) {
		perror(folder);
		exit(1);
	}
	return conn;
}

static unsigned int send_frames(struct measure *m, unsigned int from,
				unsigned int count, unsigned long long number)
{
	static unsigned char frame[2048];
	unsigned int n = 0;

	(void)number;
	measure_header(frame, measure_mac[!from], measure_mac[from]);
	while (n < count && vde_send(port[from], frame, m->length, 0) >= 0)
		n++;
	return n;
}

static unsigned int receive_frames(struct measure *m, unsigned int at)
{
	unsigned char frame[2048];
	unsigned int n = 0;

	(void)m;
	for (unsigned int i = 0; i < MEASURE_BURST; i++) {
		if (vde_recv(port[at], frame, sizeof(frame), 0) < 14)
			break;
		n += memcmp(frame, measure_mac[at], 6) == 0;
	}
	return n;
}

int main(int argc, char **argv)
{
	struct measure m = { .send = send_frames, .receive = receive_frames };

	if (argc != 6) {
		fputs("usage: vde-client FOLDER LENGTH [both=|rtt=]NUMBER CPU "
		      "OTHER-CPU\n",
		      stderr);
		return 2;
	}
	m.length = (unsigned int)strtoul(argv[2], NULL, 10);
	m.cpu = (int)strtol(argv[4], NULL, 10);
	m.other = (int)strtol(argv[5], NULL, 10);
	port[0] = open_port(argv[1]);
	port[1] = open_port(argv[1]);
	/* So that the switch knows both. */
	if (!measure_there_and_back(&m) && !measure_there_and_back(&m)) {
		fputs("vde-client: nothing gets through\n", stderr);
		return 1;
	}
	measure_run(&m, argv[3]);
	return 0;
}
