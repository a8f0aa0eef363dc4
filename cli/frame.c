/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See frame.h.  Nothing here knows what a frame should look like: a trace of a
 * runt or of nonsense is as good a question as any other.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/frame.h"
#include "cli/text.h"

/* Note what is wrong; always -1, to be returned. */
static int fail(struct frame_text *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int fail(struct frame_text *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->error, sizeof(f->error), format, args);
	va_end(args);
	return -1;
}

static int put(struct frame_text *f, const void *octets, size_t n)
{
	if (n > FRAME_MAX - f->len)
		return fail(f, "a frame of more than %u octets", FRAME_MAX);
	memcpy(f->octets + f->len, octets, n);
	f->len += n;
	return 0;
}

/* What a hex digit is worth; -1 if it is none. */
static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

int frame_hex(struct frame_text *f, const char *text)
{
	for (const char *s = text; *s; s++) {
		int high, low;

		if (isspace((unsigned char)*s) || strchr(":-.", *s))
			continue;
		high = digit(s[0]);
		low = digit(s[1]);
		if (high < 0)
			return fail(f, "'%c' (character %td) is no hex digit",
				    *s, s - text + 1);
		if (low < 0)
			return fail(f,
				    "an octet has two hex digits, but '%c' "
				    "(character %td) stands alone",
				    *s, s - text + 1);
		if (put(f, &(uint8_t){ (uint8_t)(high * 16 + low) }, 1))
			return -1;
		s++;
	}
	return 0;
}

/* Reads it whole before looking, so that a pair of digits is never split. */
static int read_hex(struct frame_text *f, FILE *in)
{
	size_t size = FRAME_MAX * 4 + 1; /* generous with blanks */
	char *text = xrealloc(NULL, size);
	size_t n = fread(text, 1, size - 1, in);
	int result;

	text[n] = 0;
	if (strlen(text) != n)
		result = fail(f, "this is no hex text; octets as they are go "
				 "by @FILE");
	else if (n == size - 1)
		result = fail(f, "a frame of more than %u octets", FRAME_MAX);
	else
		result = frame_hex(f, text);
	free(text);
	return result;
}

static int read_octets(struct frame_text *f, FILE *in)
{
	uint8_t some[4096];
	size_t n;

	while ((n = fread(some, 1, sizeof(some), in)))
		if (put(f, some, n))
			return -1;
	return 0;
}

int frame_read(struct frame_text *f, const char *path, bool hex)
{
	bool std = !strcmp(path, "-");
	FILE *in = std ? stdin : fopen(path, "rbe");
	int result;

	if (!in)
		return fail(f, "cannot read %s: %s", path, strerror(errno));
	errno = 0;
	result = hex ? read_hex(f, in) : read_octets(f, in);
	if (!result && ferror(in))
		result = fail(f, "cannot read %s: %s",
			      std ? "standard input" : path, strerror(errno));
	if (!std)
		fclose(in);
	return result;
}

/**
 * number - read an unsigned number, decimal or 0x
 *
 * Return: 0, or -1 if it is none or more than @max.
 */
static int number(const char *text, unsigned long max, unsigned int *out)
{
	char *end;
	unsigned long n;

	if (!isdigit((unsigned char)*text))
		return -1;
	errno = 0;
	n = strtoul(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	if (errno || *end || n > max)
		return -1;
	*out = (unsigned int)n;
	return 0;
}

/* A number, or one of the names people know. */
static int ethertype(const char *text, unsigned int *out)
{
	static const struct {
		const char *name;
		unsigned int type;
	} known[] = { { "ipv4", 0x0800 },
		      { "arp", 0x0806 },
		      { "ipv6", 0x86dd },
		      { "lldp", 0x88cc },
		      { "vlan", 0x8100 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(known[i].name, text)) {
			*out = known[i].type;
			return 0;
		}
	}
	return number(text, 0xffff, out);
}

enum key { KEY_DST, KEY_SRC, KEY_VLAN, KEY_TYPE, KEY_LEN, KEYS };

static const char *const keys[KEYS] = { "dst", "src", "vlan", "type", "len" };

/* Which key a word starts with, up to its '='; KEYS and an error if none. */
static enum key find_key(struct frame_text *f, const char *word)
{
	const char *meant;
	char *key;
	size_t n = strcspn(word, "=");
	enum key k = KEY_DST;

	while (k < KEYS && (strlen(keys[k]) != n || strncmp(keys[k], word, n)))
		k++;
	if (k < KEYS)
		return k;
	key = xasprintf("%.*s", (int)n, word);
	meant = text_suggest(key, keys, KEYS);
	fail(f, "there is no %s= to a frame%s%s%s (dst, src, vlan, type, len)",
	     key, meant ? "; did you mean " : "", meant ? meant : "",
	     meant ? "=?" : "");
	free(key);
	return KEYS;
}

int frame_key(struct frame_text *f, const char *word, struct frame_words *w)
{
	enum key key = find_key(f, word);
	const char *value = word + strcspn(word, "=") + 1;
	unsigned int vlan;

	switch (key) {
	case KEY_DST:
		w->dst = value;
		return 0;
	case KEY_SRC:
		w->src = value;
		return 0;
	case KEY_VLAN:
		if (number(value, 4095, &vlan))
			return fail(f, "%s: a VLAN id is 0 to 4095", word);
		w->vlan = (int)vlan;
		return 0;
	case KEY_TYPE:
		if (ethertype(value, &w->type))
			return fail(f,
				    "%s: an EtherType is a number such as "
				    "0x0800, or ipv4, ipv6, arp, lldp, vlan",
				    word);
		w->has_type = true;
		return 0;
	case KEY_LEN:
		if (number(value, FRAME_MAX, &w->len) || !w->len)
			return fail(f,
				    "%s: a length is a number of octets, at "
				    "most %u",
				    word, FRAME_MAX);
		return 0;
	case KEYS:
		break;
	}
	return -1;
}

/* In network byte order. */
static int put16(struct frame_text *f, unsigned int value)
{
	const uint8_t octets[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	return put(f, octets, 2);
}

int frame_build(struct frame_text *f, const struct frame_words *w,
		const uint8_t dst[6], const uint8_t src[6])
{
	unsigned int header = w->vlan < 0 ? 14 : 18;
	unsigned int len = w->len ? w->len : 60;

	if (len < header)
		return fail(f,
			    "len=%u is less than the %u octets of the "
			    "header alone; write a runt in hex",
			    len, header);
	if (put(f, dst, 6) || put(f, src, 6))
		return -1;
	if (w->vlan >= 0 && (put16(f, 0x8100) || put16(f, (unsigned)w->vlan)))
		return -1;
	if (put16(f, w->has_type ? w->type : 0x0800))
		return -1;
	memset(f->octets + f->len, 0, len - f->len);
	f->len = len;
	return 0;
}

int frame_mac(const char *text, uint8_t mac[6])
{
	uint8_t octets[FRAME_MAX];
	struct frame_text f = { .octets = octets };

	if (!strcmp(text, "broadcast")) {
		memset(mac, 0xff, 6);
		return 0;
	}
	if (strlen(text) > 17 || frame_hex(&f, text) || f.len != 6)
		return -1;
	memcpy(mac, octets, 6);
	return 0;
}
