/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far a statement agrees with a form of the table, and what is said of
 * tokens that are out of place.
 */
#ifndef WEIR_CONFIG_FORM_H
#define WEIR_CONFIG_FORM_H

#include "config/lang/words.h"

/* What an element of a form wants. */
enum element {
	A_WORD,	  /* the word it is */
	A_SIGN,	  /* likewise, { or <-> */
	A_NAME,	  /* of something new */
	A_REF,	  /* to something there is */
	A_SIDE,	  /* such a reference, or a list of them in { } */
	AN_ARROW, /* -> or <-> */
	A_TEXT,	  /* a string, or a word that lacks its quotes */
	A_STRING, /* a string */
	A_VALUE,
};

/* A form, and how far it has been read. */
struct match {
	const struct form *form;
	const char *at; /* the element at hand */
	bool more;	/* it is a list, and has begun */
};

/* More forms than a word has in one place. */
#define MAX_FORMS 12

/* What could have been here. */
struct expected {
	unsigned int signs; /* set of kinds */
	const char *word[MAX_FORMS];
	unsigned int n; /* of these */
	bool open;	/* names or values as well */
};

/* What the element at @at wants, and can several of them stand there? */
enum element element_of(const char *at);
bool element_is_list(const char *at);
/* Can a token be what an element wants? */
bool element_fits(enum element e, const struct token *t);

/* Goes on to the element a token fits, or to the comma of a list; if any. */
bool match_follow(struct match *m, const struct token *t);
/* Goes on behind that token. */
void match_pass(struct match *m, bool comma);
/* Nothing more can follow but a block; nothing more must. */
bool match_whole(const struct match *m);
bool match_can_end(const struct match *m);

/* Adds what could follow. */
void match_expect(const struct match *m, enum place place, struct arena *a,
		  struct expected *e);
/* Adds what ends a statement, and what begins a block if it has one. */
void expect_end(struct expected *e, enum place place, bool block);

/**
 * refuse - the token at hand is out of place
 * @statement: the word of the statement that it is in, or NULL
 * @e:         what could have been here; NULL: the beginning of any statement
 */
void refuse(struct parser *p, enum place place, const char *statement,
	    const struct expected *e);
/* @t begins no statement, or not here. */
void refuse_beginning(struct parser *p, const struct token *t,
		      enum place place);
void refuse_unknown(struct parser *p, const struct token *t, enum place place);

#endif
