/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking names of hosts up, for tests that must not depend on who answers.
 *
 * The test program's own getaddrinfo() takes the place of the C library's: it
 * knows a few hosts, counts, and asks nobody.  The compiler calls it in
 * processes of their own, so what it counts is in shared memory.  Numbers and
 * services are left to the C library.  To be included by one file of a test,
 * which calls lookup_begin() first.
 */
#ifndef WEIR_TESTS_CONFIG_LOOKUP_H
#define WEIR_TESTS_CONFIG_LOOKUP_H

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A host with an IPv4 address, and one with two addresses. */
#define LOOKUP_HOST "known.example"
#define LOOKUP_ADDRESS "10.0.0.1"
#define LOOKUP_BOTH "both.example"
/* One whose name server never answers. */
#define LOOKUP_HUNG "hung.example"

/* How often a host has been asked for. */
static unsigned int *lookups;

static inline void lookup_begin(void)
{
	lookups = mmap(NULL, sizeof(*lookups), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (lookups == MAP_FAILED)
		abort();
}

typedef int (*lookup_fn)(const char *node, const char *service,
			 const struct addrinfo *hints, struct addrinfo **res);

/* The C library's declaration has names that nobody else may use. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **res)
{
	lookup_fn libc;
	unsigned char address[16];

	*(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!node || inet_pton(AF_INET, node, address) == 1 ||
	    inet_pton(AF_INET6, node, address) == 1)
		return libc(node, service, hints, res);
	__atomic_fetch_add(lookups, 1, __ATOMIC_RELAXED);
	while (strcmp(node, LOOKUP_HUNG) == 0)
		pause();
	if (strcmp(node, LOOKUP_HOST) == 0)
		return libc(LOOKUP_ADDRESS, service, hints, res);
	if (strcmp(node, LOOKUP_BOTH) == 0) {
		int error = libc("10.0.0.2", service, hints, res);

		return error ? error
			     : libc("fd00::2", service, hints,
				    &(*res)->ai_next);
	}
	return EAI_NONAME;
}

#endif
