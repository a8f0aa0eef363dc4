/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a user is told before a driver VM is started.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/kvm/vm.h"
#include "vmm/kvm/vm_check.h"

#define MIB 0x100000u
#define NOBODY 65534u
/* A child's status: the test could not be made. */
#define CANNOT_SET 10

static char folder[64];
static struct sys_vm cfg;

static void put(const char *name, const void *data, size_t size)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* A folder with a kernel of 1 MiB and a small initrd. */
static int setup(void **state)
{
	/* Where in an Image: size and magic. */
	uint8_t kernel[64] = { [18] = MIB >> 16, [56] = 'A', 'R', 'M', 'd' };

	(void)state;
	strcpy(folder, "/tmp/weir-check-XXXXXX");
	assert_non_null(mkdtemp(folder));
	put("Image", kernel, sizeof(kernel));
	put("initrd", "cpio", 4);
	memset(&cfg, 0, sizeof(cfg));
	snprintf(cfg.kernel, sizeof(cfg.kernel), "%s/Image", folder);
	snprintf(cfg.initrd, sizeof(cfg.initrd), "%s/initrd", folder);
	strcpy(cfg.nic, "ffff:ff:1f.7");
	cfg.memory = 32u * MIB;
	return 0;
}

static int teardown(void **state)
{
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/Image", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/initrd", folder);
	unlink(path);
	return rmdir(folder);
}

/* Descriptors this process has open: nothing may be left behind. */
static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void assert_refused(const char *say)
{
	struct error err = { 0 };
	int fds[VM_FDS], before = open_fds();

	assert_int_equal(vm_open_files(&cfg, fds, &err), -1);
	assert_non_null(strstr(err.text, say));
	assert_int_equal(open_fds(), before);
}

static void good_files_are_opened(void **state)
{
	struct error err = { 0 };
	int fds[VM_FDS];

	(void)state;
	assert_int_equal(vm_open_files(&cfg, fds, &err), 0);
	assert_string_equal(err.text, "");
	close(fds[VM_FD_KERNEL]);
	close(fds[VM_FD_INITRD]);
}

static void files_that_are_not_there(void **state)
{
	char *good;

	(void)state;
	good = strdup(cfg.kernel);
	strcpy(cfg.kernel, "/nowhere/Image");
	assert_refused("there is no kernel /nowhere/Image: `make guest`");
	strcpy(cfg.kernel, "/tmp");
	assert_refused("the kernel /tmp is no file");
	strcpy(cfg.kernel, good);
	strcpy(cfg.initrd, "/nowhere/initrd");
	assert_refused("there is no initrd /nowhere/initrd: `make guest`");
	strcpy(cfg.initrd, "/dev/zero");
	assert_refused("the initrd /dev/zero is no file");
	free(good);
}

static void files_that_are_something_else(void **state)
{
	uint8_t elf[64] = "\177ELF";

	(void)state;
	put("initrd", "", 0);
	assert_refused("/initrd is empty");
	put("Image", elf, sizeof(elf));
	assert_refused("/Image is no arm64 kernel image: it is an ELF file");
}

static void memory_too_small(void **state)
{
	(void)state;
	cfg.memory = 8u * MIB;
	assert_refused(
		"8 MiB of memory are too few for this kernel (1024 KiB) and "
		"initrd (0 KiB): at least 10 MiB");
	cfg.memory = 0;
	assert_refused("at least 10 MiB");
}

/* A file that nobody may open, and a child whom that concerns. */
static void forbid(const char *path)
{
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
}

static bool become_nobody(void)
{
	return geteuid() != 0 || setuid(NOBODY) == 0;
}

static void unreadable(void **state)
{
	struct error err = { 0 };
	int fds[VM_FDS], status;
	pid_t child;

	(void)state;
	forbid(cfg.kernel);
	child = fork();
	if (child == 0) {
		if (!become_nobody() || vm_open_files(&cfg, fds, &err) == 0)
			_exit(1);
		_exit(strstr(err.text, "cannot open the kernel") == NULL ||
		      strstr(err.text, "Permission denied") == NULL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void kvm_that_is_not_there(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(vm_open_kvm("/nowhere/kvm", &err), -1);
	assert_string_equal(
		err.text,
		"no /nowhere/kvm: this kernel or machine has no KVM (load the "
		"module, enable virtualisation)");
}

static void kvm_that_is_not_ours(void **state)
{
	char path[SYS_PATH];
	int status;
	pid_t child;

	(void)state;
	forbid(cfg.kernel);
	memcpy(path, cfg.kernel, sizeof(path));
	child = fork();
	if (child == 0) {
		struct error err = { 0 };

		if (!become_nobody() || vm_open_kvm(path, &err) >= 0)
			_exit(1);
		_exit(strstr(err.text, "no permission for") == NULL ||
		      strstr(err.text, "usermod -aG kvm") == NULL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Whether the limit may be raised depends on who asks. */
static int lock_limit(bool as_root, rlim_t most, uint64_t memory)
{
	struct rlimit l = { .rlim_cur = MIB, .rlim_max = most };
	struct error err = { 0 };
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (setrlimit(RLIMIT_MEMLOCK, &l) != 0 ||
		    (!as_root && !become_nobody()))
			_exit(CANNOT_SET);
		if (vm_lock_limit(memory, &err) != 0)
			_exit(strstr(err.text, "ulimit -l 49152") != NULL ? 1
									  : 11);
		if (getrlimit(RLIMIT_MEMLOCK, &l) != 0 || l.rlim_cur < memory)
			_exit(12);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void locked_memory(void **state)
{
	(void)state;
	assert_int_equal(lock_limit(false, 4u * MIB, 32u * MIB), 1);
}

static void locked_memory_that_is_raised(void **state)
{
	(void)state;
	/* Not every root may: containers. */
	if (lock_limit(true, 64u * MIB, 32u * MIB) == CANNOT_SET) {
		print_message("this user may not raise a hard limit\n");
		skip();
	}
	assert_int_equal(lock_limit(false, 64u * MIB, 32u * MIB), 0);
	if (geteuid() == 0)
		assert_int_equal(lock_limit(true, 4u * MIB, 32u * MIB), 0);
}

static void pages_of_another_size(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(vm_page_size(4096, &err), 0);
	assert_int_equal(vm_page_size(65536, &err), -1);
	assert_non_null(strstr(err.text, "pages have 64 KiB"));
	assert_non_null(strstr(err.text, "CONFIG_ARM64_4K_PAGES"));
}

/* All of it: the first thing that is wrong is said, nothing stays open. */
static void everything_at_once(void **state)
{
	struct sys_component c = { .kind = SYS_VM, .vm = cfg };
	struct error err = { 0 };
	int fds[VM_FDS], before = open_fds();

	(void)state;
	assert_int_equal(vm_open(&c, fds, &err), -1);
	assert_int_equal(open_fds(), before);
#ifdef __aarch64__
	assert_non_null(strstr(err.text, "ffff:ff:1f.7"));
#else
	assert_string_equal(
		err.text,
		"VMs need an arm64 host; `make run` shows one in an emulated "
		"machine");
#endif
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_files_are_opened),
		TEST(files_that_are_not_there),
		TEST(files_that_are_something_else),
		TEST(memory_too_small),
		TEST(unreadable),
		TEST(kvm_that_is_not_there),
		TEST(kvm_that_is_not_ours),
		TEST(locked_memory),
		TEST(locked_memory_that_is_raised),
		TEST(pages_of_another_size),
		TEST(everything_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
