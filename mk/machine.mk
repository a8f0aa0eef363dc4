# SPDX-License-Identifier: BSD-2-Clause
#
# The emulated arm64 machine: packages for it, Weir built for it, and its
# root file system.
#
#   make sysroot          $(B)/sysroot, from a private apt state
#   make arm64            everything, cross built, in $(B)/arm64
#   make machine          $(B)/machine/root.cpio; see machine/lib.sh
#   make vm               $(B)/vm: what a guest of QEMU is started from

SYSROOT     := $(abspath $(B))/sysroot
ARM64       := $(B)/arm64
MACHINE_DIR := $(B)/machine

# The cross build is another make with other settings, whose pkg-config looks
# only in the sysroot. Fetched sources are shared.
arm64 = PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig \
	$(MAKE) --no-print-directory B=$(ARM64) SAN= AR=$(CROSS)ar \
	CC='$(CROSS)gcc --sysroot=$(SYSROOT)' LWIP=$(abspath $(B))/lwip

sysroot: $(SYSROOT)/.stamp
$(SYSROOT)/.stamp: machine/sysroot.sh
	$(Q)machine/sysroot.sh $(SYSROOT) && touch $@

arm64: $(SYSROOT)/.stamp
	@+$(arm64) all client-echo benches

# The other make knows what is up to date, so it always runs; files that it
# leaves alone keep their time.
ARM64_FILES := $(ARM64)/weir $(ARM64)/client-echo
$(ARM64_FILES): arm64 ;

# The example in the machine: a topology and the files it names.
ECHO_FILES := examples/echo/echo.conf $(ARM64)/client-echo $(GUEST)/Image.gz \
	$(GUEST)/driver.cpio.gz

# Client VMs run Debian's kernel, too; this is their file system.
CLIENT := $(GUEST)/client.cpio.gz
$(CLIENT): machine/guest.sh machine/modules.sh machine/programs.sh \
		$(shell find machine/guest -type f) $(SYSROOT)/.stamp
	$(call say,CPIO,$@)
	$(Q)mkdir -p $(@D) && machine/guest.sh $(SYSROOT) $@

machine: $(MACHINE_DIR)/root.cpio $(CLIENT)
$(MACHINE_DIR)/root.cpio: machine/root.sh machine/modules.sh \
		machine/programs.sh \
		$(shell find machine/root -type f) \
		$(ARM64_FILES) $(ECHO_FILES)
	$(call say,CPIO,$@)
	$(Q)mkdir -p $(@D) && machine/root.sh $(SYSROOT) $(ARM64) $@ \
		$(foreach file,$(ECHO_FILES),$(file)=/echo/$(notdir $(file)))

# Guests of stock QEMU on this machine; see machine/vm.sh.
vm:
	$(Q)machine/vm_image.sh $(B)/vm

.PHONY: sysroot arm64 machine vm
