/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of rules and settings: addresses and prefixes, VLANs, rates, and the
 * words of a user's own policy.
 */
#include "config/lang/value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- IP addresses -------------------------------------------------------- */

/* IPv4 addresses are ::ffff:a.b.c.d: this many bytes come before them. */
#define MAPPED 12
#define MAPPED_BITS (8 * MAPPED)

static const uint8_t mapped[MAPPED] = { [10] = 0xff, [11] = 0xff };

static bool is_mapped(const uint8_t addr[16])
{
	return memcmp(addr, mapped, MAPPED) == 0;
}

/* Reads an address without a prefix length; @v4: how it is written. */
static bool read_addr(const char *text, uint8_t addr[16], bool *v4)
{
	*v4 = !strchr(text, ':');
	if (!*v4)
		return inet_pton(AF_INET6, text, addr) == 1;
	memcpy(addr, mapped, MAPPED);
	return inet_pton(AF_INET, text, addr + MAPPED) == 1;
}

static const char *show_addr(struct arena *a, const uint8_t addr[16], bool v4)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? addr + MAPPED : addr, text,
		       sizeof(text)))
		return "?";
	return arena_strndup(a, text, strlen(text));
}

/* Clears what is behind the first @bits; were they clear before? */
static bool cut_to(uint8_t addr[16], unsigned int bits)
{
	bool clean = true;

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int left = bits > 8 * i ? bits - 8 * i : 0;
		unsigned int keep = left >= 8 ? 0xff : 0xff00u >> left & 0xff;

		clean &= (addr[i] & ~keep & 0xff) == 0;
		addr[i] &= (uint8_t)keep;
	}
	return clean;
}

/* Does a prefix hold the other one's first address? */
static bool holds(const struct policy_prefix *p, const uint8_t addr[16])
{
	uint8_t head[16];

	memcpy(head, addr, sizeof(head));
	cut_to(head, p->bits);
	return memcmp(head, p->addr, sizeof(head)) == 0;
}

/* Why nobody can send from there, or NULL. */
static const char *no_station(const struct policy_prefix *p, bool v4)
{
	static const uint8_t any_v4[16] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *addr = p->addr;

	if (v4 && p->bits >= MAPPED_BITS + 4 && addr[MAPPED] >> 4 == 0xe)
		return "is a multicast address, from which nobody sends";
	if (v4 && p->bits == 128 &&
	    memcmp(addr + MAPPED, "\xff\xff\xff\xff", 4) == 0)
		return "is the broadcast address, from which nobody sends";
	if (!v4 && p->bits >= 8 && addr[0] == 0xff)
		return "is a multicast address, from which nobody sends";
	if (!v4 && p->bits > MAPPED_BITS && is_mapped(addr))
		return "is an IPv4 address in disguise; write it as one";
	if (!v4 && p->bits <= MAPPED_BITS && holds(p, any_v4))
		return "takes in all of IPv4 as well; write the ranges that "
		       "are meant, such as 2000::/3, fc00::/7, fe80::/10";
	if (p->bits == 128 && memcmp(addr + MAPPED, "\0\0\0", 4) == 0 &&
	    (v4 || memcmp(addr, (uint8_t[MAPPED]){ 0 }, MAPPED) == 0))
		return "is the address of those who have none, which a locked "
		       "port may use where that is right anyway";
	return NULL;
}

/* The number behind "/": of an IPv4 or IPv6 prefix. */
static bool read_bits(struct report *r, const struct name *n, const char *slash,
		      bool v4, unsigned int *bits)
{
	uint64_t most = v4 ? 32 : 128, value = most;
	const char *end = slash ? value_digits(slash + 1, most, &value) : "";

	if (!end || *end || value > most) {
		report_error(r, n->pos,
			     "\"%s\" is no length of an %s prefix, as in "
			     "\"%s\"; /0 to /%" PRIu64 " are possible",
			     slash, v4 ? "IPv4" : "IPv6", n->text, most);
		return false;
	}
	*bits = (unsigned int)value + (v4 ? MAPPED_BITS : 0);
	return true;
}

static void report_host_bits(struct report *r, const struct name *n,
			     const uint8_t head[16], bool v4, const char *slash)
{
	report_error(r, n->pos,
		     "\"%s\" has bits set behind the first %s; the prefix is "
		     "%s%s, the address alone %.*s",
		     n->text, slash + 1, show_addr(r->arena, head, v4), slash,
		     (int)(slash - n->text), n->text);
}

bool value_prefix(struct report *r, const struct name *n,
		  struct policy_prefix *out)
{
	struct policy_prefix p = { 0 };
	const char *slash, *wrong;
	unsigned int bits;
	bool v4;

	if (!n->text)
		return false;
	slash = strchr(n->text, '/');
	if (!read_addr(slash ? arena_strndup(r->arena, n->text,
					     (size_t)(slash - n->text))
			     : n->text,
		       p.addr, &v4)) {
		report_error(r, n->pos,
			     "\"%s\" is no IP address; write 10.0.0.7, "
			     "10.0.0.0/24, 2001:db8::7 or fe80::/64",
			     n->text);
		return false;
	}
	if (!read_bits(r, n, slash, v4, &bits))
		return false;
	p.bits = (uint8_t)bits;
	if (!cut_to(p.addr, bits)) {
		report_host_bits(r, n, p.addr, v4, slash);
		return false;
	}
	wrong = no_station(&p, v4);
	if (wrong) {
		report_error(r, n->pos, "\"%s\" %s", n->text, wrong);
		return false;
	}
	*out = p;
	return true;
}

