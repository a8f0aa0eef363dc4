/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the port components ask of a network interface: see iface.h.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "vmm/linux/ports/iface.h"

/* Wireless Extensions: "what protocol is this?", answered by Wi-Fi alone. */
#define SIOCGIWNAME 0x8b01

int iface_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* One request about @name; 0 or negative errno. */
static int ask(int sock, unsigned long request, const char *name,
	       struct ifreq *ifr)
{
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	return ioctl(sock, request, ifr) < 0 ? -errno : 0;
}

int iface_index(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFINDEX, name, &ifr);

	return e < 0 ? e : ifr.ifr_ifindex;
}

int iface_hw_type(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFHWADDR, name, &ifr);

	return e < 0 ? e : ifr.ifr_hwaddr.sa_family;
}

bool iface_is_wireless(int sock, const char *name)
{
	struct ifreq ifr = { 0 };

	return ask(sock, SIOCGIWNAME, name, &ifr) == 0;
}

int iface_mtu(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFMTU, name, &ifr);

	return e < 0 ? e : ifr.ifr_mtu;
}

int iface_set_mtu(int sock, const char *name, unsigned int mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	return ask(sock, SIOCSIFMTU, name, &ifr);
}

int iface_up(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFFLAGS, name, &ifr);

	if (e < 0 || (ifr.ifr_flags & IFF_UP))
		return e;
	ifr.ifr_flags |= IFF_UP;
	return ask(sock, SIOCSIFFLAGS, name, &ifr);
}

void iface_list(char *buf, size_t size)
{
	struct if_nameindex *all = if_nameindex();
	size_t used = 0;

	buf[0] = '\0';
	for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++) {
		size_t need = strlen(i->if_name) + 2;

		if (strcmp(i->if_name, "lo") == 0)
			continue;
		/* Room is kept for ", ..." and the NUL. */
		if (used + need + 6 > size) {
			snprintf(buf + used, size - used, ", ...");
			used = size;
			break;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 used ? ", " : "", i->if_name);
	}
	if (used == 0)
		snprintf(buf, size, "none");
	if (all != NULL)
		if_freenameindex(all);
}
