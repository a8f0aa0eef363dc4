/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every function here follows one pattern: read, and if what was read is not
 * good, one message with what is wrong and what would be right.  The library's
 * strtoul() and friends take signs, spaces and other bases and wrap silently,
 * so digits are read by hand.
 */
#include "config/lang/value.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "base/frame.h"
#include "config/lang/file.h"

#define U(x) ((unsigned char)(x))

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *value_digits(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;

	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		n = n > (max - digit) / 10 ? max + 1 : n * 10 + digit;
		if (n > max)
			n = max + 1;
	}
	*out = n;
	return text;
}

/* Digits that may be preceded by "-", which is then out of range. */
static const char *number(const char *text, uint64_t max, uint64_t *out)
{
	const char *end;

	if (*text != '-')
		return value_digits(text, max, out);
	end = value_digits(text + 1, max, out);
	*out = max + 1;
	return end;
}

static const struct unit *find_unit(const struct measure *m, const char *text)
{
	static const struct unit one[] = { { "", 1 }, { NULL, 0 } };
	const struct unit *unit = m->units ? m->units : one;

	while (unit->text && strcmp(unit->text, text) != 0)
		unit++;
	return unit->text ? unit : NULL;
}

bool value_number(struct report *r, const struct name *n,
		  const struct measure *m, uint64_t *out)
{
	const struct unit *unit;
	const char *end, *quote;
	uint64_t value;

	if (!n->text)
		return false;
	end = number(n->text, m->max, &value);
	unit = end ? find_unit(m, end) : NULL;
	if (unit && value <= m->max / unit->value &&
	    value * unit->value >= m->min) {
		*out = value * unit->value;
		return true;
	}
	quote = unit ? "" : "\"";
	end = arena_printf(r->arena, "%s%s%s is %s %s", quote, n->text, quote,
			   unit ? "out of range for" : "not", m->what);
	if (m->units)
		report_error(r, n->pos, "%s; write %s", end, m->like);
	else
		report_error(r, n->pos,
			     "%s; %" PRIu64 " to %" PRIu64 " %s are possible",
			     end, m->min, m->max, m->like);
	return false;
}

/* --- addresses ----------------------------------------------------------- */