bool value_address(struct report *r, const struct name *n,
		   struct sys_address *out)
{
	const char *slash = n->text ? strchr(n->text, '/') : NULL;
	const char *end, *text;
	uint64_t bits = 0;
	bool v4;

	if (!n->text)
		return false;
	text = slash ? arena_strndup(r->arena, n->text,
				     (size_t)(slash - n->text))
		     : "";
	v4 = inet_pton(AF_INET, text, out->addr) == 1;
	out->v6 = !v4;
	end = slash ? value_digits(slash + 1, 128, &bits) : NULL;
	out->bits = (uint8_t)bits;
	if ((v4 || inet_pton(AF_INET6, text, out->addr) == 1) && end &&
	    *end == '\0' && bits >= 1 && bits <= (v4 ? 32 : 128))
		return true;
	report_error(r, n->pos,
		     "\"%s\" is no address with the length of its prefix; "
		     "write 10.0.0.1/24 or fd00::1/64",
		     n->text);
	return false;
}

/* --- VLANs --------------------------------------------------------------- */

bool value_vlans(struct report *r, const struct name *n, uint64_t *first,
		 uint64_t *last)
{
	const char *end;
	uint64_t a, b;

	if (!n->text)
		return false;
	end = value_digits(n->text, POLICY_MAX_VLAN, &a);
	b = a;
	if (end && *end == '-')
		end = value_digits(end + 1, POLICY_MAX_VLAN, &b);
	if (!end || *end || !a || !b || a > POLICY_MAX_VLAN ||
	    b > POLICY_MAX_VLAN) {
		report_error(r, n->pos,
			     "\"%s\" is no VLAN; they are numbered 1 to %u, "
			     "and 10-20 is a range of them",
			     n->text, POLICY_MAX_VLAN);
		return false;
	}
	if (a > b) {
		report_error(r, n->pos,
			     "\"%s\" ends before it begins; write %" PRIu64
			     "-%" PRIu64,
			     n->text, b, a);
		return false;
	}
	*first = a;
	*last = b;
	return true;
}

bool value_vlan(struct report *r, const struct name *n, uint64_t *out)
{
	uint64_t first, last;

	if (!value_vlans(r, n, &first, &last))
		return false;
	if (first != last) {
		report_error(r, n->pos,
			     "\"%s\" is more than one VLAN; this is for one, "
			     "and a trunk for several: vlan trunk %s",
			     n->text, n->text);
		return false;
	}
	*out = first;
	return true;
}

/* --- rates --------------------------------------------------------------- */

bool value_per_second(struct report *r, const struct name *n, uint64_t max,
		      uint64_t *out)
{
	const char *end;
	uint64_t value;

	if (!n->text)
		return false;
	end = value_digits(n->text, max, &value);
	if (end && strcmp(end, "/s") == 0 && value >= 1 && value <= max) {
		*out = value;
		return true;
	}
	report_error(r, n->pos,
		     "\"%s\" does not say how often; write 1/s to %" PRIu64
		     "/s",
		     n->text, max);
	return false;
}

bool value_bits(struct report *r, const struct name *n, uint64_t min,
		uint64_t max, uint64_t *out)
{
	/* Rates of networks are counted in tens, unlike memory. */
	static const struct unit units[] = { { "bit", 1 },
					     { "kbit", 1000 },
					     { "mbit", 1000000 },
					     { "gbit", 1000000000 },
					     { NULL, 0 } };
	const struct measure bits = {
		"a rate",
		"bits, kilobits, megabits or gigabits a second, from 10kbit to "
		"100gbit: 10mbit",
		8 * min, 8 * max, units
	};
	uint64_t value;

	if (!value_number(r, n, &bits, &value))
		return false;
	*out = value / 8;
	return true;
}

/* --- words --------------------------------------------------------------- */

static bool read_hex(const char *text, uint64_t *out)
{
	size_t len = strspn(text + 2, "0123456789abcdefABCDEF");

	if (text[0] != '0' || text[1] != 'x' || !len || len > 16 ||
	    text[2 + len])
		return false;
	*out = strtoull(text + 2, NULL, 16);
	return true;
}

static bool read_ipv4(const char *text, uint64_t *out)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1)
		return false;
	*out = ntohl(addr.s_addr);
	return true;
}

bool value_word(struct report *r, const struct name *n, uint64_t *out)
{
	const char *end;
	uint64_t value;

	if (!n->text)
		return false;
	end = value_digits(n->text, INT64_MAX, &value);
	if (end && !*end && value <= INT64_MAX) {
		*out = value;
		return true;
	}
	if (read_hex(n->text, out) || read_ipv4(n->text, out) ||
	    value_mac(n->text, out))
		return true;
	report_error(r, n->pos,
		     "\"%s\" is no word of a policy; write a number up to "
		     "%" PRId64 ", or up to 0xffffffffffffffff, an IPv4 or a "
		     "MAC address",
		     n->text, INT64_MAX);
	return false;
}
