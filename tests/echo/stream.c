/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP connection to the echo program: see stream.h.
 */
#include "tests/echo/stream.h"

#include <string.h>

/* Half seconds without an event after which nothing will ever happen. */
#define PATIENCE 600

uint8_t stream_octet(uint32_t at)
{
	return (uint8_t)(at * 7 + (at >> 8) + (at >> 16) * 3);
}

static void segment(struct stream *s, uint8_t flags, uint32_t at, size_t len)
{
	struct peer_packet f;
	struct tcphdr_view *h = TCP(&f);

	*h = (struct tcphdr_view){
		.from = htons(s->port),
		.to = htons(s->their_port),
		.seq = htonl(s->start + 1 + at),
		.ack = htonl(s->their_start + 1 + s->received + s->fin),
		.offset = 5 << 4,
		.flags = flags,
		.window = htons(s->offer),
	};
	for (size_t i = 0; i < len; i++)
		h->data[i] = stream_octet(at + (uint32_t)i);
	peer_ip(&f, IPPROTO_TCP, PEER_IP, s->ip, 20 + len, 0);
	h->sum = peer_sum(&f);
	peer_send(&f);
}

void stream_send(struct stream *s, uint8_t flags)
{
	segment(s, flags, s->sent, 0);
}

void stream_open(struct stream *s, uint32_t ip, uint16_t their_port,
		 uint16_t port)
{
	const uint8_t mss[] = { 2, 4, 1460 >> 8, 1460 & 0xff };
	struct peer_packet f;

	*s = (struct stream){
		.ip = ip,
		.their_port = their_port,
		.port = port,
		.start = port * 7919u,
		.offer = UINT16_MAX,
		.segment = 1460,
	};
	*TCP(&f) = (struct tcphdr_view){
		.from = htons(port),
		.to = htons(their_port),
		.seq = htonl(s->start),
		.offset = 6 << 4,
		.flags = TH_SYN,
		.window = htons(s->offer),
	};
	memcpy(TCP(&f)->data, mss, sizeof(mss));
	peer_ip(&f, IPPROTO_TCP, PEER_IP, ip, 24, 0);
	TCP(&f)->sum = peer_sum(&f);
	peer_send(&f);
	peer_wants(&f, IPPROTO_TCP);
	assert_int_equal(TCP(&f)->flags, TH_SYN | TH_ACK);
	assert_int_equal(ntohl(TCP(&f)->ack), s->start + 1);
	s->their_start = ntohl(TCP(&f)->seq);
	s->window = ntohs(TCP(&f)->window);
	stream_send(s, TH_ACK);
}

/* Data of a segment; octets we had already are passed over. */
static bool data(struct stream *s, const struct peer_packet *f)
{
	const struct tcphdr_view *h = TCP(f);
	size_t header = (size_t)(h->offset >> 4) * 4;
	const uint8_t *p = (const uint8_t *)h + header;
	size_t len = ntohs(IP(f)->len) - 20u - header;
	uint32_t at = ntohl(h->seq) - s->their_start - 1;

	if (at != s->received)
		return len > 0;
	/* What we did not ask for we do not take. */
	if (len > s->offer)
		return true;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], stream_octet(at + (uint32_t)i));
	s->received += (uint32_t)len;
	s->fin |= (h->flags & TH_FIN) != 0;
	return len > 0 || s->fin;
}

bool stream_hear(struct stream *s)
{
	bool any = false;
	struct peer_packet f;

	while (peer_next(&f)) {
		if (f.data[12] != 8 || f.data[13] != 0 ||
		    IP(&f)->protocol != IPPROTO_TCP ||
		    ntohs(TCP(&f)->to) != s->port)
			continue;
		any = true;
		s->reset |= (TCP(&f)->flags & TH_RST) != 0;
		s->una = ntohl(TCP(&f)->ack) - s->start - 1;
		s->window = ntohs(TCP(&f)->window);
		if (data(s, &f))
			stream_send(s, TH_ACK);
	}
	return any;
}

bool stream_say(struct stream *s, uint32_t until)
{
	uint32_t n = until - s->sent;

	if (n > s->una + s->window - s->sent)
		n = s->una + s->window - s->sent;
	if (n > s->segment)
		n = s->segment;
	if (n == 0 || n > s->window)
		return false;
	segment(s, TH_ACK, s->sent, n);
	s->sent += n;
	return true;
}

bool stream_step(struct stream *s, uint32_t until)
{
	bool said = stream_say(s, until);

	return stream_hear(s) || said;
}

void stream_echo(struct stream *s, uint32_t until)
{
	int idle = 0;

	while (s->received < until || s->una < until) {
		if (stream_step(s, until)) {
			idle = 0;
			continue;
		}
		assert_false(s->reset);
		assert_true(idle++ < PATIENCE);
		rig_pass(RIG_SECOND / 2);
		if (idle > 2)
			s->sent = s->una;
	}
}

void stream_close(struct stream *s)
{
	stream_send(s, TH_ACK | TH_FIN);
	s->sent++;
	for (int i = 0; i < PATIENCE && !(s->fin && s->una == s->sent); i++)
		if (!stream_hear(s))
			rig_pass(RIG_SECOND / 2);
	assert_true(s->fin);
	assert_int_equal(s->una, s->sent);
	assert_false(s->reset);
}
