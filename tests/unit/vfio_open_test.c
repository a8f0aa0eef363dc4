/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every way a card cannot be had, and what the user is told to type.
 *
 * The machine is a temporary folder: what sysfs shows of cards, and files in
 * place of VFIO's devices.  This file's own ioctl(), which the linker prefers
 * to the C library's, answers for those.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/vfio.h>

#include "vmm/kvm/vfio_open.h"

#define CARD "0000:00:03.0"

/* What VFIO answers. */
static struct {
	int version;
	int type1;
	uint32_t flags;
	int set_container_error;
	int set_iommu_error;
	bool device_busy;
	unsigned int joined;
} vfio;

static int failing(int error)
{
	errno = error;
	return error == 0 ? 0 : -1;
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	switch (request) {
	case VFIO_GET_API_VERSION:
		return vfio.version;
	case VFIO_CHECK_EXTENSION:
		assert_int_equal((uintptr_t)arg, VFIO_TYPE1v2_IOMMU);
		return vfio.type1;
	case VFIO_GROUP_GET_STATUS:
		((struct vfio_group_status *)arg)->flags = vfio.flags;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		vfio.joined++;
		return failing(vfio.set_container_error);
	case VFIO_SET_IOMMU:
		return failing(vfio.set_iommu_error);
	case VFIO_GROUP_GET_DEVICE_FD:
		assert_string_equal(arg, CARD);
		return vfio.device_busy ? failing(EBUSY) : dup(fd);
	default:
		return (int)syscall(SYS_ioctl, fd, request, arg);
	}
}

/* --- the machine -------------------------------------------------------- */

static char root[] = "/tmp/weir-vfio.XXXXXX";
static char sys[64], dev[64];
static const struct vfio_paths at = { sys, dev };
static struct error err;

__attribute__((format(printf, 1, 2))) static const char *
path(const char *format, ...)
{
	static char p[2][256];
	static unsigned int turn;
	char *out = p[turn++ % 2];
	va_list args;
	int n = snprintf(out, sizeof(p[0]), "%s/", root);

	va_start(args, format);
	vsnprintf(out + n, sizeof(p[0]) - (size_t)n, format, args);
	va_end(args);
	return out;
}

/* Makes all folders of a path. */
static void folders(const char *full)
{
	char part[256];

	snprintf(part, sizeof(part), "%s", full);
	for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL;
	     slash++) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
	mkdir(part, 0755);
}

static void file(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0666), 0);
	close(fd);
}

/* Binds a device to a driver, or to none. */
static void bind_device(const char *address, const char *driver)
{
	const char *link = path("sys/bus/pci/devices/%s/driver", address);
	char target[128];

	unlink(link);
	if (driver == NULL)
		return;
	snprintf(target, sizeof(target), "../../drivers/%s", driver);
	assert_int_equal(symlink(target, link), 0);
}

static void add_device(const char *address, const char *driver,
		       unsigned int group)
{
	char target[128];

	folders(path("sys/bus/pci/devices/%s", address));
	bind_device(address, driver);
	folders(path("sys/kernel/iommu_groups/%u/devices", group));
	snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%u",
		 group);
	assert_int_equal(symlink(target, path("sys/bus/pci/devices/%s/"
					      "iommu_group",
					      address)),
			 0);
	file(path("sys/kernel/iommu_groups/%u/devices/%s", group, address));
}

