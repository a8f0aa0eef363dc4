/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the port components ask of a network interface.
 *
 * All of it by ioctl(2) on a socket that the interface's namespace made.  The
 * socket is a Unix one: the kernel passes these requests on from any family,
 * and so nothing here needs the Internet protocols compiled in.
 */
#ifndef WEIR_HOSTNET_IFACE_H
#define WEIR_HOSTNET_IFACE_H

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
 * iface_hw_type - kind of hardware, one of ARPHRD_*
 *
 * Return: 0 or more, or negative errno.
 */
int iface_hw_type(int sock, const char *name);

/**
 * iface_is_wireless - whether it is a Wi-Fi interface
 */
bool iface_is_wireless(int sock, const char *name);

/**
 * iface_mtu - octets of payload a frame may carry
 *
 * Return: positive, or negative errno.
 */
int iface_mtu(int sock, const char *name);

/**
 * iface_set_mtu - the same, to be set
 *
 * Return: 0 or negative errno.
 */
int iface_set_mtu(int sock, const char *name, unsigned int mtu);

/**
 * iface_set_mac - give it a hardware address; best while it is down
 *
 * Return: 0 or negative errno.
 */
int iface_set_mac(int sock, const char *name, uint64_t mac);

/**
 * iface_add_address - give it an IP address more, in the namespace we are in
 * @index: number of the interface
 * @v6:    an IPv6 address of 16 octets; else an IPv4 address of 4
 * @bits:  length of its prefix
 *
 * Return: 0, also if it has it already, or negative errno.
 */
int iface_add_address(int index, bool v6, const uint8_t *address, uint8_t bits);

/**
 * iface_up - bring it up; nothing happens if it is up
 *
 * Return: 0 or negative errno.
 */
int iface_up(int sock, const char *name);

/**
 * iface_list - names of all interfaces here but the loopback one
 * @buf:  out: "eth0, eth1", cut short with "..." if they are many; "none"
 * @size: octets at @buf, at least 8
 */
void iface_list(char *buf, size_t size);

#endif
