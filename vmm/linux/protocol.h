/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The version of the control protocol (docs/control.md), which both of its ends
 * are built with.
 */
#ifndef WEIR_VMM_LINUX_PROTOCOL_H
#define WEIR_VMM_LINUX_PROTOCOL_H

/**
 * CONTROL_PROTOCOL - in each reply, as "protocol"
 *
 * It becomes another number when a member goes away or means something else.
 * New members change nothing: readers ignore those they do not know.
 */
#define CONTROL_PROTOCOL 2

#endif
