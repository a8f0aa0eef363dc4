/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PD that gets fresh memory while it runs: it does what it is told, and can
 * map nothing else.
 *
 * The PD's one component has one region, mapped for writing, and one that it
 * may only read.  Notified by the process from outside, it adds one to the
 * first byte of the former and logs both; or it does what its configuration
 * names.
 */
#include "tests/unit/pd_rig.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "vmm/linux/pd/loop.h"
#include "vmm/linux/order.h"

#define SIZE 8192u
#define REGIONS PD_RENEW_REGIONS
/* The last region is the one that may only be read. */
#define SLOT_RO (REGIONS - 1)

/* --- the component ------------------------------------------------------ */

static const struct action {
	const char *name;
	int prot;
	int flags;
	int offset;
	bool receive;
	int ctl;
	int receive_flags;
} actions[] = {
	{ .name = "executable",
	  .prot = PROT_READ | PROT_EXEC,
	  .flags = MAP_SHARED | MAP_FIXED },
	{ .name = "executable and writable",
	  .prot = PROT_READ | PROT_WRITE | PROT_EXEC,
	  .flags = MAP_SHARED | MAP_FIXED },
	{ .name = "of no permission",
	  .prot = PROT_NONE,
	  .flags = MAP_SHARED | MAP_FIXED },
	{ .name = "writable only",
	  .prot = PROT_WRITE,
	  .flags = MAP_SHARED | MAP_FIXED },
	{ .name = "anonymous",
	  .prot = PROT_READ | PROT_WRITE,
	  .flags = MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS },
	{ .name = "private",
	  .prot = PROT_READ | PROT_WRITE,
	  .flags = MAP_PRIVATE | MAP_FIXED },
	{ .name = "anywhere", .prot = PROT_READ, .flags = MAP_SHARED },
	{ .name = "locked",
	  .prot = PROT_READ,
	  .flags = MAP_SHARED | MAP_FIXED | MAP_LOCKED },
	{ .name = "from the middle",
	  .prot = PROT_READ,
	  .flags = MAP_SHARED | MAP_FIXED,
	  .offset = 4096 },
	{ .name = "from the log", .receive = true, .ctl = BOOT_LOG_FD },
	{ .name = "with waiting",
	  .receive = true,
	  .ctl = BOOT_CTL_FD,
	  .receive_flags = MSG_CMSG_CLOEXEC },
};
#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static void act(struct component *c, const struct action *a)
{
	struct msghdr msg = { 0 };
	size_t size;

	if (a->receive)
		(void)!recvmsg(a->ctl, &msg,
			       a->ctl == BOOT_CTL_FD ? a->receive_flags
						     : PD_ORDER_FLAGS);
	else
		(void)!mmap(pd_region(c, 0, &size), SIZE, a->prot, a->flags,
			    a->flags & MAP_ANONYMOUS ? -1 : BOOT_LOG_FD,
			    a->offset);
	pd_log(c, "returned");
}

static int probe_init(struct component *c)
{
	(void)c;
	return 0;
}

static void probe_notified(struct component *c, uint32_t channel)
{
	volatile unsigned char *rw = pd_region(c, 0, NULL);
	const volatile unsigned char *ro = pd_region(c, SLOT_RO, NULL);

	(void)channel;
	for (unsigned int i = 0; i < N_ACTIONS && rw[0] == 100; i++)
		if (strcmp(actions[i].name, c->cfg->tap.netns) == 0)
			act(c, &actions[i]);
	rw[0]++;
	pd_log(c, "%u %u", rw[0], ro[0]);
}

static bool probe_run(struct component *c, uint64_t now_ns)
{
	(void)c;
	(void)now_ns;
	return false;
}

static const struct component_ops probe_ops = {
	.kind = SYS_TAP,
	.name = "probe",
	.init = probe_init,
	.notified = probe_notified,
	.run = probe_run,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_TAP] = &probe_ops,
};

/* --- the monitor's part ------------------------------------------------- */

static const struct sys_conn conn = {
	.ingress = { 0, 1, 2 },
	.egress = { 3, 4, 5 },
	.channel = 0,
};

static void make(struct pds *r, const char *action, uint32_t poll_us)
{
	struct sys_component *c;
	uint32_t ch;

	pds_init(r);
	for (uint32_t i = 0; i < REGIONS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "region%u", i);
		pds_map(r, 0, pds_region(r, name, SIZE),
			i == SLOT_RO ? SYS_R : SYS_RW);
	}
	ch = pds_channel(r, "outside");
	c = pds_comp(r, 0, SYS_TAP, "probe");
	c->wire.channel = pds_end(r, ch, 0, 0);
	pds_end(r, ch, 1, SYS_PD_OUTSIDE);
	snprintf(c->tap.netns, sizeof(c->tap.netns), "%s", action);
	r->pd[0].poll_us = poll_us;
	pds_back(r);
	pds_start(r, 0);
	/* Whoever waits looks once when it begins. */
	assert_string_equal(pds_line(r, 0), "1 0");
}

/* Order a renewal, with @n of its descriptors. */
static void order(struct pds *r, uint32_t serial, unsigned int n)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * PD_RENEW_FDS)];
	} control = { 0 };
	struct pd_order o = { .what = PD_ORDER_RENEW, .serial = serial };
	struct iovec iov = { &o, sizeof(o) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(sizeof(int) * n) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	int fd[PD_RENEW_FDS] = { r->b.channel[0].wait[0],
				 r->b.channel[0].ring[1] };

	for (unsigned int i = 0; i < REGIONS; i++) {
		o.slot[i] = i;
		fd[PD_RENEW_REGION + i] =
			backing_dup(&r->b, i, i == SLOT_RO ? SYS_R : SYS_RW);
	}
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(h), fd, sizeof(int) * n);
	assert_int_equal(sendmsg(r->proc[0].ctl_fd, &msg, MSG_NOSIGNAL),
			 sizeof(o));
	for (unsigned int i = 0; i < REGIONS; i++)
		close(fd[PD_RENEW_REGION + i]);
}

