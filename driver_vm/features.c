/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Features of a network interface: see features.h.
 *
 * They are bits whose numbers differ between kernels; ETHTOOL_GSTRINGS gives
 * their names.
 */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "driver_vm/features.h"

/* More features than any kernel has; there are about 60. */
#define MAX_FEATURES ((size_t)256)
#define BLOCK_BITS 32u

/* Of these the first two are wanted where segments are. */
static const char *const unwanted[] = { "rx-gro", "rx-gro-hw", "rx-lro",
					"rx-gro-list" };
#define KEEP_SEGMENTS ((size_t)2)

static int ethtool(int sock, const char *name, void *command)
{
	struct ifreq ifr = { .ifr_data = command };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return ioctl(sock, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

/* How many features the kernel knows. */
static int count_features(int sock, const char *name)
{
	/* One answer behind it, for the one set that is asked for. */
	union {
		struct ethtool_sset_info info;
		uint8_t room[sizeof(struct ethtool_sset_info) +
			     sizeof(uint32_t)];
	} query = {
		.info = { .cmd = ETHTOOL_GSSET_INFO,
			  .sset_mask = 1u << ETH_SS_FEATURES },
	};
	int e = ethtool(sock, name, &query);

	if (e < 0)
		return e;
	return query.info.sset_mask != 0 && query.info.data[0] <= MAX_FEATURES
		       ? (int)query.info.data[0]
		       : -EOPNOTSUPP;
}

static bool is_unwanted(const uint8_t *feature, bool segments)
{
	size_t first = segments ? KEEP_SEGMENTS : 0;

	for (size_t i = first; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		if (strncmp((const char *)feature, unwanted[i],
			    ETH_GSTRING_LEN) == 0)
			return true;
	return false;
}

int features_off(int sock, const char *name, bool segments)
{
	static union {
		struct ethtool_gstrings head;
		uint8_t room[sizeof(struct ethtool_gstrings) +
			     MAX_FEATURES * ETH_GSTRING_LEN];
	} names;
	union {
		struct ethtool_sfeatures head;
		uint8_t room[sizeof(struct ethtool_sfeatures) +
			     MAX_FEATURES / BLOCK_BITS *
				     sizeof(struct ethtool_set_features_block)];
	} set = { .room = { 0 } };
	int count = count_features(sock, name);
	int e;

	if (count < 0)
		return count;
	names.head.cmd = ETHTOOL_GSTRINGS;
	names.head.string_set = ETH_SS_FEATURES;
	names.head.len = (uint32_t)count;
	e = ethtool(sock, name, &names);
	if (e < 0)
		return e;
	set.head.cmd = ETHTOOL_SFEATURES;
	set.head.size = ((uint32_t)count + BLOCK_BITS - 1) / BLOCK_BITS;
	for (size_t i = 0; i < (size_t)count; i++)
		if (is_unwanted(names.head.data + i * ETH_GSTRING_LEN,
				segments))
			set.head.features[i / BLOCK_BITS].valid |=
				1u << i % BLOCK_BITS;
	/*
	 * If one of them cannot be changed, the result says so, and the others
	 * are changed.
	 */
	return ethtool(sock, name, &set);
}
