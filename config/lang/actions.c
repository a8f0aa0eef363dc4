/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the statements of the topology, a switch and a vm do, and those of many
 * places.
 */
#include "config/lang/actions.h"

#include <string.h>

#include "config/lang/value.h"

#define DEFAULT_ENTRIES 4096u
#define DEFAULT_AGEING 300u
#define DEFAULT_FLOWS 4096u
#define DEFAULT_WATCHDOG 10u

/* Fewer flows than this are forgotten before they are answered. */
#define MIN_FLOWS 16u
/* What a guest's RAM is mapped in, for it and for the card. */
#define MEMORY_STEP (2ull << 20)

bool option_once(struct parser *p, struct option *o, struct pos at,
		 const char *what)
{
	if (o->set) {
		wrong(p, at,
		      "\"%s\" is here twice; the first is in %s: take one of "
		      "the two out",
		      what, place(p, at, o->pos));
		return false;
	}
	o->set = true;
	o->pos = at;
	return true;
}

void on_number(struct parser *p, struct args *a)
{
	value_number(p->t, a->v[0], a->form->measure, &a->o->value);
}

void on_text(struct parser *p, struct args *a)
{
	(void)p;
	a->o->arg = *a->v[0];
}

void on_file(struct parser *p, struct args *a)
{
	a->o->arg = value_file(p->t, a->v[0]);
}

/* --- topology ----------------------------------------------------------- */

bool refuse_runtime(struct parser *p, struct pos at)
{
	if (!source_is_runtime(&at))
		return false;
	/* What would follow from it is of no interest. */
	p->t->broken = true;
	wrong(p, at,
	      "while it runs only allow, deny and set can be given; put this "
	      "into the file and start anew");
	return true;
}

struct name new_name(struct parser *p, const struct args *a, const char *what,
		     bool *broken)
{
	struct name name = *a->v[0];

	if (!value_identifier(p->t, &name, what)) {
		name.text = NULL;
		*broken = true;
	}
	return name;
}

void on_include(struct parser *p, struct args *a)
{
	const struct name *path = a->v[0];

	/* The file's tokens come behind the end of this line. */
	if (p->src.now.kind != T_SEP)
		return;
	/* The names that will be missed may be in what cannot be read. */
	if (refuse_runtime(p, path->pos) ||
	    !value_path(p->t, path, SYS_PATH - 1, "weir") ||
	    !source_include(&p->src, path->text, path->pos)) {
		p->t->broken = true;
		return;
	}
	parse_items(p, IN_TOPOLOGY);
	source_leave(&p->src);
}

void on_switch(struct parser *p, struct args *a)
{
	struct topo_switch *sw = arena_alloc(p->arena, sizeof(*sw));

	sw->name = new_name(p, a, "switch", &p->t->broken);
	sw->fdb.value = DEFAULT_ENTRIES;
	sw->ageing.value = DEFAULT_AGEING;
	sw->flows.value = DEFAULT_FLOWS;
	if (!refuse_runtime(p, a->v[0]->pos))
		topo_append(p->t->switches, sw);
	p->in.self = p->in.sw = sw;
	p->in.broken = &sw->broken;
}

void on_port(struct parser *p, struct args *a)
{
	struct topo_switch *sw = p->in.sw;
	struct topo_port *port = topo_add_port(p->t, sw, a->v[0]);

	port->name = new_name(p, a, "port", &sw->broken);
	p->in.self = p->in.port = port;
	p->in.settings = &port->settings;
	p->in.broken = &port->broken;
}

void on_link(struct parser *p, struct args *a)
{
	struct topo_link *link = arena_alloc(p->arena, sizeof(*link));

	link->pos = a->at;
	link->end[0] = a->v[0];
	link->end[1] = a->v[1];
	if (!refuse_runtime(p, a->at))
		topo_append(p->t->links, link);
	p->in.settings = &link->settings;
	p->in.broken = &p->ignored;
}

void on_domain(struct parser *p, struct args *a)
{
	struct topo_domain *domain = arena_alloc(p->arena, sizeof(*domain));

	domain->name = new_name(p, a, "domain", &p->ignored);
	domain->pd = SYS_NONE;
	if (!refuse_runtime(p, a->v[0]->pos))
		topo_append(p->t->domains, domain);
	p->in.self = domain;
	p->in.members = &domain->members;
	p->in.broken = &domain->broken;
}

void on_placement(struct parser *p, struct args *a)
{
	struct topo_placement *placement =
		arena_alloc(p->arena, sizeof(*placement));

	placement->pos = a->at;
	if (!refuse_runtime(p, a->at))
		topo_append(p->t->placements, placement);
	p->in.self = placement;
	p->in.members = &placement->members;
	p->in.broken = &placement->broken;
}

void on_cpu(struct parser *p, struct args *a)
{
	static const struct measure processor = { "processor", NULL, 0,
						  SYS_MAX_CPUS - 1, NULL };
	struct topo_placement *placement = p->in.self;
	const struct name *n;
	uint64_t first, last;

	for_each(n, a->list.first) {
		if (!value_range(p->t, n, &processor, &first, &last)) {
			placement->broken = true;
			continue;
		}
		for (; first <= last; first++)
			cpus_add(&placement->cpus, (uint32_t)first);
	}
}

void on_group(struct parser *p, struct args *a)
{
	struct topo_group *group = arena_alloc(p->arena, sizeof(*group));

	group->name = new_name(p, a, "group", &p->t->broken);
	if (!refuse_runtime(p, a->v[0]->pos))
		topo_append(p->t->groups, group);
	p->in.members = &group->members;
	p->in.broken = &group->broken;
}

