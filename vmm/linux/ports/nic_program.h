/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The XDP program of a nic port with `xdp`.
 *
 * It gives each frame to the socket of the queue it came by.  It is written
 * instruction by instruction, so that no compiler for eBPF is needed, neither to
 * build weir nor to run it.  libxdp's own program would stay attached if weir
 * were killed.
 *
 * Behind veth, a sender may have left a VLAN tag beside the frame.  A longer
 * program asks the driver for it and puts it where it belongs.
 */
#ifndef WEIR_VMM_LINUX_PORTS_NIC_PROGRAM_H
#define WEIR_VMM_LINUX_PORTS_NIC_PROGRAM_H

#include "vmm/linux/error.h"

/**
 * nic_program_load - load it
 * @map:  of sockets, by queue
 * @veth: number of the interface if it is veth; 0: another kind
 *
 * Return: the program, or -1 with @err set.
 */
int nic_program_load(int map, int veth, struct error *err);

#endif
