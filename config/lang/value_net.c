/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, VLANs, rates, and the words of a user's own policy.
 */
#include "config/lang/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"

/* --- MAC and PCI addresses ------------------------------------------------ */

/* Is a text of this form, with a hexadecimal digit for each "h"? */
static bool has_form(const char *text, const char *form)
{
	for (; *form &&
	       (*form == 'h' ? isxdigit((unsigned char)*text) : *text == *form);
	     form++)
		text++;
	return !*form && !*text;
}

static bool read_mac(const char *text, uint64_t *mac)
{
	if (!has_form(text, "hh:hh:hh:hh:hh:hh"))
		return false;
	*mac = 0;
	for (size_t i = 0; i < 6; i++)
		*mac = *mac << 8 | strtoul(text + 3 * i, NULL, 16);
	return true;
}

bool value_station(struct topology *t, const struct name *n, uint64_t *out)
{
	const char *wrong = NULL;
	uint64_t mac;

	if (!read_mac(n->text, &mac))
		wrong = "is not a MAC address";
	else if (mac_is_group(mac))
		wrong = "is a group address, which no frame may come from";
	else if (!mac)
		wrong = "is no station's address";
	if (wrong)
		return wrong_value(t, n,
				   "%s; write one station's, such as "
				   "02:00:00:00:00:01",
				   wrong);
	*out = mac;
	return true;
}

/* In lower case, as in /sys/bus/pci/devices; 32 devices of 8 functions. */
static bool is_pci(const char *text)
{
	return has_form(text, "hhhh:hh:hh.h") && !strpbrk(text, "ABCDEF") &&
	       text[8] <= '1' && text[11] <= '7';
}

bool value_pci(struct topology *t, const struct name *n)
{
	char *meant;

	if (is_pci(n->text))
		return true;
	/* The two ways in which people write it otherwise. */
	meant = arena_printf(t->arena, "%s%s",
			     strlen(n->text) == 7 ? "0000:" : "", n->text);
	for (char *c = meant; *c; c++) {
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	}
	if (is_pci(meant))
		return wrong_value(t, n,
				   "is not how Linux writes a PCI address; did "
				   "you mean \"%s\"?",
				   meant);
	return wrong_value(t, n,
			   "is no PCI address; write domain, bus, device and "
			   "function as lspci -D shows them: \"0000:00:03.0\"");
}

/* --- loopback addresses --------------------------------------------------- */

static bool is_loopback(const char *host, bool brackets)
{
	struct in6_addr six;
	struct in_addr four;

	if (brackets)
		return inet_pton(AF_INET6, host, &six) == 1 &&
		       IN6_IS_ADDR_LOOPBACK(&six);
	return inet_pton(AF_INET, host, &four) == 1 &&
	       (ntohl(four.s_addr) >> 24) == 127;
}

/* The host of "HOST:PORT" or "[HOST]:PORT"; NULL if it is neither. */
static const char *split_host(struct arena *a, const char *text,
			      const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	if (!colon || colon == text)
		return NULL;
	*port = colon + 1;
	len = (size_t)(colon - text);
	if (text[0] == '[' && text[len - 1] == ']')
		return arena_strndup(a, text + 1, len - 2);
	return memchr(text, ':', len) ? NULL : arena_strndup(a, text, len);
}

bool value_loopback(struct topology *t, const struct name *n,
		    const char **address, uint16_t *port)
{
	const char *host, *digit, *end = NULL;
	uint64_t number = 0;

	host = split_host(t->arena, n->text, &digit);
	if (host)
		end = value_digits(digit, 65535, &number);
	if (!end || *end || number < 1 || number > 65535)
		return wrong_value(t, n,
				   "is not an address and port; write "
				   "\"127.0.0.1:5000\" or \"[::1]:5000\"");
	if (!is_loopback(host, n->text[0] == '['))
		return wrong(t, n->pos,
			     "\"%s\" is not a loopback address; a socket port "
			     "is not protected, so it stays on this machine: "
			     "127.0.0.1 or [::1]",
			     host);
	*address = host;
	*port = (uint16_t)number;
	return true;
}

/* --- IP addresses -------------------------------------------------------- */

/* IPv4 addresses are ::ffff:a.b.c.d: this many bytes come before them. */
#define MAPPED 12
#define MAPPED_BITS (8 * MAPPED)

static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

/*
 * Reads an address up to @slash, or to its end without one.
 * @v4: how it is written
 */
