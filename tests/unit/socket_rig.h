/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket port by itself, and a peer for it.
 */
#ifndef WEIR_TESTS_UNIT_SOCKET_RIG_H
#define WEIR_TESTS_UNIT_SOCKET_RIG_H

#include "tests/unit/port_rig.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Longest frame QEMU speaks of. */
#define QEMU_MAX 69632u

int socket_setup(void **state);

/* --- the peer ----------------------------------------------------------- */

int unix_socket(const char *path, bool listening);
int join(struct comp *rig);

/* One frame, as it is on the stream. */
size_t framed(uint8_t *to, size_t len, unsigned int which);

void say(int fd, const void *data, size_t len);
void say_frame(int fd, size_t len, unsigned int which);
void switch_gets(struct comp *rig, size_t len, unsigned int which);
void switch_gets_nothing(struct comp *rig);

/* Whether the other side has hung up. */
bool hung_up(int fd);

/* Exactly @len bytes, turning the port as needed. */
void hear(struct comp *rig, int fd, uint8_t *data, size_t len);

void hear_frame(struct comp *rig, int fd, size_t len, unsigned int which);

#define socket_test(f)                                                         \
	cmocka_unit_test_setup_teardown(f, socket_setup, comp_teardown)

#endif
