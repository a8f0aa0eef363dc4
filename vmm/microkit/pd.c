/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>

#include "vmm/microkit/pd.h"

/* A label of sDDF's timer PD: a timeout, nanoseconds from now in word 0. */
#define TIMER_SET_TIMEOUT 1u

#define SECOND 1000000000ull

uintptr_t weir_config;

const void *mk_config(enum mk_kind kind, size_t size)
{
	const struct mk_head *head = mk_at(weir_config);

	if (head == NULL || head->magic != MK_MAGIC) {
		mk_say("no configuration is mapped at weir_config", NULL);
		return NULL;
	}
	if (head->version != MK_VERSION || head->kind != kind ||
	    head->size != size) {
		mk_say("the configuration is another program's or version's: "
		       "compile the topology anew",
		       NULL);
		return NULL;
	}
	return head;
}

void mk_notify(uint32_t channel)
{
	if (channel < MK_CHANNELS)
		microkit_notify(channel);
}

/* Of the whole seconds and the rest, so that 64 bits are enough. */
uint64_t mk_now(void)
{
	uint64_t ticks = mk_ticks(), hz = mk_ticks_a_second();

	return ticks / hz * SECOND + ticks % hz * SECOND / hz;
}

void mk_wake_after(uint32_t channel, uint64_t ns)
{
	if (channel >= MK_CHANNELS)
		return;
	microkit_mr_set(0, ns);
	microkit_ppcall(channel, microkit_msginfo_new(TIMER_SET_TIMEOUT, 1));
}

void mk_say(const char *text, ...)
{
	va_list ap;

	microkit_dbg_puts(microkit_name);
	microkit_dbg_puts(": ");
	va_start(ap, text);
	for (; text != NULL; text = va_arg(ap, const char *))
		microkit_dbg_puts(text);
	va_end(ap);
	microkit_dbg_puts("\n");
}

const char *mk_decimal(char *buf, uint64_t n)
{
	char *at = buf + MK_DECIMAL - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return at;
}
