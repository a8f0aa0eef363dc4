/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a PD's process begins.
 */
#ifndef WEIR_VMM_LINUX_PD_MAIN_H
#define WEIR_VMM_LINUX_PD_MAIN_H

/** pd_main - what `weir --pd` and a program do; never returns */
_Noreturn void pd_main(void);

#endif
