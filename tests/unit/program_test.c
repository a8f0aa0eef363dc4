/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client PDs: a program of its own is started, shut in and served as any PD is,
 * and a file that is none is refused with words that help.
 *
 * The program is client/pd/examples/reflect.c; the test plays the switch.
 */
#include "tests/unit/pd_rig.h"

#include <elf.h>
#include <libgen.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "vmm/linux/boot.h"
#include "base/link.h"
#include "base/queue.h"

#define CAPACITY 16u
#define BUFFER 2048u

/* Regions of the port, in this order; slots of the program's PD as well. */
enum { IN_ACTIVE, IN_FREE, IN_DATA, OUT_ACTIVE, OUT_FREE, OUT_DATA, LINK };
#define REGIONS 7u

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_PROGRAM] = &program_host_ops,
};

/* Says where the program is, as whoever runs the tests. */
#define REFLECT_VARIABLE "WEIR_TEST_REFLECT"

static const char *reflect_path(void)
{
	const char *path = getenv(REFLECT_VARIABLE);

	assert_non_null(path);
	return path;
}

static int copy(const char *from, int to)
{
	struct stat st;
	int fd = open(from, O_RDONLY);
	int result = -1;

	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    sendfile(to, fd, NULL, (size_t)st.st_size) == st.st_size)
		result = fchmod(to, 0755);
	if (fd >= 0)
		close(fd);
	return result;
}

/*
 * The program is built next to the tests: $(O)/tests/..., $(O)/programs/...
 * Some tests run as nobody, who may not get there; so a copy is what they use.
 */
static int offer_program(char *path)
{
	char self[160] = "", built[SYS_PATH];
	int fd = mkstemp(path);

	if (fd < 0 || readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
		return -1;
	snprintf(built, sizeof(built), "%s/../programs/reflect", dirname(self));
	if (copy(built, fd) != 0) {
		fprintf(stderr, "cannot copy %s\n", built);
		return -1;
	}
	close(fd);
	return setenv(REFLECT_VARIABLE, path, 1);
}

/* --- a system with a program -------------------------------------------- */

static struct sys_component *program_system(struct pds *r, const char *path)
{
	static const char *const name[REGIONS] = {
		"ingress.active", "ingress.free", "ingress.data",
		"egress.active",  "egress.free",  "egress.data",
		"link",
	};
	struct sys_component *c;
	uint32_t ch;

	pds_init(r);
	for (uint32_t i = 0; i < REGIONS; i++) {
		bool data = i == IN_DATA || i == OUT_DATA;
		bool read_only = i == OUT_DATA || i == LINK;

		pds_region(r, name[i], data ? CAPACITY * BUFFER : 4096);
		pds_map(r, 0, i, read_only ? SYS_R : SYS_RW);
	}
	ch = pds_channel(r, "port");
	pds_end(r, ch, 1, SYS_PD_MONITOR);
	c = pds_comp(r, 0, SYS_PROGRAM, "sw0.mirror");
	c->wire = (struct sys_wire){
		.ingress = { IN_ACTIVE, IN_FREE, IN_DATA },
		.egress = { OUT_ACTIVE, OUT_FREE, OUT_DATA },
		.link = LINK,
		.channel = pds_end(r, ch, 0, 0),
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
		.max_frame = 1518,
	};
	snprintf(c->program.path, sizeof(c->program.path), "%s", path);
	pds_back(r);
	return c;
}

/**
 * struct port - the switch's side of it, as the test plays it
 */
struct port {
	void *at[REGIONS];
	struct queue_consumer in;
	struct queue_producer in_free;
	struct queue_producer out;
	struct queue_consumer out_free;
};

static void port_open(struct port *p, struct pds *r)
{
	struct link_page *page;

	for (uint32_t i = 0; i < REGIONS; i++)
		p->at[i] = backing_map(&r->b, i, SYS_RW);
	queue_consumer_init(&p->in, p->at[IN_ACTIVE], CAPACITY);
	queue_producer_init(&p->in_free, p->at[IN_FREE], CAPACITY);
	queue_producer_init(&p->out, p->at[OUT_ACTIVE], CAPACITY);
	queue_consumer_init(&p->out_free, p->at[OUT_FREE], CAPACITY);
	page = p->at[LINK];
	atomic_store(&page->epoch, 1);
}

static void port_close(struct port *p)
{
	for (uint32_t i = 0; i < REGIONS; i++)
		munmap(p->at[i], i == IN_DATA || i == OUT_DATA
					 ? CAPACITY * BUFFER
					 : 4096);
}

/* Wait until there is something in a queue the program fills. */
static struct net_desc wait_for(struct queue_consumer *q)
{
	struct net_desc d;
	int n = 0;

	for (int i = 0; i < PDS_TIMEOUT_MS && n == 0; i++) {
		n = queue_pending(q);
		if (n == 0)
			poll(NULL, 0, 1);
	}
	assert_true(n > 0);
	d = queue_peek(q, 0);
	queue_release(q, 1);
	return d;
}

/* Send a frame to the program; its answer comes back. */
static const uint8_t *exchange(struct pds *r, struct port *p, unsigned int n,
			       uint16_t len)
{
	static const uint8_t addresses[] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
	};
	struct net_desc d = wait_for(&p->out_free);
	uint8_t *data = (uint8_t *)p->at[OUT_DATA] + d.io_or_offset;

	memset(data, 0, len);
	memcpy(data, addresses, sizeof(addresses));
	data[len - 1] = (uint8_t)n;
	queue_put(&p->out, d.io_or_offset, len);
	queue_publish(&p->out);
	ring_end(&r->b, 0, 0);
	d = wait_for(&p->in);
	queue_put(&p->in_free, d.io_or_offset, 0);
	queue_publish(&p->in_free);
	assert_int_equal(d.len, len);
	return (const uint8_t *)p->at[IN_DATA] + d.io_or_offset;
}

