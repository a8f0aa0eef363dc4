# SPDX-License-Identifier: BSD-2-Clause
#
# make install: the command, the manual, completion, and what a program needs
# to attach to a port (libweir.a, its header with all it includes, weir.pc).

BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
VERSION    := 0.1

# put MODE FILE TARGET
put = $(Q)install -D -m $(1) $(2) '$(DESTDIR)$(3)'

# Headers keep their paths below include/weir, so that the includes inside
# them, and a program written in this tree, mean the same when installed. What
# client/weir.h needs is asked of the compiler, not listed.
weir_headers = $(filter-out /%,$(filter %.h,$(shell $(CC) -I. -MM \
	client/weir.h)))

install: all
	$(call say,INSTALL,'$(DESTDIR)$(PREFIX)')
	$(call put,755,$(O)/weir,$(BINDIR)/weir)
	$(call put,644,$(O)/libweir.a,$(LIBDIR)/libweir.a)
	$(Q)for h in $(weir_headers); do install -D -m 644 $$h \
		'$(DESTDIR)$(INCLUDEDIR)/weir/'$$h || exit; done
	$(Q)install -d '$(DESTDIR)$(LIBDIR)/pkgconfig'
	$(Q)printf '%s\n' 'Name: weir' 'Version: $(VERSION)' \
		'Description: attach a program to a port of a Weir switch' \
		'Cflags: -I$(INCLUDEDIR)/weir' 'Libs: -L$(LIBDIR) -lweir' \
		>'$(DESTDIR)$(LIBDIR)/pkgconfig/weir.pc'
	$(Q)for n in 1 5 7; do for m in docs/*.$$n; do test ! -e $$m || \
		install -D -m 644 -t '$(DESTDIR)$(MANDIR)/man'$$n $$m || \
		exit; done; done
	$(if $(wildcard cli/completion.bash),$(call \
		put,644,cli/completion.bash,$(BASHDIR)/weir))

.PHONY: install
