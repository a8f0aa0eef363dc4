# SPDX-License-Identifier: BSD-2-Clause
#
# make install: the command, the manual, completion, systemd's unit, and what
# a program needs to attach to a port (libweir.a, weir.h, weir.pc).

BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
BASHDIR    ?= $(PREFIX)/share/bash-completion/completions
# The version is in one place.
VERSION     = $(shell sed -n 's/.*WEIR_VERSION "\(.*\)"/\1/p' cli/cli.h)

UNITDIR    ?= $(PREFIX)/lib/systemd/system

# put MODE FILE TARGET
put = $(Q)install -D -m $(1) $(2) '$(DESTDIR)$(3)'

install: all
	$(call say,INSTALL,'$(DESTDIR)$(PREFIX)')
	$(call put,755,$(O)/weir,$(BINDIR)/weir)
	$(call put,644,$(O)/libweir.a,$(LIBDIR)/libweir.a)
	$(call put,644,client/weir.h,$(INCLUDEDIR)/weir.h)
	$(Q)install -d '$(DESTDIR)$(LIBDIR)/pkgconfig'
	$(Q)printf '%s\n' 'Name: weir' 'Version: $(VERSION)' \
		'Description: attach a program to a port of a Weir switch' \
		'Cflags: -I$(INCLUDEDIR)' 'Libs: -L$(LIBDIR) -lweir' \
		>'$(DESTDIR)$(LIBDIR)/pkgconfig/weir.pc'
	$(Q)for n in 1 5 7; do for m in docs/*.$$n; do test ! -e $$m || \
		install -D -m 644 -t '$(DESTDIR)$(MANDIR)/man'$$n $$m || \
		exit; done; done
	$(Q)mkdir -p $(O) && sed 's|@BINDIR@|$(BINDIR)|' mk/weir@.service \
		>$(O)/weir@.service
	$(call put,644,$(O)/weir@.service,$(UNITDIR)/weir@.service)
	$(if $(wildcard cli/completion.bash),$(call \
		put,644,cli/completion.bash,$(BASHDIR)/weir))

.PHONY: install
