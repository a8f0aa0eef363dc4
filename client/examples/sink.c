/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink: attach to a port and count what arrives.
 *
 *	sink SOCKET [COUNT]
 *
 * Prints a line for each second in which frames came, and ends after COUNT
 * frames. generate numbers its frames; gaps in the numbers count as lost.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/weir.h"

#define BURST 32
#define HEADER 14
#define NUMBER 8

/**
 * struct tally - what has been counted
 * @frames: all
 * @bytes: theirs
 * @lost:   numbers left out
 * @next:   number of generate's next frame
 */
struct tally {
	uint64_t frames;
	uint64_t bytes;
	uint64_t lost;
	uint64_t next;
};

static void count(struct tally *t, const struct weir_frame *f)
{
	static const unsigned char type[2] = { 0x88, 0xb5 };
	uint64_t number;

	t->frames++;
	t->bytes += f->len;
	if (f->len < HEADER + NUMBER ||
	    memcmp(f->data + HEADER - sizeof(type), type, sizeof(type)) != 0)
		return;
	memcpy(&number, f->data + HEADER, NUMBER);
	if (number > t->next)
		t->lost += number - t->next;
	t->next = number + 1;
}

static void print(const struct tally *t)
{
	printf("%llu frames %llu bytes %llu lost\n",
	       (unsigned long long)t->frames, (unsigned long long)t->bytes,
	       (unsigned long long)t->lost);
	fflush(stdout);
}

/* Receive until @left frames have come; 0 or -1 with errno set. */
static int receive(struct weir_port *port, struct tally *t, uint64_t left)
{
	struct weir_frame frames[BURST];
	time_t printed = time(NULL);

	while (t->frames < left) {
		unsigned int n = weir_rx_burst(port, frames, BURST);

		for (unsigned int i = 0; i < n; i++)
			count(t, &frames[i]);
		weir_rx_release(port, frames, n);
		weir_flush(port);
		if (n > 0 && time(NULL) != printed) {
			printed = time(NULL);
			print(t);
		}
		if (n == 0 && weir_wait(port, WEIR_WAIT_RX, -1) < 0)
			return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint64_t left = argc > 2 ? strtoull(argv[2], NULL, 10) : UINT64_MAX;
	struct tally t = { 0 };
	struct weir_port *port;
	char err[256];
	int result;

	if (argc < 2) {
		fprintf(stderr, "usage: sink SOCKET [COUNT]\n");
		return 2;
	}
	port = weir_attach(argv[1], err, sizeof(err));
	if (port == NULL) {
		fprintf(stderr, "sink: %s\n", err);
		return 1;
	}
	fprintf(stderr, "sink: attached to %s\n", weir_name(port));
	result = receive(port, &t, left);
	if (result != 0)
		fprintf(stderr, "sink: %s: %s\n", weir_name(port),
			errno == ENOTCONN ? "weir has gone" : strerror(errno));
	print(&t);
	weir_detach(port);
	return result != 0;
}
