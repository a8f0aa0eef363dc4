/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PD's process: libmicrokit on top of messages to the kernel.
 *
 * A crash becomes a message as well, and the process waits in the handler of
 * the signal until it is restarted.  A restart begins at init() again and
 * leaves all variables as they are, like microkit_pd_restart().
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microkit.h>

#include "message.h"
#include "vmm/microkit/pd.h"

char microkit_name[MICROKIT_PD_NAME_LENGTH];

static sigjmp_buf start;
static uint64_t words[MK_MRS];
static uint64_t may_notify, may_call;
static const volatile uint64_t *now;
static bool deferred;
static microkit_channel deferred_to;

static void die(const char *what)
{
	dprintf(STDERR_FILENO, "%s: %s\n", microkit_name, what);
	_exit(2);
}

static void get(void *to, size_t n)
{
	/* The kernel has ended, and so do we. */
	if (recv(MK_SOCKET, to, n, MSG_WAITALL) != (ssize_t)n)
		_exit(0);
}

static void call(struct message *m)
{
	if (send(MK_SOCKET, m, sizeof(*m), MSG_NOSIGNAL) != sizeof(*m))
		_exit(0);
	get(m, sizeof(*m));
	if (m->what == ANSWER_RESTART)
		siglongjmp(start, 1);
}

uint64_t mk_ticks(void)
{
	return *now;
}

uint64_t mk_ticks_a_second(void)
{
	return 1000000000;
}

/* --- calls -------------------------------------------------------------- */

void microkit_notify(microkit_channel ch)
{
	struct message m = { .what = CALL_NOTIFY, .number = ch };

	if (ch >= MICROKIT_MAX_CHANNELS || !(may_notify >> ch & 1))
		die("notifies a channel it does not have");
	call(&m);
}

void microkit_deferred_notify(microkit_channel ch)
{
	if (deferred)
		die("defers a second notification");
	deferred = true;
	deferred_to = ch;
}

microkit_msginfo microkit_ppcall(microkit_channel ch, microkit_msginfo msginfo)
{
	struct message m = { .what = CALL_PPC,
			     .number = ch,
			     .label = msginfo.label,
			     .count = msginfo.count };

	if (ch >= MICROKIT_MAX_CHANNELS || !(may_call >> ch & 1))
		die("calls a channel it does not have");
	memcpy(m.mr, words, sizeof(words));
	call(&m);
	memcpy(words, m.mr, sizeof(words));
	return microkit_msginfo_new(m.label, (uint16_t)m.count);
}

void microkit_pd_restart(microkit_child pd, seL4_Word entry_point)
{
	struct message m = { .what = CALL_RESTART, .number = pd };

	(void)entry_point;
	call(&m);
}

void microkit_pd_stop(microkit_child pd)
{
	struct message m = { .what = CALL_STOP, .number = pd };

	call(&m);
}

void microkit_mr_set(uint8_t mr, seL4_Word value)
{
	if (mr >= MK_MRS)
		die("sets a message word there is not");
	words[mr] = value;
}

seL4_Word microkit_mr_get(uint8_t mr)
{
	if (mr >= MK_MRS)
		die("gets a message word there is not");
	return words[mr];
}

void microkit_dbg_puts(const char *s)
{
	struct message m = { .what = CALL_PRINT };

	snprintf(m.text, sizeof(m.text), "%s", s);
	call(&m);
}

void microkit_dbg_putc(int c)
{
	const char s[] = { (char)c, '\0' };

	microkit_dbg_puts(s);
}

/* --- entry points a program may leave out ------------------------------- */

__attribute__((weak))
microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
	(void)ch;
	(void)msginfo;
	die("has no protected()");
	return msginfo;
}

__attribute__((weak)) seL4_Bool fault(microkit_child child,
				      microkit_msginfo msginfo,
				      microkit_msginfo *reply_msginfo)
{
	(void)child;
	(void)msginfo;
	(void)reply_msginfo;
	die("has no fault()");
	return seL4_False;
}

/* --- events ------------------------------------------------------------- */

static void crashed(int sig)
{
	struct message m = { .what = CALL_FAULT, .number = (uint32_t)sig };

	call(&m);
	/* Resumed: the instruction is run again. */
}

static void handle_signals(void)
{
	const int all[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
	struct sigaction sa = { .sa_handler = crashed, .sa_flags = SA_NODEFER };

	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sigaction(all[i], &sa, NULL);
}

static void run_event(struct message *m)
{
	microkit_msginfo msg =
		microkit_msginfo_new(m->label, (uint16_t)m->count);
	microkit_msginfo reply = microkit_msginfo_new(0, 0);
	uint64_t bits = m->bits;
	uint32_t number = m->number, replies = 0;

	if (m->what == EVENT_NOTIFIED) {
		for (unsigned int ch = 0; bits != 0; ch++, bits >>= 1)
			if (bits & 1)
				notified(ch);
	} else if (m->what == EVENT_PROTECTED) {
		memcpy(words, m->mr, sizeof(words));
		reply = protected(number, msg);
		replies = 1;
	} else if (m->what == EVENT_FAULT) {
		replies = fault(number, msg, &reply) ? 1 : 0;
	} else {
		die("got an event there is not");
	}
	if (deferred)
		microkit_notify(deferred_to);
	deferred = false;
	*m = (struct message){ .what = CALL_RECEIVE,
			       .replies = replies,
			       .label = reply.label,
			       .count = reply.count };
	memcpy(m->mr, words, sizeof(words));
}

static void set_up(void)
{
	struct setup s;

	get(&s, sizeof(s));
	memcpy(microkit_name, s.name, sizeof(microkit_name));
	may_notify = s.notifies;
	may_call = s.calls;
	now = mmap(NULL, 4096, PROT_READ, MAP_SHARED, s.clock, 0);
	for (uint32_t i = 0; i < s.n_maps; i++) {
		struct setup_map map;
		uintptr_t *symbol;

		get(&map, sizeof(map));
		if (mmap(mk_at(map.vaddr), map.size,
			 PROT_READ | (map.writable ? PROT_WRITE : 0),
			 MAP_SHARED | MAP_FIXED_NOREPLACE, map.fd,
			 0) != mk_at(map.vaddr))
			die("cannot map a region");
		if (map.symbol[0] == '\0')
			continue;
		symbol = dlsym(RTLD_DEFAULT, map.symbol);
		if (symbol == NULL)
			die("has no variable of the name in setvar_vaddr");
		*symbol = map.vaddr;
	}
}

int main(void)
{
	/* Not on the stack: a restart would leave it undefined. */
	static struct message m;

	set_up();
	handle_signals();
	/* The kernel says when. */
	get(&m, sizeof(m));
	sigsetjmp(start, 1);
	deferred = false;
	init();
	if (deferred)
		microkit_notify(deferred_to);
	deferred = false;
	m = (struct message){ .what = CALL_RECEIVE };
	for (;;) {
		call(&m);
		run_event(&m);
	}
}
