/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: attach to a port and send every frame back to where it came from.
 *
 *	echo SOCKET [MAC]
 *
 * With MAC (02:00:00:00:00:07), answers only frames to that address and to
 * groups, and sends with it as source; without, with whatever address the frame
 * was sent to.
 *
 * It shows both directions at once: transmit buffers are taken for as many
 * frames as have arrived, and if there are fewer, the rest of the frames is
 * dropped, as a network card would.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/weir.h"

#define BURST 32
#define MAC_BYTES 6
#define ADDRESSES (2 * (size_t)MAC_BYTES)

/**
 * struct identity - our address, if we were given one
 */
struct identity {
	bool known;
	unsigned char mac[MAC_BYTES];
};

static bool parse_mac(struct identity *id, const char *text)
{
	for (int i = 0; i < MAC_BYTES; i++) {
		char *end;
		unsigned long byte = strtoul(text, &end, 16);

		if (end == text || byte > 0xff ||
		    *end != (i + 1 < MAC_BYTES ? ':' : '\0'))
			return false;
		id->mac[i] = (unsigned char)byte;
		text = end + 1;
	}
	id->known = true;
	return true;
}

static bool is_group(const unsigned char *mac)
{
	return mac[0] & 1;
}

/* Write the answer to a frame, if it gets one. */
static bool answer(const struct identity *id, const struct weir_frame *in,
		   struct weir_frame *out)
{
	const unsigned char *to = in->data;

	if (in->len < ADDRESSES + 2)
		return false;
	/* A group address cannot be a source. */
	if (id->known ? !is_group(to) && memcmp(to, id->mac, MAC_BYTES) != 0
		      : is_group(to))
		return false;
	memcpy(out->data, in->data + MAC_BYTES, MAC_BYTES);
	memcpy(out->data + MAC_BYTES, id->known ? id->mac : to, MAC_BYTES);
	memcpy(out->data + ADDRESSES, in->data + ADDRESSES,
	       in->len - ADDRESSES);
	out->len = in->len;
	return true;
}

/* Return: whether there was anything to do. */
static bool serve(struct weir_port *port, const struct identity *id)
{
	struct weir_frame in[BURST], out[BURST];
	unsigned int n = weir_rx_burst(port, in, BURST);
	unsigned int room = weir_tx_alloc(port, out, n);
	unsigned int used = 0;

	for (unsigned int i = 0; i < n && used < room; i++)
		used += answer(id, &in[i], &out[used]);
	weir_tx_burst(port, out, used);
	weir_tx_cancel(port, out + used, room - used);
	weir_rx_release(port, in, n);
	weir_flush(port);
	return n > 0;
}

int main(int argc, char **argv)
{
	struct identity id = { .known = false };
	struct weir_port *port;
	char err[256];

	if (argc < 2 || (argc > 2 && !parse_mac(&id, argv[2]))) {
		fprintf(stderr, "usage: echo SOCKET [MAC]\n");
		return 2;
	}
	port = weir_attach(argv[1], err, sizeof(err));
	if (port == NULL) {
		fprintf(stderr, "echo: %s\n", err);
		return 1;
	}
	fprintf(stderr, "echo: attached to %s\n", weir_name(port));
	while (serve(port, &id) || weir_wait(port, WEIR_WAIT_RX, -1) > 0)
		;
	fprintf(stderr, "echo: %s: %s\n", weir_name(port),
		errno == ENOTCONN ? "weir has gone" : strerror(errno));
	weir_detach(port);
	return 1;
}