static int setup(void **state)
{
	(void)state;
	memset(&vfio, 0, sizeof(vfio));
	vfio.type1 = 1;
	vfio.flags = VFIO_GROUP_FLAGS_VIABLE;
	err.text[0] = '\0';
	strcpy(root, "/tmp/weir-vfio.XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(sys, sizeof(sys), "%s/sys", root);
	snprintf(dev, sizeof(dev), "%s/dev", root);
	add_device(CARD, "vfio-pci", 7);
	folders(path("sys/class/iommu/smmu3.0"));
	folders(path("dev/vfio"));
	file(path("dev/vfio/vfio"));
	file(path("dev/vfio/7"));
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command); /* NOLINT(cert-env33-c) */
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* Both refuse, say @want among other things, and leave nothing open. */
static void assert_refused(const char *address, const char *want)
{
	int fds[VFIO_FDS], before = open_fds();

	err.text[0] = '\0';
	assert_int_equal(vfio_check(&at, address, &err), -1);
	if (strstr(err.text, want) == NULL)
		fail_msg("\"%s\" is not in: %s", want, err.text);
	err.text[0] = '\0';
	assert_int_equal(vfio_open(&at, address, fds, &err), -1);
	assert_non_null(strstr(err.text, want));
	assert_int_equal(open_fds(), before);
	/* Whole sentences fit. */
	assert_true(strlen(err.text) < ERROR_TEXT - 1);
	assert_null(strchr(err.text, '\n'));
}

/* --- tests -------------------------------------------------------------- */

static void a_free_card_is_opened(void **state)
{
	int fds[VFIO_FDS], before = open_fds();

	(void)state;
	assert_int_equal(vfio_check(&at, CARD, &err), 0);
	assert_int_equal(vfio.joined, 0);
	assert_int_equal(open_fds(), before);
	assert_int_equal(vfio_open(&at, CARD, fds, &err), 0);
	assert_string_equal(err.text, "");
	assert_int_equal(open_fds(), before + VFIO_FDS);
	for (int i = 0; i < VFIO_FDS; i++)
		close(fds[i]);
}

static void no_address(void **state)
{
	static const char *const bad[] = { "",
					   "eth0",
					   "00:03.0",
					   "0000:00:03.8",
					   "0000:00:0g.0",
					   "0000:00:03.0 ",
					   "../../../etc/..",
					   "0000/00:03.0" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i], "they look like 0000:00:03.0");
}

static void no_such_device(void **state)
{
	(void)state;
	assert_refused("0000:00:04.0", "there is no PCI device 0000:00:04.0; "
				       "'ls /sys/bus/pci/devices'");
}

static void no_iommu_group(void **state)
{
	(void)state;
	unlink(path("sys/bus/pci/devices/" CARD "/iommu_group"));
	assert_refused(CARD, "has no IOMMU group: the machine has no IOMMU or "
			     "it is off");
	/* Without a driver it may still get one, where there is an IOMMU. */
	bind_device(CARD, NULL);
	assert_refused(CARD, "is not bound to vfio-pci");
	rmdir(path("sys/class/iommu/smmu3.0"));
	assert_refused(CARD, "has no IOMMU group");
}

static void in_use_by_the_host(void **state)
{
	(void)state;
	bind_device(CARD, "e1000e");
	assert_refused(CARD, CARD " is in use by e1000e; give it up");
	folders(path("sys/bus/pci/devices/" CARD "/net/eth0"));
	assert_refused(CARD, CARD " is in use by e1000e (interface eth0); give "
				  "it up with, as root: modprobe vfio-pci && "
				  "echo vfio-pci >/sys/bus/pci/devices/" CARD
				  "/driver_override && echo " CARD
				  " >/sys/bus/pci/devices/" CARD
				  "/driver/unbind && echo " CARD
				  " >/sys/bus/pci/drivers_probe");
}

static void bound_to_nothing(void **state)
{
	(void)state;
	bind_device(CARD, NULL);
	assert_refused(CARD, CARD " is not bound to vfio-pci; as root: "
				  "modprobe vfio-pci && echo vfio-pci "
				  ">/sys/bus/pci/devices/" CARD
				  "/driver_override && echo " CARD
				  " >/sys/bus/pci/drivers_probe");
}

static void a_group_with_others(void **state)
{
	(void)state;
	/* These keep their hands off. */
	add_device("0000:00:02.0", "pcieport", 7);
	add_device("0000:00:03.1", "vfio-pci", 7);
	add_device("0000:00:03.2", NULL, 7);
	add_device("0000:00:05.0", "ahci", 8);
	assert_int_equal(vfio_check(&at, CARD, &err), 0);
	add_device("0000:00:03.3", "xhci_hcd", 7);
	assert_refused(CARD, CARD " shares IOMMU group 7 with 0000:00:03.3 "
				  "(xhci_hcd): the IOMMU");
	add_device("0000:00:03.4", "snd", 7);
	assert_refused(CARD, " 0000:00:03.4 (snd)");
	assert_refused(CARD, " 0000:00:03.3 (xhci_hcd)");
	/* So many that not all fit. */
	for (int i = 0; i < 32; i++) {
		char address[16];

		snprintf(address, sizeof(address), "0000:01:%02x.0", i);
		add_device(address, "e1000e", 7);
	}
	assert_refused(CARD, " ...: the IOMMU cannot keep them apart");
}

