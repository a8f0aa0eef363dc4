/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of the command: run it in this process and look at what it says;
 * stand in for running instances.
 */
#ifndef WEIR_TESTS_CLI_RIG_H
#define WEIR_TESTS_CLI_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the last run_weir() printed; cut off at the array's end. */
extern char cli_out[16384];
extern char cli_err[16384];

/**
 * run_weir - run the command as if these words had been typed
 * @words: separated by single blanks, without "weir"
 *
 * Return: exit code; output is in cli_out and cli_err.
 */
int run_weir(const char *words);

/**
 * expect_error - the last run must have failed with exactly this, and printed
 * nothing
 */
void expect_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/**
 * struct fake_answer - what a fake instance answers
 * @request: text that occurs in the request; NULL matches all
 * @reply:   sent as it stands; NULL: keep silent until the client goes
 */
struct fake_answer {
	const char *request;
	const char *reply;
};

/* The reply of a success; @data is JSON. */
#define OK(data) "{\"protocol\":2,\"ok\":true,\"data\":" data "}\n"

/**
 * fake_rundir - a fresh folder for control sockets; WEIR_RUNDIR points there
 */
void fake_rundir(void);

/**
 * fake_instance - have a child process listen on NAME.sock
 * @answers: ended by one without request and reply; the first that fits
 *
 * It ends when asked to stop, and by fake_end().
 */
void fake_instance(const char *name, const struct fake_answer *answers);

/**
 * fake_requests - everything fake instances were sent since fake_rundir()
 */
const char *fake_requests(void);

/**
 * fake_end - end all fake instances, remove the folder
 */
void fake_end(void);

/* Before and after each test: a folder of its own, without instances. */
int fake_setup(void **state);
int fake_teardown(void **state);
#define cli_test(f)                                                            \
	cmocka_unit_test_setup_teardown(f, fake_setup, fake_teardown)

/**
 * fake_dir - the folder
 */
const char *fake_dir(void);

#endif
