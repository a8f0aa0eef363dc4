/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queries and settings of a network interface.
 *
 * Most are ioctl(2) calls on a socket made in the interface's namespace.  It is
 * a Unix socket, because the kernel accepts these requests on any family, so a
 * guest's kernel needs no Internet protocols.
 *
 * Functions return 0 or negative errno, unless they say otherwise.
 */
#ifndef WEIR_HOSTNET_IFACE_H
#define WEIR_HOSTNET_IFACE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * iface_socket - a socket for the other calls, of the namespace we are in
 *
 * Return: the socket, or negative errno.
 */
int iface_socket(void);

/**
 * iface_index - number of an interface
 * @sock: from iface_socket(), or any other socket of the namespace
 * @name: interface
 *
 * Return: positive, or negative errno (-ENODEV: there is none of this name).
 */
int iface_index(int sock, const char *name);

/**
 * iface_name - what an interface is called now
 * @index: its number
 * @name:  out
 *
 * Return: 0 or negative errno (-ENODEV: there is none of this number).
 */
int iface_name(int sock, int index, char name[IFNAMSIZ]);

/**
 * iface_changes - a socket that is readable when an interface has changed
 * @index: which alone; 0: any
 *
 * A netlink socket of the namespace we are in, which does not block.  It serves
 * for the other calls as well.
 *
 * Return: the socket, or negative errno.
 */
int iface_changes(int index);

/**
 * iface_flags - IFF_*
 *
 * Return: 0 or more, or negative errno.
 */
int iface_flags(int sock, const char *name);

/** iface_is_running - whether it is up and has a carrier */
bool iface_is_running(int sock, const char *name);

/**
 * iface_mac - its hardware address
 * @mac: out: six bytes
 */
int iface_mac(int sock, const char *name, uint8_t *mac);

/**
 * iface_hw_type - kind of hardware, one of ARPHRD_*
 *
 * Return: 0 or more, or negative errno.
 */
int iface_hw_type(int sock, const char *name);

/** iface_is_wireless - whether it is a Wi-Fi interface */
bool iface_is_wireless(int sock, const char *name);

/**
 * iface_mtu - bytes of payload a frame may carry
 *
 * Return: positive, or negative errno.
 */
int iface_mtu(int sock, const char *name);

/** iface_set_mtu - the same, to be set */
int iface_set_mtu(int sock, const char *name, unsigned int mtu);

/** iface_set_mac - give it a hardware address; best while it is down */
int iface_set_mac(int sock, const char *name, uint64_t mac);

/**
 * iface_add_address - add an IP address, in the namespace we are in
 * @index: number of the interface
 * @v6:    an IPv6 address of 16 bytes; else an IPv4 address of 4
 * @bits:  length of its prefix
 *
 * Return: 0, also if it has it already, or negative errno.
 */
int iface_add_address(int index, bool v6, const uint8_t *address, uint8_t bits);

/**
 * iface_master - the interface (a bridge, a bond) that another is a member of
 * @fd: from iface_changes(), nothing read from it yet
 *
 * Return: its number, 0 if there is none.
 */
int iface_master(int fd, int index);

/**
 * iface_set_gso - what a segment that is sent to it may be
 * @index:  number of the interface
 * @bytes:  of the longest
 * @frames: it may stand for
 *
 * The kernel cuts others itself.
 */
int iface_set_gso(int index, uint32_t bytes, uint32_t frames);

/**
 * iface_set_gro - what received frames may be joined to
 * @index: number of the interface
 * @bytes: of the longest segment, from its IP header on
 */
int iface_set_gro(int index, uint32_t bytes);

/** iface_up - bring it up; nothing happens if it is up */
int iface_up(int sock, const char *name);

/**
 * iface_list - names of all interfaces here but the loopback one
 * @buf:  out: "eth0, eth1", cut short with "..." if they are many; "none"
 * @size: bytes at @buf, at least 8
 */
void iface_list(char *buf, size_t size);

#endif
