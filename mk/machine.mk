# SPDX-License-Identifier: BSD-2-Clause
#
# The emulated arm64 machine: Debian's packages for it, Weir built for it, and its
# root file system.
#
#   make sysroot          $(B)/sysroot, from a private apt state
#   make arm64            everything, cross built, in $(B)/arm64
#   make machine          $(B)/machine/root.cpio; see machine/lib.sh

SYSROOT := $(abspath $(B))/sysroot
ARM64   := $(B)/arm64
MACHINE := $(B)/machine

# What the cross build is, apart from the native one: told to another make, and
# found by pkg-config there, and only there.
arm64 = PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig \
	$(MAKE) --no-print-directory B=$(ARM64) SAN= AR=$(CROSS)ar \
	CC='$(CROSS)gcc --sysroot=$(SYSROOT)'

sysroot: $(SYSROOT)/.stamp
$(SYSROOT)/.stamp: machine/sysroot.sh
	$(Q)machine/sysroot.sh $(SYSROOT) && touch $@

arm64: $(SYSROOT)/.stamp
	@+$(arm64) all

machine: $(MACHINE)/root.cpio

# Whether it is up to date the other make knows, so it is asked each time; the
# files it leaves alone are not newer then.
$(ARM64)/weir: arm64 ;
MACHINE_FILES = $(GUEST)/Image.gz $(GUEST)/driver.cpio.gz
$(MACHINE)/root.cpio: machine/root.sh $(shell find machine/root -type f) \
		$(ARM64)/weir $(MACHINE_FILES)
	$(call say,CPIO,$@)
	$(Q)mkdir -p $(@D) && machine/root.sh $(SYSROOT) $(ARM64) $@ \
		$(MACHINE_FILES:$(B)/%=$(B)/%=/%)

.PHONY: sysroot arm64 machine
