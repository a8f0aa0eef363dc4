/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of a VM before it is started, with messages that say what to do. */
#include "vmm/kvm/vm_check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/kvm/image.h"
#include "vmm/kvm/vfio_open.h"
#include "vmm/kvm/vm.h"

/* Locked besides the VM's memory: what a host driver pins. */
#define LOCK_SLACK 0x1000000ull
#define PAGE 4096

/* --- files -------------------------------------------------------------- */

static int open_file(const char *path, const char *what, struct stat *st,
		     struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return error_set(err,
				 "there is no %s %s: `make guest` builds one, "
				 "or correct the path",
				 what, path);
	if (fd < 0)
		return error_errno(err, "cannot open the %s %s", what, path);
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	return error_set(err, "the %s %s is no file: correct the path", what,
			 path);
}

static int open_kernel(const struct sys_vm *cfg, struct image *image,
		       struct error *err)
{
	struct stat st;
	int fd = open_file(cfg->kernel, "kernel", &st, err);

	if (fd < 0 || image_check(image, fd, cfg->kernel, err) == 0)
		return fd;
	close(fd);
	return -1;
}

static int open_initrd(const struct sys_vm *cfg, const struct image *image,
		       struct error *err)
{
	struct image_plan plan;
	struct stat st = { 0 };
	int fd = open_file(cfg->initrd, "initrd", &st, err);

	if (fd < 0)
		return -1;
	if (st.st_size == 0)
		error_set(err, "the initrd %s is empty", cfg->initrd);
	else if (image_plan(&plan, image, (uint64_t)st.st_size, cfg->memory,
			    err) == 0)
		return fd;
	close(fd);
	return -1;
}

int vm_open_files(const struct sys_vm *cfg, int fds[VM_FDS], struct error *err)
{
	struct image image;

	fds[VM_FD_KERNEL] = open_kernel(cfg, &image, err);
	if (fds[VM_FD_KERNEL] < 0)
		return -1;
	fds[VM_FD_INITRD] = open_initrd(cfg, &image, err);
	if (fds[VM_FD_INITRD] >= 0)
		return 0;
	close(fds[VM_FD_KERNEL]);
	return -1;
}

/* --- the host ----------------------------------------------------------- */

int vm_open_kvm(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		return error_set(err,
				 "no %s: this kernel or machine has no KVM "
				 "(load the module, enable virtualisation)",
				 path);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return error_set(err,
				 "no permission for %s: join the group that "
				 "owns it (`usermod -aG kvm USER`, then log in "
				 "anew), or run weir as root",
				 path);
	if (fd < 0)
		return error_errno(err, "cannot open %s", path);
	if (vm_supported(fd, err) == 0)
		return fd;
	close(fd);
	return -1;
}

/* The guest's pages, to which its regions are rounded and placed. */
int vm_page_size(long size, struct error *err)
{
	if (size == PAGE)
		return 0;
	return error_set(
		err,
		"this kernel's pages have %ld KiB, and a VM needs pages "
		"of 4 KiB: boot a kernel built with CONFIG_ARM64_4K_PAGES",
		size / 1024);
}

int vm_lock_limit(uint64_t memory, struct error *err)
{
	struct rlimit l;
	rlim_t need = memory + LOCK_SLACK;

	if (getrlimit(RLIMIT_MEMLOCK, &l) == 0 && l.rlim_cur >= need)
		return 0;
	l.rlim_cur = need;
	if (l.rlim_max < need)
		l.rlim_max = need;
	if (setrlimit(RLIMIT_MEMLOCK, &l) == 0)
		return 0;
	return error_set(
		err,
		"a card's DMA needs %llu KiB of locked memory, and the limit "
		"is lower: run weir as root, or raise it (`ulimit -l %llu`, "
		"LimitMEMLOCK=, /etc/security/limits.conf)",
		(unsigned long long)(need / 1024),
		(unsigned long long)(need / 1024));
}

/* Kernel, initrd and, if the rest is there, KVM. */
static int open_guest(const struct sys_vm *vm, int *fds,
		      int (*rest)(const struct sys_vm *vm, struct error *err),
		      struct error *err)
{
	if (vm_supported(-1, err) != 0 ||
	    vm_page_size(sysconf(_SC_PAGESIZE), err) != 0 ||
	    vm_open_files(vm, fds, err) != 0)
		return -1;
	if (rest(vm, err) == 0) {
		fds[VM_FD_KVM] = vm_open_kvm("/dev/kvm", err);
		if (fds[VM_FD_KVM] >= 0)
			return VM_FDS;
	}
	close(fds[VM_FD_KERNEL]);
	close(fds[VM_FD_INITRD]);
	return -1;
}

/* Locked memory is counted for each card that reaches it. */
static int cards_usable(const struct sys_vm *vm, struct error *err)
{
	uint64_t memory = 0;

	if (vm->nic[0] != '\0') {
		if (vfio_check(&vfio_machine, vm->nic, err) != 0)
			return -1;
		memory += vm->memory;
	}
	if (vm->storage[0] != '\0') {
		if (vfio_check(&vfio_machine, vm->storage, err) != 0)
			return -1;
		memory += vm->memory + vm->blk.data_size;
	}
	return vm_lock_limit(memory, err);
}

static int no_card(const struct sys_vm *vm, struct error *err)
{
	(void)vm;
	(void)err;
	return 0;
}

int vm_open(const struct sys_component *cfg, int *fds, struct error *err)
{
	return open_guest(&cfg->vm, fds, cards_usable, err);
}

int client_vm_open(const struct sys_component *cfg, int *fds, struct error *err)
{
	return open_guest(&cfg->vm, fds, no_card, err);
}