static int hex(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool value_mac(const char *text, uint64_t *mac)
{
	*mac = 0;
	if (strlen(text) != 17)
		return false;
	for (int i = 0; i < 17; i++) {
		if (i % 3 == 2 ? text[i] != ':' : hex(text[i]) < 0)
			return false;
		if (i % 3 != 2)
			*mac = *mac << 4 | (uint64_t)hex(text[i]);
	}
	return true;
}

bool value_station(struct report *r, const struct name *n, uint64_t *out)
{
	const char *wrong = NULL;
	uint64_t mac;

	if (!n->text)
		return false;
	if (!value_mac(n->text, &mac))
		wrong = "is not a MAC address";
	else if (mac_is_group(mac))
		wrong = "is a group address, which no frame may come from";
	else if (!mac)
		wrong = "is no station's address";
	if (wrong) {
		report_error(r, n->pos,
			     "\"%s\" %s; write one station's, such as "
			     "02:00:00:00:00:01",
			     n->text, wrong);
		return false;
	}
	*out = mac;
	return true;
}

/* "DDDD:BB:DD.F" in lower case, as in /sys/bus/pci/devices. */
static bool is_pci(const char *text)
{
	static const char form[] = "hhhh:hh:hh.h";

	if (strlen(text) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++) {
		if (form[i] == 'h' ? hex(text[i]) < 0 ||
					     (text[i] >= 'A' && text[i] <= 'F')
				   : text[i] != form[i])
			return false;
	}
	/* 32 devices of 8 functions. */
	return hex(text[8]) < 2 && hex(text[11]) < 8;
}

bool value_pci(struct report *r, const struct name *n)
{
	char *meant;

	if (!n->text)
		return false;
	if (is_pci(n->text))
		return true;
	/* The two ways in which people write it otherwise. */
	meant = arena_printf(r->arena, "%s%s",
			     strlen(n->text) == 7 ? "0000:" : "", n->text);
	for (char *c = meant; *c; c++) {
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	}
	if (is_pci(meant))
		report_error(r, n->pos,
			     "\"%s\" is not how Linux writes a PCI address; "
			     "did you mean \"%s\"?",
			     n->text, meant);
	else
		report_error(r, n->pos,
			     "\"%s\" is no PCI address; write domain, bus, "
			     "device and function as lspci -D shows them: "
			     "\"0000:00:03.0\"",
			     n->text);
	return false;
}

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

bool value_loopback(struct report *r, const struct name *n,
		    const char **address, uint16_t *port)
{
	const char *host, *digit, *end = NULL;
	uint64_t number = 0;

	if (!n->text)
		return false;
	host = split_host(r->arena, n->text, &digit);
	if (host)
		end = value_digits(digit, 65535, &number);
	if (!end || *end || number < 1 || number > 65535) {
		report_error(r, n->pos,
			     "\"%s\" is not an address and port; write "
			     "\"127.0.0.1:5000\" or \"[::1]:5000\"",
			     n->text);
		return false;
	}
	if (!is_loopback(host, n->text[0] == '[')) {
		report_error(r, n->pos,
			     "\"%s\" is not a loopback address; a socket port "
			     "is not protected, so it stays on this machine: "
			     "127.0.0.1 or [::1]",
			     host);
		return false;
	}
	*address = host;
	*port = (uint16_t)number;
	return true;
}

/* --- names and paths ----------------------------------------------------- */

static const char *bad_char(const char *text)
{
	for (; *text; text++) {
		if (!is_letter(*text) && !is_digit(*text) && *text != '_' &&
		    *text != '-')
			return text;
	}
	return NULL;
}

/* Octets of the character at @p, for quoting it. */
static int char_len(const char *p)
{
	int len = 1;

	while ((U(p[len]) & 0xc0) == 0x80)
		len++;
	return len;
}

bool value_identifier(struct report *r, const struct name *n, const char *what)
{
	const char *bad;

	if (!n->text)
		return false;
	bad = bad_char(n->text);
	if (bad)
		report_error(r, n->pos,
			     "\"%.*s\" cannot be in the name of a %s (\"%s\"); "
			     "letters, digits, \"_\" and \"-\" can",
			     char_len(bad), bad, what, n->text);
	else if (!is_letter(n->text[0]))
		report_error(r, n->pos,
			     "the name of a %s begins with a letter, not as "
			     "\"%s\" does",
			     what, n->text);
	else if (strlen(n->text) >= SYS_SHORT)
		report_error(r, n->pos,
			     "the name \"%s\" has %zu characters; a %s may "
			     "have %d",
			     n->text, strlen(n->text), what, SYS_SHORT - 1);
	else
		return true;
	return false;
}

/* As the kernel's dev_valid_name(), and no "%d" pattern. */
bool value_interface(struct report *r, const struct name *n)
{
	const char *s = n->text;

	if (!s)
		return false;
	if (!*s)
		report_error(r, n->pos, "the interface needs a name");
	else if (strlen(s) >= SYS_IFNAME)
		report_error(r, n->pos,
			     "interface name \"%s\" has %zu characters; Linux "
			     "allows %d: choose a shorter one",
			     s, strlen(s), SYS_IFNAME - 1);
	else if (strpbrk(s, "/:% \t"))
		report_error(r, n->pos,
			     "interface name \"%s\" has a \"%c\" in it, which "
			     "Linux does not allow",
			     s, *strpbrk(s, "/:% \t"));
	else if (strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		report_error(r, n->pos,
			     "\"%s\" cannot be the name of an interface", s);
	else
		return true;
	return false;
}

bool value_netns(struct report *r, const struct name *n)
{
	const char *s = n->text;

	if (!s)
		return false;
	if (!*s || strchr(s, '/') || strcmp(s, ".") == 0 ||
	    strcmp(s, "..") == 0) {
		report_error(r, n->pos,
			     "\"%s\" is not the name of a network namespace; "
			     "write it as \"ip netns\" lists it",
			     s);
		return false;
	}
	return value_path(r, n, 200, "a file in /run/netns");
}

bool value_path(struct report *r, const struct name *n, size_t max,
		const char *why)
{
	if (!n->text)
		return false;
	if (!*n->text) {
		report_error(r, n->pos, "the path is empty");
		return false;
	}
	if (strlen(n->text) > max) {
		report_error(
			r, n->pos,
			"the path has %zu characters; %s allows %zu: choose a "
			"shorter one",
			strlen(n->text), why, max);
		return false;
	}
	return true;
}

struct name value_file(struct report *r, const struct name *n)
{
	struct name file = { .pos = n->pos };
	const char *found;

	if (!value_path(r, n, SYS_PATH - 1, "weir"))
		return file;
	found = file_absolute(r->arena, n->pos.file, n->text);
	if (!found)
		report_error(r, n->pos,
			     "the current folder cannot be told, to which "
			     "\"%s\" is relative; write the whole path",
			     n->text);
	else if (strlen(found) >= SYS_PATH)
		report_error(r, n->pos,
			     "\"%s\" is relative to this file's folder, and "
			     "has %zu characters with it; weir allows %d",
			     n->text, strlen(found), SYS_PATH - 1);
	else
		file.text = found;
	return file;
}
