/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/control_rig.h"

const char control_topology[] =
	"switch sw0 {\n"
	"port a { attach \"@/a.sock\" }\n"
	"port b { attach \"@/b.sock\"; mac lock 02:00:00:00:00:0b }\n"
	"port p { socket listen \"@/p.made\" }\n"
	"}\n"
	"switch sw1 {\n"
	"port a { attach \"@/c.sock\" }\n"
	"}\n"
	"link sw0.up <-> sw1.down\n"
	"allow sw0.a <-> sw0.b\n"
	"allow sw0.a -> p\n"
	"allow sw0.up <-> sw0.a\n"
	"allow sw1.a <-> sw1.down\n";
