# SPDX-License-Identifier: BSD-2-Clause
#
# An image for seL4 from a topology, with a Microkit SDK.
#
#   make microkit MICROKIT_SDK=DIR [EXAMPLE=selftest]   builds loader.img
#   make microkit-qemu MICROKIT_SDK=DIR [EXAMPLE=...]   boots it, too
#
#   MICROKIT_BOARD=qemu_virt_aarch64
#   MICROKIT_CONFIG=debug|smp-debug|release|benchmark
#
# An example is a folder with NAME.conf and the programs it names, PROGRAM.c;
# what else is there in C belongs to each of them.

MICROKIT_SDK    ?=
MICROKIT_BOARD  ?= qemu_virt_aarch64
MICROKIT_CONFIG ?= debug

MKE      := $(or $(EXAMPLE),selftest)
MKE_CONF  = $(firstword $(wildcard examples/$(MKE)/$(MKE).conf \
	examples/microkit/$(MKE)/$(MKE).conf))
MKE_DIR   = $(patsubst %/,%,$(dir $(MKE_CONF)))
MKO      := $(B)/sel4/$(MKE)/$(MICROKIT_CONFIG)
MKO_OBJ  := $(MKO)/obj
MK_BOARD  = $(MICROKIT_SDK)/board/$(MICROKIT_BOARD)/$(MICROKIT_CONFIG)

mk_must = @test $(1) || { echo "make microkit: "$(2) >&2; false; }

# Two steps: what the second is made of, the first writes.
microkit: $(O)/weir
	$(call mk_must,-x '$(MICROKIT_SDK)/bin/microkit',"MICROKIT_SDK must be \
	the folder of a Microkit SDK 2.3.0; there is no bin/microkit in \
	'$(MICROKIT_SDK)'")
	$(call mk_must,-d '$(MK_BOARD)',"the SDK has no board \
	$(MICROKIT_BOARD) in configuration $(MICROKIT_CONFIG)")
	$(call mk_must,-n '$(MKE_CONF)',"there is no topology of an example \
	$(MKE)")
	$(Q)mkdir -p $(MKO)
	$(Q)$(O)/weir compile --microkit -o $(MKO) $(MKE_CONF)
	@+$(MAKE) --no-print-directory $(MKO)/loader.img

QEMU_SEL4 = qemu-system-aarch64 -machine virt,virtualization=on \
	-cpu cortex-a53 -m size=2G -nographic \
	$(if $(findstring smp,$(MICROKIT_CONFIG)),-smp 4) \
	-device loader,file=$(MKO)/loader.img,addr=0x70000000,cpu-num=0

microkit-qemu: microkit
	$(QEMU_SEL4)

# What weir compile wrote: MICROKIT_SYSTEM, _PROGRAMS, _DATA, _WITHOUT.
-include $(wildcard $(MKO)/$(MKE).mk)

# For size. There is no C library: memory functions must not call themselves.
MKO_CFLAGS = -std=gnu11 -Os -g $(WARN) -I. -MMD -MP -ffreestanding \
	-isystem $(MK_BOARD)/include -fno-stack-protector -fno-builtin \
	-fno-tree-loop-distribute-patterns -mno-outline-atomics \
	-ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fcallgraph-info=su $(call leave_out,$(MICROKIT_WITHOUT)) \
	$(call own_headers,$(CROSS)gcc)

# The library: the ground floor, and what the PDs share.
MKO_LIB   := $(GROUND_SRC:%.c=$(MKO_OBJ)/%.o) $(MKO_OBJ)/$(POLICY:.c=.o) \
	$(MK_LIB:%.c=$(MKO_OBJ)/%.o) $(MK_SEL4:%.c=$(MKO_OBJ)/%.o)
MKE_MAIN   = $(patsubst %.elf,%,$(filter-out weir_%,$(MICROKIT_PROGRAMS)))
MKE_MORE   = $(filter-out $(MKE_MAIN:%=$(MKE_DIR)/%.c),\
	$(wildcard $(MKE_DIR)/*.c))

$(MKO)/flags: FORCE
	$(call stamp,$(MKO_CFLAGS))

$(MKO_OBJ)/%.o: %.c $(MKO)/flags
	$(call say,SEL4,$<)
	$(Q)mkdir -p $(@D) && $(A64_CC) $(MKO_CFLAGS) -c -o $@ $<

$(MKO)/libweir.a: $(MKO_LIB) $(MKE_MORE:%.c=$(MKO_OBJ)/%.o)
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $^

# What a PD's stack has to hold must fit that which the tool gives it, 8 KiB.
$(MKO)/weir_%.elf: $(MKO_OBJ)/vmm/microkit/%.o $(MKO)/libweir.a
	$(call say,LD,$@)
	@awk -f mk/stack.awk -v limit=8192 -v roots='init notified' \
		-v pointers='$(TAP_CALLERS)' \
		-v outside='^(mem(cpy|set|move|cmp)|microkit_.*|seL4_.*)$$' \
		$(<:.o=.ci) $(MKO_LIB:.o=.ci)
	$(mko_link)

$(MKE_MAIN:%=$(MKO)/%.elf): $(MKO)/%.elf: $(MKO_OBJ)/$(MKE_DIR)/%.o \
		$(MKO)/libweir.a
	$(call say,LD,$@)
	$(mko_link)

mko_link = $(Q)$(CROSS)ld --gc-sections -L$(MK_BOARD)/lib -o $@ $< \
	--start-group $(MKO)/libweir.a -lmicrokit --end-group -Tmicrokit.ld

$(MKO)/loader.img: $(MICROKIT_PROGRAMS:%=$(MKO)/%) $(MKO)/$(MKE).system
	$(call say,IMAGE,$@)
	$(Q)$(MICROKIT_SDK)/bin/microkit $(MKO)/$(MICROKIT_SYSTEM) \
		--search-path $(MKO) --board $(MICROKIT_BOARD) \
		--config $(MICROKIT_CONFIG) -o $@ -r $(MKO)/report.txt

-include $(shell find $(MKO_OBJ) -name '*.d' 2>/dev/null)

.PHONY: microkit microkit-qemu
