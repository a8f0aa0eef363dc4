/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading topology files: whole, bounded, and text only.
 */
#ifndef WEIR_CONFIG_FILE_H
#define WEIR_CONFIG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/lang/report.h"

/* A topology of that size has thousands of ports; more is some other file. */
#define FILE_MAX_SIZE ((size_t)256 * 1024)

/* A file read: its path as the user knows it, and which file it really is. */
struct file {
	const char *path;
	const char *text;
	size_t size;
	dev_t dev;
	ino_t ino; /* 0 for standard input */
};

/**
 * file_read - read a file and see that it is text
 * @path:  "-" is standard input
 * @asked: where a file that cannot be read is reported
 * @begin: position of its first character
 *
 * Return: false if that failed, which has been reported.
 */
bool file_read(struct report *r, const char *path, struct pos asked,
	       struct pos begin, struct file *file);
/* Likewise, with a text that is there already, for as long as the file is. */
bool file_given(struct report *r, const char *path, const char *text,
		size_t size, struct pos begin, struct file *file);

/* What a file is that is not regular, by the mode of stat(2): "a FIFO". */
const char *file_kind(unsigned int mode);

/* Are two files one? */
bool file_same(const struct file *a, const struct file *b);
/* A path as seen from another file's folder. */
const char *file_beside(struct arena *a, const char *file, const char *path);
/*
 * Likewise, from the root on.  Nothing is looked up: "." and ".." stay, and the
 * file need not exist.  NULL if the current folder cannot be told.
 */
const char *file_absolute(struct arena *a, const char *file, const char *path);

#endif
