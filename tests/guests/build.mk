# SPDX-License-Identifier: BSD-2-Clause
#
# Guests for tests, which a topology can have as initrd: of a driver VM
# $(GUEST)/hostile.cpio.gz, of a client VM $(GUEST)/attack.cpio.gz.

HOSTILE_SRC := $(wildcard tests/guests/hostile*.c) \
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

ATTACK_OBJ := $(patsubst %.c,$(GUEST)/obj/%.o, \
	$(wildcard tests/guests/attack*.c))

$(GUEST)/attack: $(ATTACK_OBJ)
	$(call say,LD,$@)
	$(Q)$(CROSS)gcc -static -no-pie -Wl,--gc-sections -s -o $@ $^

$(GUEST)/attack.cpio.gz: $(GUEST)/attack driver_vm/linux/initrd.sh
	$(call say,CPIO,$@)
	$(Q)driver_vm/linux/initrd.sh $(GUEST)/attack '' $@

tests-guests: $(GUEST)/hostile.cpio.gz $(GUEST)/attack.cpio.gz

-include $(filter $(GUEST)/obj/tests/%, \
	$(HOSTILE_OBJ:.o=.d) $(ATTACK_OBJ:.o=.d))

.PHONY: tests-guests
