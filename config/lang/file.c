/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file is read to its end before anything looks at it, up to a bound.  Only
 * regular files are opened: a FIFO without a writer would hold up the compiler
 * for ever, and to open a device can do something to it.  Standard input is
 * open already and can be anything.
 *
 * It must be text.  Positions are counted in characters, messages quote what
 * the user wrote, and names end up in logs, in JSON and on terminals, so what
 * is not UTF-8, and what a terminal would obey, is kept out at the door.
 */
#include "config/lang/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Some editors put it before a text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* Bytes of the UTF-8 character at @p, 0 if there is none that is text. */
static size_t utf8(const unsigned char *p, size_t left)
{
	size_t len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

	if (len == 1)
		return 1;
	/* A stray continuation, an overlong form, or past U+10FFFF. */
	if (*p < 0xc2 || *p > 0xf4 || len > left)
		return 0;
	/* C1 control characters speak to terminals as well. */
	if (*p == 0xc2 && p[1] < 0xa0)
		return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/*
 * What is not text is refused as a whole: a binary file would give a thousand
 * messages, none of them true.
 */
static bool check_text(struct report *r, const char *text, size_t size,
		       struct pos at)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	for (size_t i = 0; i < size; i += len) {
		len = utf8(p + i, size - i);
		if (!len)
			return report_error(r, at,
					    "byte 0x%02x is not UTF-8 text; "
					    "save the file as UTF-8",
					    p[i]);
		if ((p[i] < ' ' && !strchr("\t\n\r", p[i])) || !p[i] ||
		    p[i] == 0x7f)
			return report_error(
				r, at,
				"byte 0x%02x is a control character, which no "
				"topology has; take it out, or is this another "
				"file?",
				p[i]);
		at.column++;
		if (p[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return true;
}

const char *file_kind(unsigned int mode)
{
	return S_ISDIR(mode)	? "a directory"
	       : S_ISFIFO(mode) ? "a FIFO or pipe"
	       : S_ISSOCK(mode) ? "a socket"
				: "a device";
}

/*
 * Open a regular file.  What @path names can change between the question and
 * open(2), which therefore does not block, and the question is asked again.
 *
 * Returns -1 with errno set, or @st saying what there is instead.
 */
static int open_regular(const char *path, struct stat *st)
{
	int fd;

	if (strcmp(path, "-") == 0)
		return STDIN_FILENO;
	if (stat(path, st) != 0 || !S_ISREG(st->st_mode))
		return -1;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Returns bytes in @buf, or -1 as open_regular(); one too many at most. */
static ssize_t load(const char *path, char *buf, struct stat *st)
{
	int fd = open_regular(path, st), error;
	ssize_t have = 0, n = -1;

	if (fd < 0)
		return -1;
	while (have <= (ssize_t)FILE_MAX_SIZE) {
		n = read(fd, buf + have, FILE_MAX_SIZE + 1 - (size_t)have);
		if (n > 0)
			have += n;
		else if (n == 0 || errno != EINTR)
			break;
	}
	error = errno;
	if (strcmp(path, "-") != 0)
		close(fd);
	errno = error;
	return n < 0 ? -1 : have;
}

static bool read_text(struct report *r, char *buf, struct pos asked,
		      struct pos begin, struct file *file)
{
	struct stat st = { .st_mode = S_IFREG };
	ssize_t size = load(file->path, buf, &st);
	size_t mark = strlen(BYTE_ORDER_MARK);

	if (size < 0 && !S_ISREG(st.st_mode))
		return report_error(r, asked,
				    "\"%s\" is %s, not a regular file; %s",
				    file->path, file_kind(st.st_mode),
				    asked.seq ? "include a file"
					      : "name a file, or pipe it to "
						"'weir check -' or 'weir run "
						"-'");
	if (size < 0)
		return report_error(r, asked, "cannot read \"%s\": %s",
				    file->path, strerror(errno));
	if ((size_t)size > FILE_MAX_SIZE)
		return report_error(r, asked,
				    "\"%s\" is larger than %zu KiB, which no "
				    "topology is; is it the right file?",
				    file->path, FILE_MAX_SIZE / 1024);
	if (!check_text(r, buf, (size_t)size, begin))
		return false;
	if (strncmp(buf, BYTE_ORDER_MARK, mark) != 0)
		mark = 0;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->size = (size_t)size - mark;
	file->text = arena_strndup(r->arena, buf + mark, file->size);
	return true;
}

bool file_read(struct report *r, const char *path, struct pos asked,
	       struct pos begin, struct file *file)
{
	char *buf = must_alloc(1, FILE_MAX_SIZE + 1);
	bool ok;

	*file = (struct file){ .path = path, .text = "" };
	ok = read_text(r, buf, asked, begin, file);
	free(buf);
	return ok;
}

bool file_given(struct report *r, const char *path, const char *text,
		size_t size, struct pos begin, struct file *file)
{
	*file = (struct file){ .path = path, .text = text, .size = size };
	if (size > FILE_MAX_SIZE)
		return report_error(r, begin, "the text is larger than %zu KiB",
				    FILE_MAX_SIZE / 1024);
	return check_text(r, text, size, begin);
}

bool file_same(const struct file *a, const struct file *b)
{
	return a->ino && a->ino == b->ino && a->dev == b->dev;
}

const char *file_beside(struct arena *a, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (*path == '/')
		return path;
	/* Only the first file can be standard input. */
	if (!slash)
		return strcmp(path, "-") == 0 ? "./-" : path;
	return arena_printf(a, "%.*s/%s", (int)(slash - file), file, path);
}

const char *file_absolute(struct arena *a, const char *file, const char *path)
{
	const char *beside = file_beside(a, file, path);
	const char *absolute;
	char *here;

	if (*beside == '/')
		return beside;
	here = getcwd(NULL, 0);
	if (!here)
		return NULL;
	absolute =
		arena_printf(a, "%s/%s", strcmp(here, "/") ? here : "", beside);
	free(here);
	return absolute;
}
