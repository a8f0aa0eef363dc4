# SPDX-License-Identifier: BSD-2-Clause
#
# Guests for tests: $(GUEST)/hostile.cpio.gz, which a topology can have as a
# driver VM's initrd.

HOSTILE_SRC := $(wildcard tests/guests/*.c) \
	$(patsubst %,driver_vm/%.c,boot event say uio)
HOSTILE_OBJ := $(HOSTILE_SRC:%.c=$(GUEST)/obj/%.o)

$(GUEST)/hostile: $(HOSTILE_OBJ)
	$(call say,LD,$@)
	$(Q)$(CROSS)gcc -static -no-pie -Wl,--gc-sections -s -o $@ $^

$(GUEST)/hostile.cpio.gz: $(GUEST)/hostile $(LINUX)/pci/weir_shared.ko \
		driver_vm/linux/initrd.sh
	$(call say,CPIO,$@)
	$(Q)driver_vm/linux/initrd.sh $(GUEST)/hostile \
		$(LINUX)/pci/weir_shared.ko $@

tests-guests: $(GUEST)/hostile.cpio.gz

-include $(filter $(GUEST)/obj/tests/%,$(HOSTILE_OBJ:.o=.d))

.PHONY: tests-guests
