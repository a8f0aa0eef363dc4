/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pinning the layout of what two programs share.
 *
 * A structure in shared memory or in a message is a contract: the other side
 * may have been built by another compiler, or be a program of another release.
 * So its members have fixed widths, it has no hidden padding, and each member's
 * place is asserted; whoever moves one has to change the number beside it, and
 * sees that it is a number others rely on.
 *
 * A `bool` is refused, and an enum must not be used: a peer can store any
 * value, and to read one that the type does not have is undefined.  Use uint8_t
 * or uint32_t and compare.
 */
#ifndef WEIR_BASE_ABI_H
#define WEIR_BASE_ABI_H

#include <stddef.h>
#include <stdint.h>

/* A type has this many bytes. */
#define ABI_SIZE(type, bytes)                                                  \
	_Static_assert(sizeof(type) == (bytes), "ABI: size of " #type)

/* A member of a structure is at this offset. */
#define ABI_AT(type, member, offset)                                           \
	_Static_assert(offsetof(type, member) == (offset),                     \
		       "ABI: place of " #member " in " #type);                 \
	_Static_assert(_Generic(((type *)NULL)->member, _Bool : 0,             \
				default : 1),                                  \
		       "ABI: " #member " in " #type " is a bool")

#endif
