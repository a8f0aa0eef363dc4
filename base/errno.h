/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The error numbers ground floor functions return, negated.
 *
 * There is no <errno.h> down here.  The values are Linux's, so that a caller on
 * Linux can hand them to strerror(); where <errno.h> came first, its own stand.
 */
#ifndef WEIR_BASE_ERRNO_H
#define WEIR_BASE_ERRNO_H

#ifndef EINVAL
#define ENOENT 2
#define EEXIST 17
#define EINVAL 22
#define ENOSPC 28
#endif

#endif
