# SPDX-License-Identifier: BSD-2-Clause
#
# Weir's protection domains for seL4's Microkit. A program is one file of
# vmm/microkit with the entry points of Microkit; the other files there are a
# library they share.
#
#   make microkit-host      the programs for tests/microkit's host
#                           implementation of Microkit, which needs no SDK

MK_PROGRAMS := switch net_virt capture monitor
MK_MAIN     := $(MK_PROGRAMS:%=vmm/microkit/%.c)
MK_LIB      := $(filter-out $(MK_MAIN),$(wildcard vmm/microkit/*.c))
# What the host has in their place, and cannot assemble.
MK_SEL4     := $(wildcard vmm/microkit/sel4/*.c)
# PDs of the examples.
MK_EXAMPLE_SRC := $(wildcard examples/selftest/*.c)
MK_C        := $(MK_MAIN) $(MK_LIB) $(MK_EXAMPLE_SRC) tests/microkit/pd.c

# --- on this machine -------------------------------------------------------

MK_HOST      := $(O)/microkit
MK_HOST_PDS  := $(MK_PROGRAMS:%=$(MK_HOST)/weir_%.elf) \
	$(MK_EXAMPLE_SRC:examples/selftest/%.c=$(MK_HOST)/%.elf)
MK_HOST_OBJ  := $(call obj,$(MK_C))

# A PD finds its variables by name (setvar_vaddr).
mk_link = $(Q)mkdir -p $(@D) && $(CC) $(LINK_FLAGS) -rdynamic -o $@ \
	$(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

microkit-host: $(MK_HOST_PDS)

$(O)/libmicrokit.a: $(call obj,$(MK_LIB))
$(MK_HOST_OBJ): MK_INC := -isystem tests/microkit

MK_HOST_LIB  := $(O)/obj/tests/microkit/pd.o $(O)/libmicrokit.a $(O)/libground.a

$(MK_PROGRAMS:%=$(MK_HOST)/weir_%.elf): $(MK_HOST)/weir_%.elf: \
		$(O)/obj/vmm/microkit/%.o $(MK_HOST_LIB)
	$(call say,LD,$@)
	$(mk_link)

$(MK_EXAMPLE_SRC:examples/selftest/%.c=$(MK_HOST)/%.elf): $(MK_HOST)/%.elf: \
		$(O)/obj/examples/selftest/%.o $(MK_HOST_LIB)
	$(call say,LD,$@)
	$(mk_link)

.PHONY: microkit-host

# Tests that start these programs.
$(O)/tests/mk_switch_test $(O)/tests/mk_monitor_test \
	$(O)/tests/mk_parts_test $(O)/tests/mk_hostile_test \
	$(O)/tests/mk_selftest_test: | $(MK_HOST_PDS) $(O)/weir
