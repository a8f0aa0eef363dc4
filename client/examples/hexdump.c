/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hexdump: attach to a port and print what arrives.
 *
 *	hexdump SOCKET [COUNT]
 *
 * The shortest useful program with libweir: a receive loop that sleeps while
 * there is nothing.  Give buffers back soon: frames that find none are dropped.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/weir.h"

#define BURST 32

static void print_frame(const struct weir_frame *f)
{
	printf("%u bytes\n", f->len);
	for (unsigned int i = 0; i < f->len; i++) {
		if (i % 16 == 0)
			printf("%04x ", i);
		printf(" %02x%s", f->data[i],
		       i % 16 == 15 || i + 1 == f->len ? "\n" : "");
	}
}

int main(int argc, char **argv)
{
	unsigned long left = argc > 2 ? strtoul(argv[2], NULL, 10) : ~0ul;
	struct weir_frame frames[BURST];
	struct weir_port *port;
	char err[256];

	if (argc < 2) {
		fprintf(stderr, "usage: hexdump SOCKET [COUNT]\n");
		return 2;
	}
	port = weir_attach(argv[1], err, sizeof(err));
	if (port == NULL) {
		fprintf(stderr, "hexdump: %s\n", err);
		return 1;
	}
	fprintf(stderr, "hexdump: attached to %s\n", weir_name(port));
	while (left > 0) {
		unsigned int n = weir_rx_burst(port, frames, BURST);

		for (unsigned int i = 0; i < n && left > 0; i++, left--)
			print_frame(&frames[i]);
		weir_rx_release(port, frames, n);
		fflush(stdout);
		/* Nothing there: sleep, without a timeout. */
		if (n == 0 && weir_wait(port, WEIR_WAIT_RX, -1) < 0) {
			fprintf(stderr, "hexdump: %s: %s\n", weir_name(port),
				errno == ENOTCONN ? "weir has gone"
						  : strerror(errno));
			weir_detach(port);
			return 1;
		}
	}
	weir_detach(port);
	return 0;
}
