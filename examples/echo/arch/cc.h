/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP wants to know of the compiler and its surroundings.  Included by
 * each of its files by this name.
 */
#ifndef WEIR_EXAMPLES_ECHO_ARCH_CC_H
#define WEIR_EXAMPLES_ECHO_ARCH_CC_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>

/* Expanded in place; lwIP's own are functions. */
#if BYTE_ORDER == LITTLE_ENDIAN
#define lwip_htons(x) ((u16_t)__builtin_bswap16((u16_t)(x)))
#define lwip_htonl(x) ((u32_t)__builtin_bswap32((u32_t)(x)))
#endif

/* examples/echo/port.c */
uint32_t port_random(void);
uint32_t port_tcp_isn(const void *local, uint16_t local_port,
		      const void *remote, uint16_t remote_port);
void port_broken(const char *what, const char *file, int line)
	__attribute__((noreturn));

#define LWIP_RAND() port_random()
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, remote_port)              \
	port_tcp_isn(local, local_port, remote, remote_port)
#define LWIP_PLATFORM_ASSERT(what) port_broken(what, __FILE__, __LINE__)
/* Its debugging output has nowhere to go. */
#define LWIP_PLATFORM_DIAG(what) ((void)0)

#endif
