/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of the files that disks are in, and that no two guests have the
 * same bytes if one of them writes.
 */
#ifndef WEIR_CONFIG_DISK_FILES_H
#define WEIR_CONFIG_DISK_FILES_H

#include "config/lang/topology.h"

/* "disk data", for messages. */
const char *disk_called(struct topology *t, const struct topo_disk *disk);

/*
 * Looks at the files, fills in where in them disks are, and refuses what cannot
 * be, and what would be written behind another guest's back.  What @t->base has
 * is not looked at again.
 */
void disk_files(struct topology *t);

#endif
