/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An echo server by the kernel's sockets, TCP and UDP: the ordinary client at
 * the end of a Linux bridge, which a client PD of ours is held against.
 *
 *	echo_host PORT
 *
 * One thread, epoll, each datagram and each piece of a stream answered as it
 * comes.  Runs until it is killed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 16

static char data[65536];

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "echo_host: cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

static int bound(int type, unsigned int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port) };
	int one = 1;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);

	if (fd < 0)
		die("make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		die("bind; is the port in use");
	if (type == SOCK_STREAM && listen(fd, 16) != 0)
		die("listen");
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		die("watch a socket");
}

static void echo_datagrams(int fd)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(fd, data, sizeof(data), 0,
			     (struct sockaddr *)&from, &len)) >= 0) {
		(void)sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from,
			     len);
		len = sizeof(from);
	}
}

/*
 * Connections block when they write: one peer at a time is all there is here.
 */
static void echo_stream(int fd)
{
	ssize_t n = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	ssize_t done = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	while (done < n) {
		ssize_t sent =
			send(fd, data + done, (size_t)(n - done), MSG_NOSIGNAL);

		if (sent < 0)
			break;
		done += sent;
	}
	if (n <= 0 || done < n)
		close(fd);
}

int main(int argc, char **argv)
{
	unsigned int port = argc == 2 ? (unsigned int)atoi(argv[1]) : 0;
	struct epoll_event event[EVENTS];
	int epoll = epoll_create1(0);
	int udp, tcp;

	if (port == 0 || port > 65535) {
		fprintf(stderr, "usage: echo_host PORT\n");
		return 2;
	}
	udp = bound(SOCK_DGRAM, port);
	tcp = bound(SOCK_STREAM, port);
	watch(epoll, udp);
	watch(epoll, tcp);
	for (;;) {
		int n = epoll_wait(epoll, event, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			int fd = event[i].data.fd;

			if (fd == udp)
				echo_datagrams(fd);
			else if (fd != tcp)
				echo_stream(fd);
			else if ((fd = accept(tcp, NULL, NULL)) >= 0)
				watch(epoll, fd);
		}
	}
}
