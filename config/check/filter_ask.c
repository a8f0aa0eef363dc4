/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Some processes take one expression after the other and write answers into
 * memory they share with the compiler, which waits for a pipe that nobody has
 * open any more.
 */
#include "config/check/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 16

int filter_limit_ms = 4000;

/* An expression with names; @known: from @t->base. */
struct topo_asked {
	struct topo_asked *next;
	const char *text;
	bool known;
	struct filter_answer answer;
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

/* --- expressions --------------------------------------------------------- */

const struct filter_answer *filter_answered(const struct topology *t,
					    const char *expression)
{
	const struct topo_asked *a;

	for_each(a, t->asked) {
		if (strcmp(a->text, expression) == 0)
			return &a->answer;
	}
	return NULL;
}

/* @insn: NULL: it is still to be asked. */
static void note(struct topology *t, const char *text, const void *insn,
		 uint32_t n)
{
	struct topo_asked *a;

	if (!text || strlen(text) >= SYS_PATH || filter_answered(t, text) ||
	    !(insn ? n : has_names(text)))
		return;
	a = arena_alloc(t->arena,
			insn ? offsetof(struct topo_asked, answer.insn) +
					n * sizeof(a->answer.insn[0])
			     : sizeof(*a));
	a->text = text;
	a->known = insn;
	a->answer.n = n;
	if (insn)
		memcpy(a->answer.insn, insn, n * sizeof(a->answer.insn[0]));
	topo_append(t->asked, a);
}

static void note_base(struct topology *t, const struct system *base)
{
	for (size_t i = 0; i < base->n_policies; i++) {
		const struct policy_image *image = &base->policy[i].image;

		for (uint32_t k = 0; k < image->n_rules; k++)
			note(t, base->policy[i].rule[k].text,
			     &image->insn[image->rule[k].first],
			     image->rule[k].n);
	}
	for (size_t i = 0; i < base->n_pds; i++) {
		for (uint32_t k = 0; k < base->pd[i].n_comps; k++) {
			const struct sys_component *c = &base->pd[i].comp[k];

			if (c->kind == SYS_CAPTURE)
				note(t, c->capture.filter_text,
				     c->capture.filter, c->capture.n_filter);
		}
	}
}

/* --- processes ----------------------------------------------------------- */

struct shared {
	unsigned int next; /* expression to be taken */
	struct {
		bool done;
		struct filter_answer answer;
	} of[];
};

static _Noreturn void child(const struct topology *t, struct shared *shared,
			    pid_t parent)
{
	const struct topo_asked *a;
	unsigned int i = 0, mine;

	prctl(PR_SET_NAME, "weir-resolve");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	mine = __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
	for_each(a, t->asked) {
		if (a->known || i++ != mine)
			continue;
		filter_ask(a->text, &shared->of[mine].answer);
		__atomic_store_n(&shared->of[mine].done, true,
				 __ATOMIC_RELEASE);
		mine = __atomic_fetch_add(&shared->next, 1, __ATOMIC_RELAXED);
	}
	_exit(0);
}

static void run(const struct topology *t, unsigned int n, struct shared *shared)
{
	pid_t pid[PROCESSES], parent = getpid();
	struct pollfd end = { .fd = -1 };
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return;
	end.fd = fd[0];
	for (unsigned int i = 0; i < PROCESSES; i++) {
		pid[i] = i < n ? fork() : -1;
		if (pid[i] == 0)
			child(t, shared, parent);
	}
	close(fd[1]);
	while (poll(&end, 1, filter_limit_ms) < 0 && errno == EINTR)
		;
	close(fd[0]);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		if (pid[i] > 0)
			kill(pid[i], SIGKILL);
		while (pid[i] > 0 && waitpid(pid[i], NULL, 0) < 0 &&
		       errno == EINTR)
			;
	}
}

static void take(struct topo_asked *a, const struct shared *shared,
		 unsigned int i)
{
	if (__atomic_load_n(&shared->of[i].done, __ATOMIC_ACQUIRE)) {
		a->answer = shared->of[i].answer;
		return;
	}
	a->answer.failed = true;
	snprintf(a->answer.error, sizeof(a->answer.error),
		 "names were not looked up within %g s, the limit for all "
		 "filters together",
		 filter_limit_ms / 1000.0);
}

void filter_ask_all(struct topology *t)
{
	const struct topo_port *port;
	const struct topo_rule *rule;
	struct topo_asked *a;
	struct shared *shared;
	size_t size = sizeof(*shared);
	unsigned int n = 0;

	if (t->base)
		note_base(t, t->base);
	for_each_port(port, t)
		note(t, port->capture.filter.arg.text, NULL, 0);
	for_each(rule, t->rules)
		note(t, rule->when ? rule->when->text : NULL, NULL, 0);
	for_each(a, t->asked) {
		n += !a->known;
		size += a->known ? 0 : sizeof(shared->of[0]);
	}
	if (!n)
		return;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		out_of_memory();
	run(t, n, shared);
	n = 0;
	for_each(a, t->asked) {
		if (!a->known)
			take(a, shared, n++);
	}
	munmap(shared, size);
}
