/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers, names and paths.  strtoul() and friends take signs, spaces and other
 * bases and wrap silently, so digits are read by hand.
 */
#include "config/lang/value.h"

#include <inttypes.h>
#include <string.h>

#include "config/lang/file.h"

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

const char *value_digits(const char *text, uint64_t max, uint64_t *out)
{
	const char *end = text + strspn(text, DIGITS);
	uint64_t n = 0;

	if (end == text)
		return NULL;
	for (; text < end; text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		n = n > max / 10 || n * 10 + digit > max ? max + 1
							 : n * 10 + digit;
	}
	*out = n;
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

bool value_number(struct topology *t, const struct name *n,
		  const struct measure *m, uint64_t *out)
{
	bool minus = *n->text == '-';
	const struct unit *unit;
	const char *end, *quote;
	uint64_t value;

	end = value_digits(n->text + minus, m->max, &value);
	unit = end ? find_unit(m, end) : NULL;
	if (unit && !minus && value <= m->max / unit->value &&
	    value * unit->value >= m->min) {
		*out = value * unit->value;
		return true;
	}
	quote = unit ? "" : "\"";
	end = arena_printf(t->arena, "%s%s%s is %s %s", quote, n->text, quote,
			   unit ? "out of range for" : "not", m->what);
	if (m->units)
		return wrong(t, n->pos, "%s; write %s", end, m->like);
	return wrong(t, n->pos,
		     "%s; %" PRIu64 " to %" PRIu64 " %s are possible", end,
		     m->min, m->max, m->like);
}

bool value_range(struct topology *t, const struct name *n,
		 const struct measure *m, uint64_t *first, uint64_t *last)
{
	const char *end;
	uint64_t a = 0, b;

	end = value_digits(n->text, m->max, &a);
	b = a;
	if (end && *end == '-')
		end = value_digits(end + 1, m->max, &b);
	if (!end || *end || a < m->min || b < m->min || a > m->max ||
	    b > m->max)
		return wrong_value(t, n,
				   "is no %s; they are numbered %" PRIu64
				   " to %" PRIu64 ", and 10-20 is a range of "
				   "them",
				   m->what, m->min, m->max);
	if (a > b)
		return wrong_value(t, n,
				   "ends before it begins; write %" PRIu64
				   "-%" PRIu64,
				   b, a);
	*first = a;
	*last = b;
	return true;
}

/* --- names --------------------------------------------------------------- */

/* Bytes of the character at @p, for quoting it. */
static int char_len(const char *p)
{
	int len = 1;

	while (((unsigned char)p[len] & 0xc0) == 0x80)
		len++;
	return len;
}

bool value_identifier(struct topology *t, const struct name *n,
		      const char *what)
{
	const char *bad;

	if (!n->text)
		return false;
	bad = n->text + strspn(n->text, LETTERS DIGITS "_-");
	if (*bad)
		return wrong(t, n->pos,
			     "\"%.*s\" cannot be in the name of a %s (\"%s\"); "
			     "letters, digits, \"_\" and \"-\" can",
			     char_len(bad), bad, what, n->text);
	if (!strspn(n->text, LETTERS))
		return wrong(t, n->pos,
			     "the name of a %s begins with a letter, not as "
			     "\"%s\" does",
			     what, n->text);
	if (strlen(n->text) >= SYS_SHORT)
		return wrong(t, n->pos,
			     "the name \"%s\" has %zu characters; a %s may "
			     "have %d",
			     n->text, strlen(n->text), what, SYS_SHORT - 1);
	return true;
}

static bool is_dots(const char *s)
{
	return strcmp(s, ".") == 0 || strcmp(s, "..") == 0;
}

/* As the kernel's dev_valid_name(), and no "%d" pattern. */
bool value_interface(struct topology *t, const struct name *n)
{
	const char *s = n->text;

	if (!*s)
		return wrong(t, n->pos, "the interface needs a name");
	if (strlen(s) >= SYS_IFNAME)
		return wrong(t, n->pos,
			     "interface name \"%s\" has %zu characters; Linux "
			     "allows %d: choose a shorter one",
			     s, strlen(s), SYS_IFNAME - 1);
	if (strpbrk(s, "/:% \t"))
		return wrong(t, n->pos,
			     "interface name \"%s\" has a \"%c\" in it, which "
			     "Linux does not allow",
			     s, *strpbrk(s, "/:% \t"));
	if (is_dots(s))
		return wrong_value(t, n, "cannot be the name of an interface");
	return true;
}

bool value_netns(struct topology *t, const struct name *n)
{
	if (!*n->text || strchr(n->text, '/') || is_dots(n->text))
		return wrong_value(t, n,
				   "is not the name of a network namespace; "
				   "write it as \"ip netns\" lists it");
	return value_path(t, n, 200, "a file in /run/netns");
}

/* --- paths --------------------------------------------------------------- */

bool value_path(struct topology *t, const struct name *n, size_t max,
		const char *why)
{
	if (!*n->text)
		return wrong(t, n->pos, "the path is empty");
	if (strlen(n->text) > max)
		return wrong(t, n->pos,
			     "the path has %zu characters; %s allows %zu: "
			     "choose a shorter one",
			     strlen(n->text), why, max);
	return true;
}

struct name value_file(struct topology *t, const struct name *n)
{
	struct name file = { .pos = n->pos };
	const char *found;

	if (!value_path(t, n, SYS_PATH - 1, "weir"))
		return file;
	found = file_absolute(t->arena, n->pos.file, n->text);
	if (!found)
		wrong(t, n->pos,
		      "the current folder cannot be told, to which \"%s\" is "
		      "relative; write the whole path",
		      n->text);
	else if (strlen(found) >= SYS_PATH)
		wrong_value(t, n,
			    "is relative to this file's folder, and has %zu "
			    "characters with it; weir allows %d",
			    strlen(found), SYS_PATH - 1);
	else
		file.text = found;
	return file;
}
