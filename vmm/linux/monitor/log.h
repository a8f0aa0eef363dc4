/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's log: lines on standard error.
 *
 *	2026-11-29T15:08:27+0100 notice weir: home: running
 *	2026-11-29T15:08:31+0100 notice weir: home: sw0.alice: it is down
 *
 * systemd's journal adds the time; a line for it begins with the severity, as
 * in sd-daemon(3): "<5>weir: home: running".
 *
 * Many lines come from PDs, which deal with hostile peers.  These lines are cut
 * to a maximum length, control and non-ASCII characters are escaped (a terminal
 * might obey them), and each PD has an allowance of lines a second.
 *
 * A reader of our standard error may stop reading.  A line that cannot be
 * written at once is dropped and counted; the monitor never waits.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_LOG_H
#define WEIR_VMM_LINUX_MONITOR_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>
#include <time.h>

/* Lines a PD (or a socket) may have logged in one second. */
#define LOG_LINES 20u
#define LOG_WINDOW_NS 1000000000ull
/* Bytes of a PD's line that are kept. */
#define LOG_LINE_MAX 400u

/**
 * monitor_log - write one line
 * @level: LOG_ERR: a failure or a hostile act; LOG_WARNING: may need attention;
 *         LOG_NOTICE: lines of PDs, and what a user asked for; LOG_INFO:
 *         clients that attach and leave
 * @name:  the instance
 */
void monitor_log(int level, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * log_prefix - what a line begins with
 * @out:     out: time and severity, or what the journal wants
 * @size:    bytes at @out, at least 64
 * @level:   LOG_ERR, ...
 * @journal: it goes there
 * @t:       the time
 *
 * Return: bytes at @out.
 */
size_t log_prefix(char *out, size_t size, int level, bool journal,
		  const struct tm *t);

/**
 * log_escape - make text safe for a terminal
 * @out:  out: NUL-terminated, cut to fit
 * @size: bytes at @out, at least 5
 * @text: anything
 * @len:  its bytes
 */
void log_escape(char *out, size_t size, const char *text, size_t len);

/* An allowance of lines a second; all zero at the start. */
struct log_limit {
	uint64_t since_ns;  /* when this second began */
	unsigned int lines; /* passed in it */
	unsigned int lost;  /* dropped in it */
};

/**
 * log_limit_pass - may another line be logged?
 * @l:      in/out
 * @now_ns: the time; never less than at an earlier call
 * @lost:   out: lines dropped before, to be reported first
 */
bool log_limit_pass(struct log_limit *l, uint64_t now_ns, unsigned int *lost);

/**
 * monitor_log_may - the same, and report dropped lines at once
 * @name: the instance
 * @who:  whose allowance it is
 */
bool monitor_log_may(const char *name, const char *who, struct log_limit *l,
		     uint64_t now_ns);

/* Assembles lines from pieces; all zero at the start. */
struct log_lines {
	char text[LOG_LINE_MAX]; /* of the line so far */
	size_t len;		 /* bytes of @text */
};

/**
 * log_lines_feed - add a piece
 * @l:    in/out
 * @data: anything; 0 bytes end an unfinished line
 * @line: called for each line; @text is not NUL-terminated
 */
void log_lines_feed(struct log_lines *l, const char *data, size_t len,
		    void (*line)(void *arg, const char *text, size_t len),
		    void *arg);

/* "02:00:00:00:00:07" with its NUL. */
#define MAC_TEXT 18

/**
 * mac_text - a MAC address for a person
 * @buf: out
 */
const char *mac_text(uint64_t mac, char buf[MAC_TEXT]);

#endif
