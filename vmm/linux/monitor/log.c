/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* At most PIPE_BUF, for which a pipe that polls writable has room. */
#define WHOLE_LINE 2048

/* Write without waiting. Lines are few, so none is kept for later. */
static bool put_line(const char *line, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
		return false;
	return write(STDERR_FILENO, line, len) == (ssize_t)len;
}

/*
 * Is our standard error the journal's?  The environment says which file that
 * is.
 */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev;
	struct stat st;
	char *colon;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	dev = strtoull(stream, &colon, 10);
	return *colon == ':' && st.st_dev == dev &&
	       st.st_ino == strtoull(colon + 1, NULL, 10);
}

size_t log_prefix(char *out, size_t size, int level, bool journal,
		  const struct tm *t)
{
	static const char *const name[] = { "emergency", "alert",   "critical",
					    "error",	 "warning", "notice",
					    "info",	 "debug" };
	size_t len;

	level &= LOG_PRIMASK;
	if (journal)
		return (size_t)snprintf(out, size, "<%d>", level);
	len = strftime(out, size, "%Y-%m-%dT%H:%M:%S%z ", t);
	return len +
	       (size_t)snprintf(out + len, size - len, "%s ", name[level]);
}

/* What a line begins with. */
static size_t begin_line(char *line, size_t size, int level, const char *name)
{
	time_t now = time(NULL);
	struct tm t = { 0 };
	size_t len;

	localtime_r(&now, &t);
	len = log_prefix(line, size, level, is_journal(), &t);
	return len +
	       (size_t)snprintf(line + len, size - len, "weir: %s: ", name);
}

void monitor_log(int level, const char *name, const char *format, ...)
{
	/* Global, as standard error is. */
	static unsigned int lost;
	char line[WHOLE_LINE];
	va_list args;
	size_t len;

	if (lost > 0) {
		len = begin_line(line, sizeof(line), LOG_WARNING, name);
		len += (size_t)snprintf(line + len, sizeof(line) - len,
					"%u lines lost: standard error was "
					"full\n",
					lost);
		if (!put_line(line, len)) {
			lost++;
			return;
		}
		lost = 0;
	}
	len = begin_line(line, sizeof(line), level, name);
	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	len = strlen(line);
	line[len++] = '\n';
	if (!put_line(line, len))
		lost++;
}

void log_escape(char *out, size_t size, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (size_t i = 0; i < len && n + 5 <= size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = '\0';
}

bool log_limit_pass(struct log_limit *l, uint64_t now_ns, unsigned int *lost)
{
	*lost = 0;
	if (now_ns - l->since_ns >= LOG_WINDOW_NS) {
		*lost = l->lost;
		*l = (struct log_limit){ .since_ns = now_ns };
	}
	if (l->lines >= LOG_LINES) {
		l->lost++;
		return false;
	}
	l->lines++;
	return true;
}

bool monitor_log_may(const char *name, const char *who, struct log_limit *l,
		     uint64_t now_ns)
{
	unsigned int lost;

	if (!log_limit_pass(l, now_ns, &lost))
		return false;
	if (lost > 0)
		monitor_log(LOG_WARNING, name, "%s: %u more lines kept back",
			    who, lost);
	return true;
}

void log_lines_feed(struct log_lines *l, const char *data, size_t len,
		    void (*line)(void *arg, const char *text, size_t len),
		    void *arg)
{
	if (len == 0 && l->len > 0) {
		line(arg, l->text, l->len);
		l->len = 0;
	}
	for (size_t i = 0; i < len; i++) {
		if (data[i] == '\n') {
			line(arg, l->text, l->len);
			l->len = 0;
		} else if (l->len < sizeof(l->text)) {
			l->text[l->len++] = data[i];
		}
	}
}

const char *mac_text(uint64_t mac, char buf[MAC_TEXT])
{
	snprintf(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x",
		 (unsigned int)(mac >> 40 & 0xff),
		 (unsigned int)(mac >> 32 & 0xff),
		 (unsigned int)(mac >> 24 & 0xff),
		 (unsigned int)(mac >> 16 & 0xff),
		 (unsigned int)(mac >> 8 & 0xff), (unsigned int)(mac & 0xff));
	return buf;
}
