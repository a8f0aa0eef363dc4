/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A load for an echo server, by the kernel's sockets.
 *
 * 	echo_load udp|tcp ADDRESS PORT SIZE COUNT WINDOW
 *
 * Sends COUNT messages of SIZE bytes and takes what comes back, with at most
 * WINDOW messages under way: an offered load that the other side's pace sets,
 * so that nothing is lost for want of a buffer and every message is counted
 * once. A message is its number and contents that follow from it; each byte
 * that comes back is compared.
 *
 * What is silent for PATIENCE_MS with UDP is lost, with TCP the end.  Prints
 *
 * 	sent=N echoed=N lost=N wrong=N
 *
 * and ends with status 0 if all came back right.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 5000
#define NUMBER sizeof(uint64_t)
#define MAX_SIZE 16384u
#define BURST 32u

/**
 * struct load - what is asked for, and how far it is
 * @socket: connected
 * @size:   bytes of a message
 * @count:  messages in all
 * @window: messages under way at most
 * @sent, @echoed, @lost, @wrong: messages
 */
struct load {
	int socket;
	size_t size;
	uint64_t count;
	uint64_t window;
	uint64_t sent;
	uint64_t echoed;
	uint64_t lost;
	uint64_t wrong;
};

static uint8_t byte(uint64_t number, size_t at)
{
	return (uint8_t)(number * 131 + at * 7 + (number >> 8));
}

static void fill(const struct load *l, uint8_t *data, uint64_t number)
{
	memcpy(data, &number, NUMBER);
	for (size_t i = NUMBER; i < l->size; i++)
		data[i] = byte(number, i);
}

/* How many messages may be sent now. */
static uint64_t room(const struct load *l)
{
	uint64_t under_way = l->sent - l->echoed - l->lost;
	uint64_t left = l->count - l->sent;
	uint64_t free = l->window > under_way ? l->window - under_way : 0;

	return left < free ? left : free;
}

/* Return: what is ready, 0 after PATIENCE_MS of silence. */
static short wait_for(const struct load *l, short events)
{
	struct pollfd p = { .fd = l->socket, .events = events };

	return poll(&p, 1, PATIENCE_MS) > 0 ? p.revents : 0;
}

/* Judge a message that came back. */
static void take(struct load *l, const uint8_t *data, size_t size)
{
	uint64_t number = 0;
	bool right = size == l->size;

	if (right)
		memcpy(&number, data, NUMBER);
	right = right && number < l->sent;
	for (size_t i = NUMBER; right && i < size; i++)
		right = data[i] == byte(number, i);
	if (right)
		l->echoed++;
	else
		l->wrong++;
}

/* --- UDP ---------------------------------------------------------------- */

static uint8_t buffer[BURST][MAX_SIZE];

static void point_at_buffers(struct mmsghdr *msg, struct iovec *iov,
			     size_t size)
{
	memset(msg, 0, BURST * sizeof(*msg));
	for (unsigned int i = 0; i < BURST; i++) {
		iov[i] = (struct iovec){ buffer[i], size };
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
}

static void udp_send(struct load *l)
{
	struct mmsghdr msg[BURST];
	struct iovec iov[BURST];
	uint64_t n = room(l);
	int sent;

	if (n > BURST)
		n = BURST;
	if (n == 0)
		return;
	point_at_buffers(msg, iov, l->size);
	for (uint64_t i = 0; i < n; i++)
		fill(l, buffer[i], l->sent + i);
	sent = sendmmsg(l->socket, msg, (unsigned int)n, MSG_DONTWAIT);
	if (sent > 0)
		l->sent += (uint64_t)sent;
}

static void udp_receive(struct load *l)
{
	struct mmsghdr msg[BURST];
	struct iovec iov[BURST];
	int n;

	point_at_buffers(msg, iov, MAX_SIZE);
	n = recvmmsg(l->socket, msg, BURST, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		take(l, buffer[i], msg[i].msg_len);
}

static void run_udp(struct load *l)
{
	while (l->echoed + l->lost < l->count) {
		udp_send(l);
		if (wait_for(l, POLLIN) != 0)
			udp_receive(l);
		else
			l->lost = l->sent - l->echoed;
	}
}

/* --- TCP ---------------------------------------------------------------- */

/**
 * struct stream - messages as a stream has them: in pieces
 * @out, @out_done: message being sent, bytes of it sent
 * @in, @in_done:   message being received, bytes of it received
 */
struct stream {
	uint8_t out[MAX_SIZE];
	size_t out_done;
	uint8_t in[MAX_SIZE];
	size_t in_done;
};

/* Return: false if the connection is broken. */
static bool tcp_send(struct load *l, struct stream *s)
{
	while (room(l) > 0) {
		ssize_t n;

		if (s->out_done == 0)
			fill(l, s->out, l->sent);
		n = send(l->socket, s->out + s->out_done, l->size - s->out_done,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		s->out_done += (size_t)n;
		if (s->out_done < l->size)
			continue;
		s->out_done = 0;
		l->sent++;
	}
	return true;
}

static bool tcp_receive(struct load *l, struct stream *s)
{
	for (;;) {
		ssize_t n = recv(l->socket, s->in + s->in_done,
				 l->size - s->in_done, MSG_DONTWAIT);

		if (n == 0)
			return false;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		s->in_done += (size_t)n;
		if (s->in_done < l->size)
			continue;
		s->in_done = 0;
		take(l, s->in, l->size);
	}
}

static void run_tcp(struct load *l)
{
	static struct stream s;

	while (l->echoed + l->wrong < l->count) {
		short events = room(l) > 0 ? POLLIN | POLLOUT : POLLIN;

		if (wait_for(l, events) == 0 || !tcp_receive(l, &s) ||
		    !tcp_send(l, &s))
			break;
	}
	l->lost = l->sent - l->echoed - l->wrong;
}

/* --- the whole ---------------------------------------------------------- */

static _Noreturn void usage(void)
{
	fprintf(stderr,
		"usage: echo_load udp|tcp ADDRESS PORT SIZE COUNT "
		"WINDOW\n       SIZE is 9 to %u bytes\n",
		MAX_SIZE);
	exit(2);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*end != '\0' || value < least || value > most)
		usage();
	return value;
}

static int connected(const char *address, uint64_t port, bool tcp)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port) };
	int one = 1;
	int fd;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		usage();
	fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		fprintf(stderr,
			"echo_load: cannot reach %s port %" PRIu64 ": %s\n",
			address, port, strerror(errno));
		exit(1);
	}
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int main(int argc, char **argv)
{
	struct load l = { 0 };
	bool tcp;

	if (argc != 7)
		usage();
	tcp = strcmp(argv[1], "tcp") == 0;
	if (!tcp && strcmp(argv[1], "udp") != 0)
		usage();
	l.size = number(argv[4], NUMBER + 1, MAX_SIZE);
	l.count = number(argv[5], 1, UINT32_MAX);
	l.window = number(argv[6], 1, UINT32_MAX);
	l.socket = connected(argv[2], number(argv[3], 1, 65535), tcp);
	if (tcp)
		run_tcp(&l);
	else
		run_udp(&l);
	printf("sent=%" PRIu64 " echoed=%" PRIu64 " lost=%" PRIu64
	       " wrong=%" PRIu64 "\n",
	       l.sent, l.echoed, l.lost, l.wrong);
	return l.echoed == l.count ? 0 : 1;
}
