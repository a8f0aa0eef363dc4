# SPDX-License-Identifier: BSD-2-Clause
#
# Checks of the sources: the cross build of the ground floor, clang-tidy,
# clang-format.

# --- the ground floor stands alone -----------------------------------------

CROSS     ?= aarch64-linux-gnu-
A64       := $(B)/aarch64
A64_SRC   := $(GROUND_SRC)
A64_OBJ   := $(A64_SRC:%.c=$(A64)/obj/%.o) $(A64)/obj/user-policy.o

# Strict alignment, because seL4 protection domains may touch memory mapped as
# device memory; no outlined atomics, because those live in libgcc.
A64_FLAGS  = $(filter-out $(SAN_FLAGS),$(COMMON)) $(GROUND_FLAGS) \
	-mstrict-align -mno-outline-atomics -ffunction-sections \
	-fno-asynchronous-unwind-tables -fcallgraph-info=su \
	$(call own_headers,$(CROSS)gcc)

# A compiler cache keeps objects and forgets the call graph beside them.
A64_CC := CCACHE_DISABLE=1 $(CROSS)gcc

# Stacks, in bytes, for which a platform must provide: of a visit, and of all
# else.  Through a pointer only a test's tap is called.
RUN_STACK := 2048
CTL_STACK := 4096
TAP_CALLERS := forward_frame refuse_descriptor forward_odd forward_batch
stack = awk -f mk/stack.awk -v limit=$(1) -v roots='$(2)' \
	-v pointers='$(TAP_CALLERS)' $(A64_OBJ:.o=.ci)

ground-aarch64: $(A64)/libground.a
	@mk/freestanding.sh $< $(CROSS)
	@$(call stack,$(RUN_STACK),vswitch_run vswitch_arm net_virt_run \
		net_virt_arm)
	@$(call stack,$(CTL_STACK),vswitch_init vswitch_add_port \
		vswitch_set_policy vswitch_ctl net_virt_init)
	@+$(MAKE) --no-print-directory B=$(B)/small CFLAGS=-Os \
		WITHOUT='$(SMALL)' LIMIT=40960 ground-fits
	@+$(MAKE) --no-print-directory B=$(B)/small-plain CFLAGS=-Os \
		WITHOUT='$(SMALL) filters' LIMIT=28672 ground-fits

ground-fits: $(A64)/libground.a
	@mk/freestanding.sh $< $(CROSS)
	@mk/fits.sh $< $(LIMIT) $(CROSS)