static void renew(struct pds *r, uint32_t serial)
{
	struct pd_answer a = { 0 };

	assert_int_equal(backing_renew(&r->b, &conn), 0);
	order(r, serial, PD_RENEW_FDS);
	assert_true(pds_readable(r->proc[0].ctl_fd));
	assert_int_equal(recv(r->proc[0].ctl_fd, &a, sizeof(a), 0), sizeof(a));
	assert_int_equal(a.serial, serial);
	assert_int_equal(a.channel, 0);
}

/* Descriptors a process has. */
static unsigned int fds(pid_t pid)
{
	unsigned int n = 0;
	char path[64];

	for (int fd = 0; fd < 200; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
		n += faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	return n;
}

/* --- tests -------------------------------------------------------------- */

static void a_renewed_pd_works_on_new_memory(void **state)
{
	(void)state;
	for (uint32_t poll_us = 0; poll_us < 2; poll_us++) {
		unsigned char *old, *new, *ro;
		int doorbell;
		struct pds r;

		make(&r, "", poll_us);
		old = backing_map(&r.b, 0, SYS_RW);
		doorbell = dup(r.b.channel[0].ring[0]);
		old[0] = 7;
		renew(&r, 1);
		/* The new doorbell starts with a look, as the old one did. */
		assert_string_equal(pds_line(&r, 0), "1 0");
		new = backing_map(&r.b, 0, SYS_RW);
		ro = backing_map(&r.b, SLOT_RO, SYS_RW);
		assert_int_equal(new[0], 1);
		assert_int_equal(old[0], 7);
		ro[0] = 9;
		ring_end(&r.b, 0, 0);
		assert_string_equal(pds_line(&r, 0), "2 9");
		/* Whatever happens at the old ones is heard by nobody. */
		old[0] = 50;
		for (int i = 0; i < 10; i++)
			(void)!write(doorbell, "12345678", 8);
		ring_end(&r.b, 0, 0);
		assert_string_equal(pds_line(&r, 0), "3 9");
		assert_int_equal(pds_check(&r, 0), 0);
		munmap(old, SIZE);
		munmap(new, SIZE);
		munmap(ro, SIZE);
		close(doorbell);
		pds_free(&r);
	}
}

static void a_thousand_renewals_leave_nothing(void **state)
{
	unsigned int before;
	struct pds r;

	(void)state;
	make(&r, "", 0);
	before = fds(r.proc[0].pid);
	for (uint32_t i = 1; i <= 1000; i++) {
		renew(&r, i);
		assert_string_equal(pds_line(&r, 0), "1 0");
	}
	assert_int_equal(fds(r.proc[0].pid), before);
	assert_int_equal(pds_check(&r, 0), 0);
	pds_free(&r);
}

/* One that it cannot carry out it does not say it has. */
static void an_order_that_is_cut_short_is_not_answered(void **state)
{
	unsigned int before;
	struct pds r;

	(void)state;
	make(&r, "", 0);
	before = fds(r.proc[0].pid);
	for (unsigned int n = 1; n < PD_RENEW_FDS; n++)
		order(&r, n, n);
	/* And goes on as before. */
	ring_end(&r.b, 0, 0);
	assert_string_equal(pds_line(&r, 0), "2 0");
	renew(&r, 100);
	assert_string_equal(pds_line(&r, 0), "1 0");
	assert_int_equal(fds(r.proc[0].pid), before);
	pds_free(&r);
}

static void told_to_look_it_looks(void **state)
{
	const struct pd_order look = { .what = PD_ORDER_LOOK };
	struct pds r;

	(void)state;
	make(&r, "", 0);
	for (int i = 2; i < 5; i++) {
		char line[16];

		assert_int_equal(send(r.proc[0].ctl_fd, &look, sizeof(look), 0),
				 sizeof(look));
		snprintf(line, sizeof(line), "%d 0", i);
		assert_string_equal(pds_line(&r, 0), line);
	}
	/* Without a monitor it goes. */
	shutdown(r.proc[0].ctl_fd, SHUT_RDWR);
	assert_int_equal(pds_wait(&r, 0), 0);
	pds_free(&r);
}

static void every_other_mapping_ends_the_pd(void **state)
{
	(void)state;
	/* A sanitizer's runtime may map. */
	for (unsigned int i = 0; i < N_ACTIONS; i++) {
		unsigned char *rw;
		struct pds r;
		int status;

		if (SANDBOX_SANITIZED && !actions[i].receive)
			continue;
		make(&r, actions[i].name, 0);
		rw = backing_map(&r.b, 0, SYS_RW);
		rw[0] = 100;
		munmap(rw, SIZE);
		ring_end(&r.b, 0, 0);
		status = pds_wait(&r, 0);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: status 0x%x", actions[i].name, status);
		pds_free(&r);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renewed_pd_works_on_new_memory),
		cmocka_unit_test(a_thousand_renewals_leave_nothing),
		cmocka_unit_test(an_order_that_is_cut_short_is_not_answered),
		cmocka_unit_test(told_to_look_it_looks),
		cmocka_unit_test(every_other_mapping_ends_the_pd),
	};

	return pds_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