/* --- running ------------------------------------------------------------ */

static void program_is_shut_in(void **state)
{
	struct pds r;

	(void)state;
	program_system(&r, reflect_path());
	pds_start(&r, 0);
	pds_sleeps(r.proc[0].pid);
	assert_int_equal(pds_check(&r, 0), 0);
	assert_string_equal(pds_proc(r.proc[0].pid, "comm"), "weir:first\n");
	pds_free(&r);
}

/* More frames than there are buffers, of either kind. */
static void program_serves_its_port(void **state)
{
	static const uint8_t turned[] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	struct port p;
	struct pds r;

	(void)state;
	program_system(&r, reflect_path());
	port_open(&p, &r);
	pds_start(&r, 0);
	for (unsigned int i = 0; i < 5 * CAPACITY; i++) {
		const uint8_t *answer = exchange(&r, &p, i, 60);

		assert_memory_equal(answer, turned, sizeof(turned));
		assert_int_equal(answer[59], i);
	}
	exchange(&r, &p, 7, 1518);
	assert_int_equal(pds_sleeps(r.proc[0].pid), -1);
	port_close(&p);
	pds_free(&r);
}

/* What is its own in the port is all it can be made to harm. */
static void hc24_program_survives_a_hostile_switch(void **state)
{
	struct port p;
	struct pds r;

	(void)state;
	program_system(&r, reflect_path());
	port_open(&p, &r);
	pds_start(&r, 0);
	exchange(&r, &p, 1, 60);
	/* No frame has room for no addresses. */
	for (uint16_t len = 0; len < 12; len++) {
		struct net_desc d = wait_for(&p.out_free);

		queue_put(&p.out, d.io_or_offset, len);
		queue_publish(&p.out);
		ring_end(&r.b, 0, 0);
	}
	exchange(&r, &p, 2, 60);
	atomic_store(&((struct net_queue *)p.at[OUT_ACTIVE])->tail, 60000);
	ring_end(&r.b, 0, 0);
	assert_int_equal(pds_sleeps(r.proc[0].pid), -1);
	assert_false(r.proc[0].pid == waitpid(r.proc[0].pid, NULL, WNOHANG));
	port_close(&p);
	pds_free(&r);
}

/* --- what cannot be executed -------------------------------------------- */

static char scratch[SYS_PATH];

static int make_scratch(void **state)
{
	(void)state;
	strcpy(scratch, "/tmp/weir-test-XXXXXX");
	if (mkdtemp(scratch) == NULL || chmod(scratch, 0755) != 0)
		return -1;
	strcat(scratch, "/program");
	return 0;
}

static int remove_scratch(void **state)
{
	(void)state;
	unlink(scratch);
	rmdir(scratch);
	return rmdir(dirname(scratch));
}

