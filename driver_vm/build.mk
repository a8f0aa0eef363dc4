# SPDX-License-Identifier: BSD-2-Clause
#
# The program of a driver VM: $(GUEST)/init, static, for arm64, with Debian's
# libraries for that. Its code for rings and segments is the nic port's. For the
# tests the same sources are built natively, as a library and as a program.

DRIVER_SRC := $(wildcard driver_vm/*.c)
INIT_SRC   := $(DRIVER_SRC) $(wildcard hostnet/*.c base/*.c)
INIT_OBJ   := $(INIT_SRC:%.c=$(GUEST)/obj/%.o)

# The guest has one processor or few, none of them with a neighbour that shares
# a library: a fixed address costs nothing, and unused functions are left out.
INIT_FLAGS = $(filter-out $(SAN_FLAGS),$(COMMON)) -D_GNU_SOURCE -DNDEBUG \
	-ffunction-sections -fno-pie -mno-outline-atomics --sysroot=$(SYSROOT)

$(GUEST)/init: $(INIT_OBJ)
	$(call say,LD,$@)
	$(Q)$(CROSS)gcc --sysroot=$(SYSROOT) -static -no-pie -Wl,--gc-sections \
		-s -o $@ $^ -luring

$(GUEST)/obj/%.o: %.c $(O)/flags $(SYSROOT)/.stamp
	$(call say,CROSS,$<)
	$(Q)mkdir -p $(@D) && $(CROSS)gcc $(INIT_FLAGS) -c -o $@ $<

$(O)/libdriver.a: $(call obj,$(filter-out driver_vm/main.c,$(DRIVER_SRC)))
$(filter $(O)/tests/driver_%,$(TESTS)): $(O)/libdriver.a

-include $(INIT_OBJ:.o=.d)
