/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* At most PIPE_BUF: a pipe takes it whole, or not at all. */
#define WHOLE_LINE 2048

/* Others share its open file, so its flags are not ours to change. */
static ssize_t put_shared(const char *line, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
		return -1;
	return write(STDERR_FILENO, line, len);
}

/*
 * Write without waiting for whoever reads it.  A pipe or terminal is opened
 * once more, because one that polls writable may have less room than a line
 * needs; a file is not, because it would have another offset.  Lines are few,
 * so none is kept for later.
 */
static bool put_line(const char *line, size_t len)
{
	ssize_t n = send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	struct stat st;
	int fd = -1;

	if (n >= 0 || errno != ENOTSOCK)
		return n == (ssize_t)len;
	if (fstat(STDERR_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
		fd = open("/proc/self/fd/2",
			  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return put_shared(line, len) == (ssize_t)len;
	n = write(fd, line, len);
	close(fd);
	return n == (ssize_t)len;
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
