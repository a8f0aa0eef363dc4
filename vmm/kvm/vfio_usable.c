/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sysfs says about a card: is it there, whose is it, what shares its
 * IOMMU group?
 *
 * Nothing is changed here, although the answer is often "bind it to vfio-pci":
 * that takes a network interface from the host, and only the user knows whether
 * it is the one used to log in.  So the message gives the commands.
 */
#include "vmm/kvm/vfio_open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

#define NAME_LEN 64

/* The last part of what a symbolic link points to; false if there is none. */
static bool link_name(const char *path, char name[NAME_LEN])
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *slash;

	if (n <= 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, NAME_LEN, "%.*s", NAME_LEN - 1,
		 slash != NULL ? slash + 1 : target);
	return true;
}

static bool device_link(const struct vfio_paths *at, const char *address,
			const char *what, char name[NAME_LEN])
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", at->sys,
		 address, what);
	return link_name(path, name);
}

/* The next entry that is not "." or "..". */
static const char *next_entry(DIR *dir)
{
	struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (e->d_name[0] != '.')
			return e->d_name;
	return NULL;
}

/* "0000:00:03.0", as sysfs spells it; so it cannot contain a path. */
static bool is_address(const char *s)
{
	static const char shape[] = "xxxx:xx:xx.7";
	static const char hex[] = "0123456789abcdef";

	if (strlen(s) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i] != '\0'; i++) {
		bool ok = s[i] == shape[i];

		if (shape[i] == 'x')
			ok = strchr(hex, s[i]) != NULL;
		else if (shape[i] == '7')
			ok = s[i] >= '0' && s[i] <= '7';
		if (!ok)
			return false;
	}
	return true;
}

static int check_there(const struct vfio_paths *at, const char *address,
		       struct error *err)
{
	char path[PATH_MAX];

	if (!is_address(address))
		return error_set(err,
				 "\"%s\" is no PCI address; they look like "
				 "0000:00:03.0, and 'ls " DEVICES
				 "' lists those of this machine",
				 address);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", at->sys, address);
	if (access(path, F_OK) != 0)
		return error_set(err,
				 "there is no PCI device %s; 'ls " DEVICES
				 "' lists those there are",
				 address);
	return 0;
}

static bool has_iommu(const struct vfio_paths *at)
{
	char path[PATH_MAX];
	DIR *dir;
	bool any;

	snprintf(path, sizeof(path), "%s/class/iommu", at->sys);
	dir = opendir(path);
	any = next_entry(dir) != NULL;
	if (dir != NULL)
		closedir(dir);
	return any;
}

/* " (interface eth0)", if the card is one to the host. */
static void interface_of(const struct vfio_paths *at, const char *address,
			 char *out, size_t size)
{
	char path[PATH_MAX];
	const char *name;
	DIR *dir;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/net", at->sys,
		 address);
	dir = opendir(path);
	name = next_entry(dir);
	if (name != NULL)
		snprintf(out, size, " (interface %.32s)", name);
	if (dir != NULL)
		closedir(dir);
}

/* The card must be bound to vfio-pci; if not, say how to do that. */
static int check_driver(const struct vfio_paths *at, const char *address,
			struct error *err)
{
	char driver[NAME_LEN], interface[NAME_LEN];
	bool bound = device_link(at, address, "driver", driver);

	if (bound && strcmp(driver, "vfio-pci") == 0)
		return 0;
	if (!bound)
		return error_set(err,
				 "%s is not bound to vfio-pci; as root: "
				 "modprobe vfio-pci && echo vfio-pci >" DEVICES
				 "/%s/driver_override && echo %s "
				 ">/sys/bus/pci/drivers_probe",
				 address, address, address);
	interface_of(at, address, interface, sizeof(interface));
	return error_set(
		err,
		"%s is in use by %s%s; give it up with, as root: modprobe "
		"vfio-pci && echo vfio-pci >" DEVICES
		"/%s/driver_override && echo %s >" DEVICES
		"/%s/driver/unbind && echo %s >/sys/bus/pci/drivers_probe",
		address, driver, interface, address, address, address, address);
}

/*
 * With an IOMMU, a card without a group may still get one: some kernels make it
 * when the first driver is bound.
 */
static int check_group(const struct vfio_paths *at, const char *address,
		       unsigned int *group, struct error *err)
{
	char name[NAME_LEN], driver[NAME_LEN], *end;
	unsigned long n;

	if (!device_link(at, address, "iommu_group", name)) {
		if (!device_link(at, address, "driver", driver) &&
		    has_iommu(at) && check_driver(at, address, err) != 0)
			return -1;
		return error_set(
			err,
			"%s has no IOMMU group: the machine has no IOMMU or it "
			"is off; turn it on in the firmware (VT-d, AMD-Vi, "
			"SMMU) and with intel_iommu=on on an Intel machine's "
			"kernel command line. Without one a card could write "
			"to all memory",
			address);
	}
	errno = 0;
	n = strtoul(name, &end, 10);
	if (errno != 0 || end == name || *end != '\0' || n > UINT_MAX)
		return error_set(err, "%s: cannot read IOMMU group \"%s\"",
				 address, name);
	*group = (unsigned int)n;
	return 0;
}

/* Drivers that VFIO accepts in a group, as they do not use DMA. */
static bool is_harmless(const char *driver)
{
	static const char *const ok[] = { "vfio-pci", "pci-stub", "pcieport" };

	for (size_t i = 0; i < sizeof(ok) / sizeof(ok[0]); i++)
		if (strcmp(driver, ok[i]) == 0)
			return true;
	return false;
}

#define MORE " ..."

/* Devices by name, as many as there is room for. */
struct names {
	char text[300];
	bool full;
};

static void add_name(struct names *l, const char *address, const char *driver)
{
	size_t have = strlen(l->text);
	size_t room = sizeof(l->text) - sizeof(MORE) - have;
	int n;

	if (l->full)
		return;
	n = snprintf(l->text + have, room, " %s (%s)", address, driver);
	if (n >= 0 && (size_t)n < room)
		return;
	memcpy(l->text + have, MORE, sizeof(MORE));
	l->full = true;
}

static int check_neighbours(const struct vfio_paths *at, const char *address,
			    unsigned int group, struct error *err)
{
	char path[PATH_MAX], driver[NAME_LEN];
	struct names list = { "", false };
	const char *name;
	DIR *dir;

	snprintf(path, sizeof(path),
		 "%s/bus/pci/devices/%s/iommu_group/devices", at->sys, address);
	dir = opendir(path);
	while ((name = next_entry(dir)) != NULL)
		if (strcmp(name, address) != 0 &&
		    device_link(at, name, "driver", driver) &&
		    !is_harmless(driver))
			add_name(&list, name, driver);
	if (dir != NULL)
		closedir(dir);
	if (list.text[0] == '\0')
		return 0;
	return error_set(err,
			 "%s shares IOMMU group %u with%s: the IOMMU cannot "
			 "keep them apart; bind them to vfio-pci too, or put "
			 "the card into another slot",
			 address, group, list.text);
}

int vfio_usable(const struct vfio_paths *at, const char *address,
		unsigned int *group, struct error *err)
{
	if (check_there(at, address, err) != 0 ||
	    check_group(at, address, group, err) != 0 ||
	    check_driver(at, address, err) != 0 ||
	    check_neighbours(at, address, *group, err) != 0)
		return -1;
	return 0;
}