void on_set(struct parser *p, struct args *a)
{
	struct topo_set *set = arena_alloc(p->arena, sizeof(*set));

	set->port = *a->v[0];
	p->in.set = true;
	p->in.settings = &set->settings;
	p->in.broken = &p->ignored;
	if (source_is_runtime(&a->at))
		topo_append(p->t->sets, set);
	else
		wrong(p, a->at,
		      "\"set\" is for changes while it runs; in a file this is "
		      "written in the port: port %s { ... }",
		      name_shown(&set->port));
}

/* --- rules -------------------------------------------------------------- */

void on_rule(struct parser *p, struct args *a)
{
	struct topo_rule *rule = arena_alloc(p->arena, sizeof(*rule));

	rule->pos = a->at;
	rule->deny = a->form->n == DENY;
	rule->both = a->arrow == BOTH_WAYS;
	rule->broken = a->failed || a->arrow == NO_ARROW;
	rule->runtime = source_is_runtime(&a->at);
	rule->when = a->v[0];
	for (unsigned int i = 0; i < 2; i++) {
		rule->side[i] = a->side[i];
		if (a->side[i].list && !a->side[i].names.n)
			wrong(p, a->at,
			      "a list of this rule is empty; write the ports "
			      "in it: { PORT, PORT }");
	}
	topo_append(p->t->rules, rule);
	if (strcmp(a->last.text, "reply") != 0)
		return;
	if (rule->deny)
		wrong(p, a->last.pos,
		      "\"reply\" lets answers back, and a deny lets nothing "
		      "through that could be answered; take it out");
	else
		option_once(p, &rule->reply, a->last.pos, "reply");
}

/* --- switch ------------------------------------------------------------- */

void on_fdb(struct parser *p, struct args *a)
{
	static const struct measure size = { "a table size", "entries", 1,
					     FDB_MAX_CAPACITY, NULL };

	if (a->v[0])
		value_number(p->t, a->v[0], &size, &a->o->value);
}

/* Once a word of the language. */
void refuse_linear(struct parser *p, struct args *a)
{
	wrong(p, a->last.pos,
	      "the kind of table is chosen when weir is built (make "
	      "FDB=linear); write fdb ENTRIES");
}

void on_flows(struct parser *p, struct args *a)
{
	if (value_number(p->t, a->v[0], a->form->measure, &a->o->value) &&
	    a->o->value && a->o->value < MIN_FLOWS)
		wrong(p, a->v[0]->pos,
		      "%s flows are too few to be of use; write 0 for none, or "
		      "%u to %u",
		      a->v[0]->text, MIN_FLOWS,
		      (unsigned int)a->form->measure->max);
}

void on_policy(struct parser *p, struct args *a)
{
	struct topo_switch *sw = p->in.sw;
	const struct name *word;

	for_each(word, a->list.first) {
		if (sw->n_words == POLICY_MAX_WORDS) {
			wrong(p, word->pos,
			      "a policy is handed %u words, and this is one "
			      "more: take it out",
			      POLICY_MAX_WORDS);
			return;
		}
		if (value_word(p->t, word, &sw->words[sw->n_words]))
			sw->n_words++;
	}
}

/* --- vm ----------------------------------------------------------------- */

void on_vm(struct parser *p, struct args *a)
{
	struct topo_vm *vm = arena_alloc(p->arena, sizeof(*vm));

	vm->name = new_name(p, a, "vm", &p->t->broken);
	vm->watchdog.value = DEFAULT_WATCHDOG;
	vm->cpus.value = 1;
	if (!refuse_runtime(p, a->v[0]->pos))
		topo_append(p->t->vms, vm);
	p->in.self = vm;
	p->in.broken = &vm->broken;
}

void on_memory(struct parser *p, struct args *a)
{
	uint64_t odd;

	if (!value_number(p->t, a->v[0], a->form->measure, &a->o->value))
		return;
	odd = a->o->value % MEMORY_STEP;
	if (odd)
		wrong(p, a->v[0]->pos,
		      "%s is no multiple of 2m; the nearest are %um and %um",
		      a->v[0]->text, (unsigned int)((a->o->value - odd) >> 20),
		      (unsigned int)((a->o->value - odd + MEMORY_STEP) >> 20));
}

void on_never(struct parser *p, struct args *a)
{
	(void)p;
	a->o->value = 0;
}

void on_card(struct parser *p, struct args *a)
{
	if (value_pci(p->t, a->v[0]))
		a->o->arg = *a->v[0];
}

void refuse_interface(struct parser *p, struct args *a)
{
	wrong(p, a->v[0]->pos,
	      "a vm's card is named by its PCI address, as lspci -D shows it: "
	      "nic pci \"0000:00:03.0\"");
}

void on_append(struct parser *p, struct args *a)
{
	const char *text = a->v[0]->text;
	const char *c = text;

	while (*c >= ' ' && *c <= '~')
		c++;
	if (strlen(text) >= SYS_PATH)
		wrong(p, a->v[0]->pos,
		      "the text to append has %zu characters; a command line "
		      "can take %d more",
		      strlen(text), SYS_PATH - 1);
	else if (*c)
		wrong(p, a->v[0]->pos,
		      "what is appended to a command line is plain ASCII: "
		      "letters, digits, spaces and punctuation");
	else
		a->o->arg = *a->v[0];
}