$(A64)/libground.a: $(A64_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(CROSS)ar rcs $@ $^

$(A64)/obj/user-policy.o: $(POLICY) $(O)/policy $(O)/flags
	$(call say,CROSS,$<)
	$(Q)mkdir -p $(@D) && $(A64_CC) $(A64_FLAGS) -c -o $@ $<

$(A64)/obj/%.o: %.c $(O)/flags
	$(call say,CROSS,$<)
	$(Q)mkdir -p $(@D) && $(A64_CC) $(A64_FLAGS) -c -o $@ $<

-include $(A64_OBJ:.o=.d)

# The PDs for Microkit, without an SDK: with the calls as tests/microkit
# declares them. Beside these calls nothing may be missing, and a stack must be
# no larger than the tool makes it.
MK_STACK := 8192
# The monitor calls the functions of its questions through a table: these are
# roots of their own, on top of protected(), and either may have half the stack.
mk_stack = $(if $(findstring /monitor,$(1)),4096,$(MK_STACK))
mk_roots = $(if $(findstring /monitor,$(1)),protected fault $(addprefix \
	vmm/microkit/monitor_ask.c:ask_,addresses allow propose result let_go))
A64_PD   := $(patsubst %.c,$(A64)/obj/%.o,$(MK_MAIN) $(MK_EXAMPLE_SRC))
A64_PDS  := $(patsubst %.c,$(A64)/obj/%.o,$(MK_LIB) $(MK_SEL4))

$(A64_PD) $(A64_PDS): A64_FLAGS += -isystem tests/microkit -fno-builtin \
	-fno-tree-loop-distribute-patterns

microkit-aarch64: $(A64_PD:.o=.pd)

$(A64)/libpds.a: $(A64_PDS) $(A64)/libground.a
	$(call say,AR,$@)
	$(Q)cp $(A64)/libground.a $@ && $(CROSS)ar qcs $@ $(A64_PDS)

$(A64_PD:.o=.pd): %.pd: %.o $(A64)/libpds.a
	$(call say,CROSS,$@)
	$(Q)$(CROSS)ld -r -o $@ $^
	@missing=$$($(CROSS)nm -u $@ | grep -v ' microkit_'); \
		test -z "$$missing" || { echo "$@ needs $$missing" >&2; exit 1; }
	@awk -f mk/stack.awk -v limit=$(call mk_stack,$@) \
		-v roots='init notified $(call mk_roots,$@)' \
		-v pointers='$(TAP_CALLERS) answer monitor_ask' \
		-v outside='^microkit_' $(<:.o=.ci) $(A64_PDS:.o=.ci) \
		$(A64_OBJ:.o=.ci)

-include $(A64_PD:.o=.d) $(A64_PDS:.o=.d)

# --- clang-tidy and clang-format -------------------------------------------

OWN_C   := $(GROUND_SRC) $(POLICY) $(CONFIG_SRC) $(VMM_SRC) $(CLIENT_SRC) \
	$(wildcard driver_vm/*.c) $(CLI_SRC) $(EXAMPLE_SRC) client/pd/main.c \
	$(PROGRAM_SRC) $(TEST_SRC) \
	$(HELPER_SRC) $(MK_MAIN) $(MK_LIB) tests/microkit/pd.c $(MK_EXAMPLE_SRC) \
	$(BENCH_SRC) $(BENCH_LIB) $(wildcard tests/guests/*.c)
OWN_H   := $(wildcard base/*.h vswitch/*.h policy/*.h virt/*.h virtio/*.h \
	config/*.h config/*/*.h hostnet/*.h driver_vm/*.h \
	vmm/linux/*.h vmm/linux/*/*.h vmm/kvm/*.h vmm/microkit/*.h \
	client/*.h cli/*.h examples/selftest/*.h \
	tests/*/*.h)
# Files that need lwIP are checked only where lwIP is.
LWIP_C  := $(ECHO_SRC) $(ECHO_TEST)
TIDIED  := $(patsubst %.c,$(O)/tidy/%.ok,$(OWN_C) \
	$(if $(wildcard $(LWIP)/.complete),$(LWIP_C)))

CLANG_TIDY ?= clang-tidy

# One stamp per file: a second run checks only what changed, and -j works.
# -nostdlibinc leaves clang only its own headers, not the C library's. The
# analyser gives a function up after a third of the states it would visit by
# itself, and so takes a third of the time; whatever it has found here so far it
# found earlier than that.
tidy: $(TIDIED)
$(O)/tidy/%.ok: %.c $(OWN_H) .clang-tidy tests/.clang-tidy
	$(call say,TIDY,$<)
	$(Q)mkdir -p $(@D) && $(CLANG_TIDY) --quiet $< -- -std=gnu11 -I. \
		-Xclang -analyzer-config -Xclang max-nodes=75000 \
		$(if $(filter $(FREESTANDING) $(POLICY),$<),-ffreestanding \
		-nostdlibinc,-D_GNU_SOURCE) \
		$(if $(filter $(LWIP_C),$<),$(ECHO_INC)) \
		$(if $(filter $(MK_C),$<),-isystem tests/microkit) 2>$@.log \
		|| { cat $@.log >&2; exit 1; }
	@touch $@

# For other processors, too: formatting needs no compiler.
check-format:
	clang-format --dry-run -Werror $(sort $(OWN_C) $(OWN_H) $(LWIP_C) \
		$(ECHO_HDR) $(wildcard vmm/kvm/*/*.c) $(MK_SEL4))

.PHONY: ground-aarch64 ground-fits microkit-aarch64 tidy check-format
