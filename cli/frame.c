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

int frame_fail(struct frame_text *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->error, sizeof(f->error), format, args);
	va_end(args);
	return -1;
}

int frame_put(struct frame_text *f, const void *bytes, size_t n)
{
	if (n > FRAME_MAX - f->len)
		return frame_fail(f, "a frame of more than %u bytes",
				  FRAME_MAX);
	memcpy(f->bytes + f->len, bytes, n);
	f->len += n;
	return 0;
}

/* What a hex digit is worth, or -1. */
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
			return frame_fail(f,
					  "'%c' (character %td) is not a hex "
					  "digit",
					  *s, s - text + 1);
		if (low < 0)
			return frame_fail(f,
					  "a byte has two hex digits, but '%c' "
					  "(character %td) stands alone",
					  *s, s - text + 1);
		if (frame_put(f, &(uint8_t){ (uint8_t)(high * 16 + low) }, 1))
			return -1;
		s++;
	}
	return 0;
}

char *frame_to_hex(const struct frame_text *f)
{
	char *hex = xrealloc(NULL, f->len * 2 + 1);

	*hex = 0;
	for (size_t i = 0; i < f->len; i++)
		sprintf(hex + 2 * i, "%02x", f->bytes[i]);
	return hex;
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
		result = frame_fail(f, "this is not hex text; give binary "
				       "data as @FILE");
	else if (n == size - 1)
		result = frame_fail(f, "a frame of more than %u bytes",
				    FRAME_MAX);
	else
		result = frame_hex(f, text);
	free(text);
	return result;
}

static int read_binary(struct frame_text *f, FILE *in)
{
	uint8_t some[4096];
	size_t n;

	while ((n = fread(some, 1, sizeof(some), in)))
		if (frame_put(f, some, n))
			return -1;
	return 0;
}

int frame_read(struct frame_text *f, const char *path, bool hex)
{
	bool std = !strcmp(path, "-");
	FILE *in = std ? stdin : fopen(path, "rbe");
	int result;

	if (!in)
		return frame_fail(f, "cannot read %s: %s", path,
				  strerror(errno));
	errno = 0;
	result = hex ? read_hex(f, in) : read_binary(f, in);
	if (!result && ferror(in))
		result = frame_fail(f, "cannot read %s: %s",
				    std ? "standard input" : path,
				    strerror(errno));
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

/* A number, or one of the usual names. */
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

static int unknown_key(struct frame_text *f, const char *word, size_t n)
{
	static const char *const keys[] = { "dst", "src", "vlan", "type",
					    "len" };
	char *key = xasprintf("%.*s", (int)n, word);
	const char *meant = text_suggest(key, keys, 5);

	frame_fail(f,
		   "a frame has no %s=%s%s%s (there are dst, src, vlan, type "
		   "and len)",
		   key, meant ? "; did you mean " : "", meant ? meant : "",
		   meant ? "=?" : "");
	free(key);
	return -1;
}

int frame_key(struct frame_text *f, const char *word, struct frame_words *w)
{
	size_t n = strcspn(word, "=") + 1;
	const char *value = word + n;
	unsigned int vlan;

	if (!strncmp(word, "dst=", n)) {
		w->dst = value;
	} else if (!strncmp(word, "src=", n)) {
		w->src = value;
	} else if (!strncmp(word, "vlan=", n)) {
		if (number(value, 4095, &vlan))
			return frame_fail(f, "%s: a VLAN id is 0 to 4095",
					  word);
		w->vlan = (int)vlan;
	} else if (!strncmp(word, "type=", n)) {
		if (ethertype(value, &w->type))
			return frame_fail(
				f,
				"%s: an EtherType is a number such as 0x0800, "
				"or ipv4, ipv6, arp, lldp, vlan",
				word);
		w->has_type = true;
	} else if (!strncmp(word, "len=", n)) {
		if (number(value, FRAME_MAX, &w->len) || !w->len)
			return frame_fail(f,
					  "%s: a length is a number of bytes, "
					  "at most %u",
					  word, FRAME_MAX);
	} else {
		return unknown_key(f, word, n - 1);
	}
	return 0;
}

void frame_number(struct frame_text *f, unsigned int n, unsigned long value)
{
	while (n--)
		f->bytes[f->len++] = (uint8_t)(value >> 8 * n);
}

void frame_header(struct frame_text *f, const struct frame_words *w,
		  unsigned int type, const uint8_t dst[6], const uint8_t src[6])
{
	frame_put(f, dst, 6);
	frame_put(f, src, 6);
	if (w->vlan >= 0)
		frame_number(f, 4, 0x81000000ul | (unsigned)w->vlan);
	frame_number(f, 2, type);
}

int frame_pad(struct frame_text *f, unsigned int len)
{
	size_t all = len ? len : 60;

	if (len && len < f->len)
		return frame_fail(f,
				  "len=%u is less than the %zu bytes of the "
				  "headers; write a shorter frame in hex",
				  len, f->len);
	if (all > f->len) {
		memset(f->bytes + f->len, 0, all - f->len);
		f->len = all;
	}
	return 0;
}

int frame_build(struct frame_text *f, const struct frame_words *w,
		const uint8_t dst[6], const uint8_t src[6])
{
	frame_header(f, w, w->has_type ? w->type : 0x0800, dst, src);
	return frame_pad(f, w->len);
}

int frame_mac(const char *text, uint8_t mac[6])
{
	uint8_t bytes[FRAME_MAX];
	struct frame_text f = { .bytes = bytes };

	if (!strcmp(text, "broadcast")) {
		memset(mac, 0xff, 6);
		return 0;
	}
	if (strlen(text) > 17 || frame_hex(&f, text) || f.len != 6)
		return -1;
	memcpy(mac, bytes, 6);
	return 0;
}
