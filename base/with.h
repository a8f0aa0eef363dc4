/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a build of the switch leaves out.
 *
 * On a small system the code of what a topology does not use would be most of a
 * switch.  `make WITHOUT="flows captures"` leaves these two out: nothing calls
 * their functions any more, so the linker leaves them in the library.
 * What uses such a feature is then refused like any setting out of range, by
 * vswitch_size(), vswitch_add_port() or policy_load(); all else is as before.
 *
 *	flows		rules with `reply`
 *	groups		multicast snooping
 *	offloads	segments and checksums left to others
 *	captures	capture ports
 *	filters		rules that depend on the frame
 *	iplocks		ports locked to IP addresses
 *	vlans		access and trunk ports
 */
#ifndef WEIR_BASE_WITH_H
#define WEIR_BASE_WITH_H

#ifdef WITHOUT_FLOWS
#define WITH_FLOWS 0
#else
#define WITH_FLOWS 1
#endif

#ifdef WITHOUT_GROUPS
#define WITH_GROUPS 0
#else
#define WITH_GROUPS 1
#endif

#ifdef WITHOUT_OFFLOADS
#define WITH_OFFLOADS 0
#else
#define WITH_OFFLOADS 1
#endif

#ifdef WITHOUT_CAPTURES
#define WITH_CAPTURES 0
#else
#define WITH_CAPTURES 1
#endif

#ifdef WITHOUT_FILTERS
#define WITH_FILTERS 0
#else
#define WITH_FILTERS 1
#endif

#ifdef WITHOUT_IPLOCKS
#define WITH_IPLOCKS 0
#else
#define WITH_IPLOCKS 1
#endif

#ifdef WITHOUT_VLANS
#define WITH_VLANS 0
#else
#define WITH_VLANS 1
#endif

#endif
