# SPDX-License-Identifier: BSD-2-Clause
#
# What runs in a driver VM: a kernel and an archive with one program.
#
#   make guest            $(B)/guest/Image.gz, $(B)/guest/driver.cpio.gz
#   make kernel-odroidc4  the other kernel, in $(B)/linux/odroidc4

LINUX := $(B)/linux
GUEST := $(B)/guest
KERNEL_SRC := driver_vm/linux/build.sh driver_vm/linux/base.config \
	driver_vm/linux/weir_shared.c

guest: $(GUEST)/Image.gz $(GUEST)/driver.cpio.gz
kernel-odroidc4: $(LINUX)/odroidc4/Image.gz

# One run at a time: the variants share their sources.
$(LINUX)/pci/Image.gz $(LINUX)/pci/weir_shared.ko &: $(KERNEL_SRC) \
		driver_vm/linux/pci.config
	$(call say,KERNEL,$(LINUX)/pci '(takes some minutes)')
	$(Q)CROSS='$(CROSS)' driver_vm/linux/build.sh pci $(LINUX)

$(LINUX)/odroidc4/Image.gz: $(KERNEL_SRC) driver_vm/linux/odroidc4.config \
		| $(LINUX)/pci/Image.gz
	$(call say,KERNEL,$(LINUX)/odroidc4 '(takes some minutes)')
	$(Q)CROSS='$(CROSS)' driver_vm/linux/build.sh odroidc4 $(LINUX)

$(GUEST)/Image.gz: $(LINUX)/pci/Image.gz
	$(Q)mkdir -p $(@D) && cp $< $@

$(GUEST)/driver.cpio.gz: $(GUEST)/init $(LINUX)/pci/weir_shared.ko \
		driver_vm/linux/initrd.sh
	$(call say,CPIO,$@)
	$(Q)driver_vm/linux/initrd.sh $(GUEST)/init $(LINUX)/pci/weir_shared.ko $@

.PHONY: guest kernel-odroidc4