static bool read_addr(struct arena *a, const char *text, const char *slash,
		      uint8_t addr[16], bool *v4)
{
	if (slash)
		text = arena_strndup(a, text, (size_t)(slash - text));
	*v4 = !strchr(text, ':');
	memcpy(addr, mapped, MAPPED);
	return inet_pton(*v4 ? AF_INET : AF_INET6, text,
			 *v4 ? addr + MAPPED : addr) == 1;
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

/* Does a prefix hold all of IPv4? */
static bool holds_v4(const struct policy_prefix *p)
{
	uint8_t head[16];

	memcpy(head, mapped, sizeof(head));
	cut_to(head, p->bits);
	return p->bits <= MAPPED_BITS && memcmp(head, p->addr, 16) == 0;
}

/* Why nobody can send from there, or NULL. */
static const char *no_station(const struct policy_prefix *p, bool v4)
{
	const uint8_t *addr = p->addr, *four = addr + MAPPED;
	bool is_mapped = memcmp(addr, mapped, MAPPED) == 0;

	if (v4 ? p->bits >= MAPPED_BITS + 4 && four[0] >> 4 == 0xe
	       : p->bits >= 8 && addr[0] == 0xff)
		return "is a multicast address, from which nobody sends";
	if (v4 && p->bits == 128 && memcmp(four, "\xff\xff\xff\xff", 4) == 0)
		return "is the broadcast address, from which nobody sends";
	if (!v4 && p->bits > MAPPED_BITS && is_mapped)
		return "is an IPv4 address in disguise; write it as one";
	if (!v4 && holds_v4(p))
		return "takes in all of IPv4 as well; write the ranges that "
		       "are meant, such as 2000::/3, fc00::/7, fe80::/10";
	if (p->bits == 128 && memcmp(four, "\0\0\0", 4) == 0 &&
	    (v4 || memcmp(addr, (uint8_t[MAPPED]){ 0 }, MAPPED) == 0))
		return "is the address of those who have none, which a locked "
		       "port may use where that is right anyway";
	return NULL;
}

static bool refuse_host_bits(struct topology *t, const struct name *n,
			     const uint8_t head[16], bool v4, const char *slash)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? head + MAPPED : head, text,
		  sizeof(text));
	return wrong_value(t, n,
			   "has bits set behind the first %s; the prefix is "
			   "%s%s, the address alone %.*s",
			   slash + 1, text, slash, (int)(slash - n->text),
			   n->text);
}

bool value_prefix(struct topology *t, const struct name *n,
		  struct policy_prefix *out)
{
	struct policy_prefix p = { 0 };
	const char *slash, *end, *wrong;
	uint64_t most, bits;
	bool v4;

	slash = strchr(n->text, '/');
	if (!read_addr(t->arena, n->text, slash, p.addr, &v4))
		return wrong_value(t, n,
				   "is no IP address; write 10.0.0.7, "
				   "10.0.0.0/24, 2001:db8::7 or fe80::/64");
	bits = most = v4 ? 32 : 128;
	end = slash ? value_digits(slash + 1, most, &bits) : "";
	if (!end || *end || bits > most)
		return wrong(t, n->pos,
			     "\"%s\" is no length of an %s prefix, as in "
			     "\"%s\"; /0 to /%" PRIu64 " are possible",
			     slash, v4 ? "IPv4" : "IPv6", n->text, most);
	p.bits = (uint8_t)(bits + (v4 ? MAPPED_BITS : 0));
	if (!cut_to(p.addr, p.bits))
		return refuse_host_bits(t, n, p.addr, v4, slash);
	wrong = no_station(&p, v4);
	if (wrong)
		return wrong_value(t, n, "%s", wrong);
	*out = p;
	return true;
}

bool value_address(struct topology *t, const struct name *n,
		   struct sys_address *out)
{
	const char *slash = strchr(n->text, '/'), *end;
	uint8_t addr[16];
	uint64_t bits = 0;
	bool v4 = false;

	end = slash ? value_digits(slash + 1, 128, &bits) : NULL;
	if (!end || *end || !bits ||
	    !read_addr(t->arena, n->text, slash, addr, &v4) ||
	    bits > (v4 ? 32 : 128))
		return wrong_value(t, n,
				   "is no address with the length of its "
				   "prefix; write 10.0.0.1/24 or fd00::1/64");
	memcpy(out->addr, v4 ? addr + MAPPED : addr, v4 ? 4 : 16);
	out->v6 = !v4;
	out->bits = (uint8_t)bits;
	return true;
}

/* --- VLANs --------------------------------------------------------------- */

bool value_vlans(struct topology *t, const struct name *n, uint64_t *first,
		 uint64_t *last)
{
	static const struct measure vlans = { "VLAN", NULL, 1, POLICY_MAX_VLAN,
					      NULL };

	return value_range(t, n, &vlans, first, last);
}

bool value_vlan(struct topology *t, const struct name *n, uint64_t *out)
{
	uint64_t first = 0, last = 0;

	if (!value_vlans(t, n, &first, &last))
		return false;
	if (first != last)
		return wrong_value(t, n,
				   "is more than one VLAN; this is for one, "
				   "and a trunk for several: vlan trunk %s",
				   n->text);
	*out = first;
	return true;
}

/* --- rates and words ------------------------------------------------------ */

bool value_per_second(struct topology *t, const struct name *n, uint64_t max,
		      uint64_t *out)
{
	const char *end;
	uint64_t value;

	end = value_digits(n->text, max, &value);
	if (!end || strcmp(end, "/s") != 0 || value < 1 || value > max)
		return wrong_value(t, n,
				   "does not say how often; write 1/s to "
				   "%" PRIu64 "/s",
				   max);
	*out = value;
	return true;
}

bool value_word(struct topology *t, const struct name *n, uint64_t *out)
{
	const char *text = n->text, *end;
	struct in_addr addr;
	uint64_t value;

	end = value_digits(text, INT64_MAX, &value);
	if (end && !*end && value <= INT64_MAX) {
		*out = value;
		return true;
	}
	if (read_mac(text, out))
		return true;
	if (inet_pton(AF_INET, text, &addr) == 1) {
		*out = ntohl(addr.s_addr);
		return true;
	}
	if (strncmp(text, "0x", 2) == 0 && text[2] && strlen(text) <= 18 &&
	    !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")]) {
		*out = strtoull(text, NULL, 16);
		return true;
	}
	return wrong_value(t, n,
			   "is no word of a policy; write a number up to "
			   "%" PRId64 ", or up to 0xffffffffffffffff, an IPv4 "
			   "or a MAC address",
			   INT64_MAX);
}