static void vfio_is_not_loaded(void **state)
{
	(void)state;
	unlink(path("dev/vfio/vfio"));
	assert_refused(CARD, "modprobe vfio-pci");
}

static void vfio_is_another(void **state)
{
	(void)state;
	vfio.version = 3;
	assert_refused(CARD, "speaks version 3 of the VFIO API, not 0");
	vfio.version = 0;
	vfio.type1 = 0;
	assert_refused(CARD, "modprobe vfio_iommu_type1");
}

static void the_group_is_not_there(void **state)
{
	(void)state;
	unlink(path("dev/vfio/7"));
	assert_refused(CARD, "/vfio/7 is not there");
}

/* Root may open anything, so it becomes nobody for a moment. */
static void no_permission(void **state)
{
	static const char *const node[] = { "dev/vfio/vfio", "dev/vfio/7" };
	bool is_root = geteuid() == 0;

	(void)state;
	assert_int_equal(chmod(path("."), 0755), 0);
	for (size_t i = 0; i < sizeof(node) / sizeof(node[0]); i++) {
		assert_int_equal(chmod(path("%s", node[i]), 0), 0);
		if (is_root)
			assert_int_equal(seteuid(65534), 0);
		err.text[0] = '\0';
		assert_int_equal(vfio_check(&at, CARD, &err), -1);
		if (is_root)
			assert_int_equal(seteuid(0), 0);
		assert_non_null(strstr(err.text, "no permission to open"));
		assert_non_null(strstr(err.text, node[i]));
		assert_int_equal(chmod(path("%s", node[i]), 0666), 0);
	}
}

static void somebody_else_has_it(void **state)
{
	int fds[VFIO_FDS];

	(void)state;
	vfio.flags |= VFIO_GROUP_FLAGS_CONTAINER_SET;
	assert_refused(CARD, "in use by another process");
	vfio.flags = VFIO_GROUP_FLAGS_VIABLE;
	vfio.device_busy = true;
	err.text[0] = '\0';
	assert_int_equal(vfio_open(&at, CARD, fds, &err), -1);
	assert_non_null(strstr(err.text, "another process uses it"));
}

static void the_group_is_not_viable(void **state)
{
	(void)state;
	vfio.flags = 0;
	assert_refused(CARD, "VFIO refuses " CARD);
}

static void joining_fails(void **state)
{
	int fds[VFIO_FDS], before = open_fds();

	(void)state;
	vfio.set_container_error = EINVAL;
	assert_int_equal(vfio_open(&at, CARD, fds, &err), -1);
	assert_non_null(strstr(err.text, "address space"));
	vfio.set_container_error = 0;
	err.text[0] = '\0';
	vfio.set_iommu_error = EPERM;
	assert_int_equal(vfio_open(&at, CARD, fds, &err), -1);
	assert_non_null(strstr(err.text, "no interrupt remapping"));
	err.text[0] = '\0';
	vfio.set_iommu_error = ENODEV;
	assert_int_equal(vfio_open(&at, CARD, fds, &err), -1);
	assert_non_null(strstr(err.text, "cannot use the IOMMU"));
	assert_int_equal(open_fds(), before);
}

#define vfio_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		vfio_test(a_free_card_is_opened),
		vfio_test(no_address),
		vfio_test(no_such_device),
		vfio_test(no_iommu_group),
		vfio_test(in_use_by_the_host),
		vfio_test(bound_to_nothing),
		vfio_test(a_group_with_others),
		vfio_test(vfio_is_not_loaded),
		vfio_test(vfio_is_another),
		vfio_test(the_group_is_not_there),
		vfio_test(no_permission),
		vfio_test(somebody_else_has_it),
		vfio_test(the_group_is_not_viable),
		vfio_test(joining_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
