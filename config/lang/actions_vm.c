/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar's actions for what is written in a vm.
 */
#include "config/lang/parser.h"

#include <string.h>

#include "config/lang/value.h"

static const struct unit octets[] = { { "m", 1ull << 20 },
				      { "g", 1ull << 30 },
				      { NULL, 0 } };

static const struct unit seconds[] = {
	{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { NULL, 0 }
};

/* Less does not hold a kernel; more is never what a driver needs. */
#define MIN_MEMORY (16ull << 20)
#define MAX_MEMORY (2ull << 30)
/* What a guest's RAM is mapped in, for it and for the card. */
#define MEMORY_STEP (2ull << 20)
#define DEFAULT_MEMORY (32ull << 20)

/* The guest shows once a second that it lives; less would be a guess. */
#define MIN_WATCHDOG 2u
#define MAX_WATCHDOG 3600u
#define DEFAULT_WATCHDOG 10u

void on_vm(struct parser *p, const struct name *name)
{
	struct topo_vm *vm = arena_alloc(p->arena, sizeof(*vm));

	vm->name = *name;
	vm->memory.value = DEFAULT_MEMORY;
	vm->watchdog.value = DEFAULT_WATCHDOG;
	if (!value_identifier(p->report, name, "vm")) {
		vm->name.text = NULL;
		p->t->broken = true;
	}
	if (!refuse_runtime(p, name->pos))
		topo_append(p->t->vms, vm);
	p->vm = vm;
}

void on_kernel(struct parser *p, struct pos at, const struct name *file)
{
	if (option_once(p, &p->vm->kernel, at, "kernel"))
		p->vm->kernel.arg = take_file(p, file);
}

void on_initrd(struct parser *p, struct pos at, const struct name *file)
{
	if (option_once(p, &p->vm->initrd, at, "initrd"))
		p->vm->initrd.arg = take_file(p, file);
}

void on_memory(struct parser *p, struct pos at, const struct name *size)
{
	struct option *o = &p->vm->memory;
	uint64_t odd;

	if (!option_once(p, o, at, "memory") ||
	    !value_with_unit(p->report, size, "a VM's memory", octets,
			     "mebibytes or gibibytes, from 16m to 2g: 32m",
			     MIN_MEMORY, MAX_MEMORY, &o->value))
		return;
	odd = o->value % MEMORY_STEP;
	if (odd)
		report_error(p->report, size->pos,
			     "%s is no multiple of 2m; the nearest are %um and "
			     "%um",
			     size->text, (unsigned int)((o->value - odd) >> 20),
			     (unsigned int)((o->value - odd + MEMORY_STEP) >>
					    20));
}

void on_card(struct parser *p, struct pos at, bool pci,
	     const struct name *address)
{
	if (!option_once(p, &p->vm->nic, at, "nic"))
		return;
	if (!pci)
		report_error(
			p->report, address->pos,
			"a vm's card is named by its PCI address, as lspci "
			"-D shows it: nic pci \"0000:00:03.0\"");
	else if (value_pci(p->arena, p->report, address))
		p->vm->nic.arg = *address;
}

void on_uncached(struct parser *p, struct pos at)
{
	option_once(p, &p->vm->uncached, at, "shared uncached");
}

void on_watchdog(struct parser *p, struct pos at, const struct name *time)
{
	struct option *o = &p->vm->watchdog;

	if (!option_once(p, o, at, "watchdog"))
		return;
	if (time == NULL)
		o->value = 0;
	else
		value_with_unit(p->report, time, "a watchdog's time", seconds,
				"seconds, minutes or hours, from 2s to 1h: "
				"10s",
				MIN_WATCHDOG, MAX_WATCHDOG, &o->value);
}

static bool is_printable(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return *text == '\0';
}

void on_append(struct parser *p, struct pos at, const struct name *words)
{
	size_t len;

	if (!option_once(p, &p->vm->append, at, "append") || !words->text)
		return;
	len = strlen(words->text);
	if (len >= SYS_PATH)
		report_error(p->report, words->pos,
			     "the text to append has %zu characters; a command "
			     "line can take %d more",
			     len, SYS_PATH - 1);
	else if (!is_printable(words->text))
		report_error(p->report, words->pos,
			     "what is appended to a command line is plain "
			     "ASCII: letters, digits, spaces and punctuation");
	else
		p->vm->append.arg = *words;
}
