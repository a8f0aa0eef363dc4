/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process that compiles an expression writes its answer into a pipe, which
 * has room for all of it, and ends.
 */
#include "config/check/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_A_TIME 16

int filter_limit_ms = 4000;

/* An expression with names; its process runs while @pid is set. */
struct topo_asked {
	struct topo_asked *next;
	const char *text;
	struct filter_answer *answer;
	pid_t pid;
	int fd;
};

/* --- words --------------------------------------------------------------- */

static const char signs[] = " \t\n()[]!&|=<>+-*/%^,";

const char *filter_word(const char *text, const char *word)
{
	size_t len;

	for (; *text; text += len) {
		text += strspn(text, signs);
		len = strcspn(text, signs);
		if (len == strlen(word) && strncmp(text, word, len) == 0)
			return text;
	}
	return NULL;
}

/* May libpcap look something up?  A word too few here costs a process. */
static bool has_names(const char *e)
{
	static const char known[] =
		"and or not src dst host net port portrange proto ether ip ip6 "
		"arp rarp tcp udp sctp icmp icmp6 igmp vlan mpls multicast "
		"broadcast inbound outbound less greater len mask stp pim vrrp "
		"carp icmptype icmpcode icmp6type icmp6code tcpflags syn ack "
		"fin rst push urg protochain";
	char word[32];
	size_t len;

	for (; *e; e += len) {
		e += strspn(e, signs);
		len = strcspn(e, signs);
		if (*e == '\\' || len >= sizeof(word))
			return true;
		memcpy(word, e, len);
		word[len] = '\0';
		/* Numbers and addresses. */
		if (word[strspn(word, "0123456789abcdefx.")] == '\0' ||
		    strchr(word, ':'))
			continue;
		if (!filter_word(known, word))
			return true;
	}
	return false;
}

/* --- in a process of its own --------------------------------------------- */

static _Noreturn void child(const char *text, int fd, pid_t parent)
{
	struct filter_answer answer = { .n = 0 };
	size_t size = offsetof(struct filter_answer, insn);

	prctl(PR_SET_NAME, "weir-resolve");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	filter_ask(text, &answer);
	if (answer.n <= SYS_FILTER_MAX)
		size += answer.n * sizeof(answer.insn[0]);
	_exit(write(fd, &answer, size) > 0 ? 0 : 1);
}

/* --- in the compiler ----------------------------------------------------- */

static struct topo_asked *find(const struct topology *t, const char *text)
{
	struct topo_asked *a;

	for_each(a, t->asked) {
		if (strcmp(a->text, text) == 0)
			return a;
	}
	return NULL;
}

const struct filter_answer *filter_answered(const struct topology *t,
					    const char *expression)
{
	const struct topo_asked *a = find(t, expression);

	return a ? a->answer : NULL;
}

static void note(struct topology *t, const struct name *text,
		 enum filter_use use)
{
	struct topo_asked *a;
	struct filter unused;

	if (!text->text || strlen(text->text) >= SYS_PATH ||
	    !has_names(text->text) || find(t, text->text) ||
	    filter_is_known(t, text->text, use, &unused))
		return;
	a = arena_alloc(t->arena, sizeof(*a));
	a->text = text->text;
	topo_append(t->asked, a);
}

/* There is no answer of libpcap's. */
static void fail(struct topology *t, struct topo_asked *a, const char *why)
{
	a->answer = arena_alloc(t->arena, sizeof(*a->answer));
	a->answer->failed = true;
	snprintf(a->answer->error, sizeof(a->answer->error), "%s", why);
}

static void start(struct topology *t, struct topo_asked *a)
{
	pid_t parent = getpid();
	int fd[2];

	fail(t, a, "no process could be started for it");
	if (pipe2(fd, O_CLOEXEC) != 0)
		return;
	a->fd = fd[0];
	a->pid = fork();
	if (a->pid == 0)
		child(a->text, fd[1], parent);
	close(fd[1]);
	if (a->pid < 0)
		close(fd[0]);
}

static void end(struct topo_asked *a)
{
	kill(a->pid, SIGKILL);
	while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(a->fd);
	a->pid = 0;
}

/* Its process is no more. */
static void take(struct topology *t, struct topo_asked *a)
{
	if (read(a->fd, a->answer, sizeof(*a->answer)) <= 0)
		fail(t, a, "its process has failed");
	end(a);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Those that run, after more of them have been started. */
static unsigned int gather(struct topology *t, struct topo_asked **running,
			   struct pollfd *poll)
{
	struct topo_asked *a;
	unsigned int n = 0;

	for_each(a, t->asked) {
		if (n == AT_A_TIME)
			break;
		if (!a->answer)
			start(t, a);
		if (a->pid <= 0)
			continue;
		/* Of interest is that its other end is closed. */
		poll[n] = (struct pollfd){ .fd = a->fd };
		running[n++] = a;
	}
	return n;
}

static void give_up(struct topology *t)
{
	const char *why = arena_printf(t->arena,
				       "names were not looked up within %g s, "
				       "the limit for all filters together",
				       filter_limit_ms / 1000.0);
	struct topo_asked *a;

	for_each(a, t->asked) {
		if (a->answer && a->pid <= 0)
			continue;
		fail(t, a, why);
		if (a->pid > 0)
			end(a);
	}
}

static void run(struct topology *t)
{
	int64_t deadline = now_ms() + filter_limit_ms;
	struct topo_asked *running[AT_A_TIME];
	struct pollfd fds[AT_A_TIME];
	unsigned int n;

	while ((n = gather(t, running, fds)) > 0) {
		int64_t left = deadline - now_ms();
		int ready = left > 0 ? poll(fds, n, (int)left) : 0;

		if (ready == 0) {
			give_up(t);
			return;
		}
		for (unsigned int i = 0; ready > 0 && i < n; i++) {
			if (fds[i].revents)
				take(t, running[i]);
		}
	}
}

void filter_ask_all(struct topology *t)
{
	const struct topo_port *port;
	const struct topo_rule *rule;

	for_each_port(port, t) {
		if (port->kind == TO_CAPTURE && port->capture.filter.set)
			note(t, &port->capture.filter.arg, FILTER_CAPTURE);
	}
	for_each(rule, t->rules) {
		if (rule->when)
			note(t, rule->when, FILTER_RULE);
	}
	run(t);
}
