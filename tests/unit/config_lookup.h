/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking names of hosts up, for tests that must not depend on who answers.
 *
 * The test program's own getaddrinfo() takes the place of the C library's, also
 * for libpcap: it knows one host, counts, and asks nobody.  Numbers and services
 * are left to the C library.  To be included by one file of a test.
 */
#ifndef WEIR_TESTS_CONFIG_LOOKUP_H
#define WEIR_TESTS_CONFIG_LOOKUP_H

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

/* The one host, and its address. */
#define LOOKUP_HOST "known.example"
#define LOOKUP_ADDRESS "10.0.0.1"

/* How often a host has been asked for. */
static unsigned int lookups;

typedef int (*lookup_fn)(const char *node, const char *service,
			 const struct addrinfo *hints, struct addrinfo **res);

/* The C library's declaration has names that nobody else may use. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **res)
{
	lookup_fn libc;

	*(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
	if (!node || (hints && hints->ai_flags & AI_NUMERICHOST))
		return libc(node, service, hints, res);
	lookups++;
	if (strcmp(node, LOOKUP_HOST) == 0)
		return libc(LOOKUP_ADDRESS, service, hints, res);
	return EAI_NONAME;
}

#endif
