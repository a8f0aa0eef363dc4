/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/lang/form.h"

#include <ctype.h>
#include <string.h>

static size_t element_len(const char *at)
{
	return strcspn(at, " ,]");
}

static bool is(const char *at, const char *what)
{
	return element_len(at) == strlen(what) &&
	       strncmp(at, what, strlen(what)) == 0;
}

static bool has_commas(const char *at)
{
	return at[element_len(at)] == ',';
}

bool element_is_list(const char *at)
{
	at += element_len(at);
	return strncmp(at, ", ...", 5) == 0 || strncmp(at, " ...", 4) == 0;
}

static const char *behind(const char *at)
{
	at += element_len(at);
	return at + strspn(at, " ],.");
}

/* Behind what is left out with its brackets. */
static const char *behind_brackets(const char *at)
{
	at = strchr(at, ']') + 1;
	return at + strspn(at, " ");
}

static enum token_kind sign_of(const char *at)
{
	return *at == '{' ? T_OPEN : T_BIARROW;
}

enum element element_of(const char *at)
{
	static const struct {
		const char *text;
		enum element element;
	} known[] = {
		{ "NAME", A_NAME },	  { "PORT", A_REF },
		{ "SWITCH.PORT", A_REF }, { "VM", A_REF },
		{ "DISK", A_REF },	  { "SIDE", A_SIDE },
		{ "ARROW", AN_ARROW },	  { "STRING", A_STRING },
	};

	if (islower((unsigned char)*at))
		return A_WORD;
	if (*at == '{' || *at == '<')
		return A_SIGN;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (is(at, known[i].text))
			return known[i].element;
	}
	return *at == '"' ? A_TEXT : A_VALUE;
}

bool element_fits(enum element e, const struct token *t)
{
	const unsigned int value = 1u << T_WORD | 1u << T_STRING |
				   1u << T_BROKEN;
	const unsigned int ref = value | 1u << T_SOFT;
	const unsigned int kinds[] = {
		[A_NAME] = ref | 1u << T_HARD,
		[A_REF] = ref,
		[A_SIDE] = ref | 1u << T_OPEN,
		[AN_ARROW] = 1u << T_ARROW | 1u << T_BIARROW | 1u << T_BROKEN,
		[A_TEXT] = value,
		[A_STRING] = 1u << T_STRING,
		[A_VALUE] = value,
	};

	return kinds[e] >> t->kind & 1;
}

static bool fits(const char *at, const struct token *t)
{
	enum element e = element_of(at);

	if (e == A_SIGN)
		return t->kind == sign_of(at);
	if (e == A_WORD)
		return t->kind >= T_WORD && t->kind <= T_HARD &&
		       is(at, t->text);
	return *at && element_fits(e, t);
}

bool match_follow(struct match *m, const struct token *t)
{
	if (m->more &&
	    (t->kind == T_COMMA || (!has_commas(m->at) && fits(m->at, t))))
		return true;
	if (m->more)
		m->at = behind(m->at);
	m->more = false;
	for (; *m->at == '['; m->at = behind_brackets(m->at)) {
		if (fits(m->at + 1, t)) {
			m->at++;
			return true;
		}
	}
	return fits(m->at, t);
}

void match_pass(struct match *m, bool comma)
{
	m->more = comma ? !has_commas(m->at) : element_is_list(m->at);
	if (!comma && !m->more)
		m->at = behind(m->at);
}

static bool is_end(const char *at)
{
	return *at == '\0' || *at == '{';
}

bool match_whole(const struct match *m)
{
	return !m->more && is_end(m->at);
}

bool match_can_end(const struct match *m)
{
	const char *at = m->more ? behind(m->at) : m->at;

	while (*at == '[')
		at = behind_brackets(at);
	return is_end(at);
}

static void expect_element(struct expected *e, const char *at, struct arena *a)
{
	const char *word = arena_strndup(a, at, element_len(at));
	enum element element = element_of(at);

	if (element == A_SIGN)
		e->signs |= 1u << sign_of(at);
	else if (element == AN_ARROW)
		e->signs |= 1u << T_ARROW | 1u << T_BIARROW;
	else if (element != A_WORD)
		e->open = true;
	for (unsigned int i = 0; i < e->n; i++) {
		if (strcmp(e->word[i], word) == 0)
			return;
	}
	if (element == A_WORD)
		e->word[e->n++] = word;
}

void expect_end(struct expected *e, enum place place, bool block)
{
	e->signs |= 1u << T_SEP;
	if (place != IN_TOPOLOGY)
		e->signs |= 1u << T_CLOSE;
	if (block)
		e->signs |= 1u << T_OPEN;
}

void match_expect(const struct match *m, enum place place, struct arena *a,
		  struct expected *e)
{
	const char *at = m->more ? behind(m->at) : m->at;

	if (m->more)
		e->signs |= 1u << T_COMMA;
	e->open |= m->more && !has_commas(m->at);
	for (; *at == '['; at = behind_brackets(at))
		expect_element(e, at + 1, a);
	if (*at)
		expect_element(e, at, a);
	else
		expect_end(e, place, m->form->block);
}