static void write_scratch(const void *bytes, size_t size, mode_t mode)
{
	int fd = open(scratch, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	fchmod(fd, mode);
	close(fd);
}

/* Refused before anything is started, in these words. */
static void assert_refused(const char *words)
{
	struct sys_component cfg = { .kind = SYS_PROGRAM, .name = "sw0.web" };
	struct error err = { "" };
	int fds[PD_MAX_FDS];

	snprintf(cfg.program.path, sizeof(cfg.program.path), "%s", scratch);
	assert_int_equal(program_host_ops.open(&cfg, fds, &err), -1);
	if (strstr(err.text, words) == NULL ||
	    strstr(err.text, scratch) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void files_that_are_no_programs_are_refused(void **state)
{
	static const char script[] = "#!/bin/sh\n";
	Elf64_Ehdr elf;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(read(fd, &elf, sizeof(elf)), sizeof(elf));
	close(fd);
	assert_refused("is not there; build it");
	assert_int_equal(mkdir(scratch, 0755), 0);
	assert_refused("is not a file");
	rmdir(scratch);
	write_scratch(script, sizeof(script) - 1, 0644);
	assert_refused("chmod a+rx");
	write_scratch(script, sizeof(script) - 1, 0755);
	assert_refused("cannot be a script");
	write_scratch("", 0, 0755);
	assert_refused("not an ELF program");
	elf.e_machine = elf.e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
	write_scratch(&elf, sizeof(elf), 0755);
	assert_refused("is for another processor");
	elf.e_machine = elf.e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
	elf.e_type = ET_REL;
	write_scratch(&elf, sizeof(elf), 0755);
	assert_refused("link it with libpd.a");
}

static void program_is_accepted(void **state)
{
	struct sys_component cfg = { .kind = SYS_PROGRAM, .name = "sw0.web" };
	struct error err = { "" };
	int fds[PD_MAX_FDS];

	(void)state;
	snprintf(cfg.program.path, sizeof(cfg.program.path), "%s",
		 reflect_path());
	assert_int_equal(program_host_ops.open(&cfg, fds, &err), 0);
	assert_string_equal(err.text, "");
}

/* Changed after it was checked. */
static const char *what_exec_says(struct pds *r)
{
	const char *line;
	int status;

	program_system(r, scratch);
	pds_spawn(r, 0);
	line = pds_line(r, 0);
	status = pds_wait(r, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	return line;
}

static void exec_failures_say_which_file(void **state)
{
	const char *line;
	struct pds r;

	(void)state;
	write_scratch("#!/bin/sh\n", 10, 0755);
	line = what_exec_says(&r);
	assert_non_null(strstr(line, scratch));
	assert_non_null(strstr(line, "loader"));
	pds_free(&r);
	write_scratch("#!/bin/sh\n", 10, 0600);
	line = what_exec_says(&r);
	assert_non_null(strstr(line, scratch));
	assert_non_null(strstr(line, "chmod a+rx"));
	pds_free(&r);
	write_scratch("abc", 3, 0755);
	line = what_exec_says(&r);
	assert_non_null(strstr(line, scratch));
	assert_non_null(strstr(line, "Exec format error"));
	pds_free(&r);
}

static void program_that_has_gone_is_an_error(void **state)
{
	struct error err = { "" };
	struct pds r;

	(void)state;
	program_system(&r, scratch);
	assert_int_equal(pd_spawn(&r.b, 0, r.fds[0], &r.proc[0], &err), -1);
	assert_non_null(strstr(err.text, scratch));
	pds_free(&r);
}

/* --- by hand, and with another release's record ------------------------- */

/* Run it with standard error at our pipe; @record goes to BOOT_FD. */
static int run_by_hand(char *const *argv, int record, char *said, size_t size)
{
	int fd[2], status;
	ssize_t n, got = 0;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], STDERR_FILENO);
		if (record >= 0) {
			record = dup(record);
			dup2(fd[1], BOOT_LOG_FD + 20);
			dup2(record, BOOT_FD);
			dup2(BOOT_LOG_FD + 20, BOOT_LOG_FD);
		} else {
			close_range(BOOT_FD, ~0u, 0);
		}
		execv(reflect_path(), argv);
		_exit(100);
	}
	close(fd[1]);
	while ((n = read(fd[0], said + got, size - 1 - (size_t)got)) > 0)
		got += n;
	said[got] = '\0';
	close(fd[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void program_started_by_hand_says_how_it_is_meant(void **state)
{
	char *plain[] = { "reflect", NULL };
	char *pd[] = { "reflect", "--pd", NULL };
	char said[1024];

	(void)state;
	assert_int_equal(run_by_hand(plain, -1, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "port NAME { program"));
	assert_int_equal(run_by_hand(pd, -1, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "weir run FILE"));
}

static void record_of_another_release_is_refused(void **state)
{
	struct boot_record record = { .magic = BOOT_MAGIC,
				      .size = sizeof(record),
				      .comp_size =
					      sizeof(struct boot_comp) - 8 };
	char *pd[] = { "reflect", "--pd", NULL };
	int fd = memfd_create("record", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	char said[1024];

	(void)state;
	assert_int_equal(write(fd, &record, sizeof(record)), sizeof(record));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, BOOT_SEALS), 0);
	assert_int_equal(run_by_hand(pd, fd, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "other sources than weir"));
	close(fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, make_scratch, remove_scratch)
		cmocka_unit_test(program_is_shut_in),
		cmocka_unit_test(program_serves_its_port),
		cmocka_unit_test(hc24_program_survives_a_hostile_switch),
		T(files_that_are_no_programs_are_refused),
		cmocka_unit_test(program_is_accepted),
		T(exec_failures_say_which_file),
		T(program_that_has_gone_is_an_error),
		cmocka_unit_test(program_started_by_hand_says_how_it_is_meant),
		cmocka_unit_test(record_of_another_release_is_refused),
	};

	char path[] = "/tmp/weir-reflect-XXXXXX";
	int result;

	/* Executed again, for another user: it is there already. */
	if (argc > 1)
		return pds_main(argc, argv, tests,
				sizeof(tests) / sizeof(tests[0]));
	if (offer_program(path) != 0)
		return 1;
	result = pds_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
	unlink(path);
	return result;
}
