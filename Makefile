# SPDX-License-Identifier: BSD-2-Clause
#
# Weir's build. Drop a .c file into its folder and it is built; nothing is
# listed by hand. Everything made goes under $(B).
#
#   make                    build $(B)/weir, the libraries and the examples
#   make run                install what is missing, build, a tour; then boot an
#                           arm64 machine with a driver VM in it: examples/echo
#   make run EXAMPLE=home   another example alone; a wrong name lists them
#   make client-echo        a client PD with lwIP, which is fetched
#   make test               install what is missing, then every test there is
#   make unit | e2e         only the unit tests | only the end-to-end tests
#   make tidy check-format  the linters, alone
#   make microkit           an image for seL4 with a Microkit SDK: docs/sel4.md
#   make microkit-qemu      the same, and boot it in QEMU
#   make ground-aarch64     cross build the ground floor; check that it stands
#                           alone, its stack, and the size of a small switch
#   make bench              Weir beside its peers; installs these, wants root
#   make bench-quick        the measurements that take under two minutes
#   make bench-placement    domains apart, on one processor, merged; priorities
#   make bench-disk         a disk beside qemu-storage-daemon's
#   make bench-driver-vm    what a frame costs with its card in a driver VM
#   make install deb clean deps
#
#   B=DIR       build directory            CC=clang    another compiler
#   V=1         show whole commands        SAN=1       ASan + UBSan, in $(B)/san
#   WITHOUT="flows captures"  a smaller switch, see base/with.h
#   FDB=linear  a forwarding database that scans, for a handful of stations
#   POLICY=F.c  your own policy (see policy/policy.h), compiled into the switch
#   PREFIX, DESTDIR as usual

B       ?= build
FDB     ?= hash
POLICY  ?= policy/user/none.c
EXAMPLE ?=
PREFIX  ?= /usr/local
ifeq ($(origin CC),default)
CC      := gcc
endif
# Sanitised code takes three times as long to compile at -O2, and finds no more.
CFLAGS  ?= $(if $(SAN),-O1,-O2) -g

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

# $(O): this configuration's output.
O := $(B)$(if $(SAN),/san)

# --- what there is ---------------------------------------------------------

# The target, such as "x86_64-linux-gnu".
MACHINE     := $(shell $(CC) -dumpmachine 2>/dev/null)

# One of the two indices is behind vswitch/fdb.h.
FDB_SRC     := vswitch/fdb_hash.c vswitch/fdb_linear.c
GROUND_SRC  := $(filter-out $(filter-out vswitch/fdb_$(FDB).c,$(FDB_SRC)),\
	$(wildcard base/*.c vswitch/*.c policy/*.c virt/*.c virtio/*.c))
CONFIG_SRC  := $(wildcard config/*.c config/*/*.c)
VMM_SRC     := $(wildcard hostnet/*.c vmm/linux/*.c vmm/linux/*/*.c \
	vmm/kvm/*.c vmm/microkit/compile/*.c \
	vmm/kvm/$(if $(findstring aarch64,$(MACHINE)),arm64,other)/*.c)
CLIENT_SRC  := $(wildcard client/*.c)
CLI_SRC     := $(wildcard cli/*.c)
EXAMPLE_SRC := $(wildcard client/examples/*.c)
PROGRAM_SRC := $(wildcard client/pd/examples/*.c)
# The inside of a PD, for programs that are PDs.
PD_SRC      := client/pd/main.c vmm/linux/error.c vmm/linux/fds.c \
	$(wildcard vmm/linux/pd/*.c)
TEST_SRC    := $(wildcard tests/unit/*_test.c)
HELPER_SRC  := $(filter-out $(TEST_SRC),$(wildcard tests/unit/*.c)) \
	$(filter-out tests/microkit/pd.c,$(wildcard tests/microkit/*.c))
BENCH_SRC   := $(wildcard tests/bench/*.c)
BENCH_LIB   := $(wildcard tests/bench/lib/*.c) tests/unit/never.c

obj = $(patsubst %.c,$(O)/obj/%.o,$(1))
GROUND_OBJ := $(call obj,$(GROUND_SRC)) $(O)/obj/user-policy.o
HELPER_OBJ := $(call obj,$(HELPER_SRC))

EXAMPLES := $(EXAMPLE_SRC:client/examples/%.c=$(O)/examples/%)
PROGRAMS := $(PROGRAM_SRC:client/pd/examples/%.c=$(O)/programs/%)
# These tests run again with the linear table.
ON_LINEAR := fdb fdb_model differential differential_plain hostile_load
# And these with a switch that has nothing that can be left out.
ON_SMALL := sddf_port without hostile vswitch_loop
TESTS    := $(TEST_SRC:tests/unit/%.c=$(O)/tests/%) \
	$(ON_LINEAR:%=$(O)/tests/%_linear_test) \
	$(ON_SMALL:%=$(O)/tests/%_small_test)
FUZZERS  := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/*.c))
BENCHES  := $(BENCH_SRC:tests/bench/%.c=$(O)/bench/%)
LIBS     := $(O)/libvmm.a $(O)/libconfig.a $(O)/libweir.a $(O)/libground.a

# --- how it is compiled ----------------------------------------------------

include mk/flags.mk

# --- what is made ----------------------------------------------------------

all: $(O)/weir $(EXAMPLES) $(PROGRAMS)
tests: all $(TESTS)
fuzzers: $(FUZZERS)
benches: all $(BENCHES)
# Compiled, not linked, for a second compiler's warnings.
tests-compiled: $(call obj,$(TEST_SRC)) $(HELPER_OBJ)

$(O)/libground.a: $(GROUND_OBJ) $(O)/fdb
$(O)/libconfig.a: $(call obj,$(CONFIG_SRC))
$(O)/libvmm.a: $(call obj,$(VMM_SRC))
$(O)/libweir.a: $(call obj,$(CLIENT_SRC) $(wildcard virt/net_client*.c))
$(O)/libcli.a: $(call obj,$(CLI_SRC))
$(O)/libpd.a: $(call obj,$(PD_SRC))

# The libraries call each other in both directions (a port of libvmm calls the
# switch, the switch calls the policy), so their order must not matter.
link = $(Q)mkdir -p $(@D) && $(CC) $(LINK_FLAGS) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(filter %.a,$^) -Wl,--end-group

$(O)/weir: $(call obj,$(CLI_SRC)) $(LIBS)
	$(call say,LD,$@)
	$(link) $(PKG_LIBS)

$(EXAMPLES): $(O)/examples/%: $(O)/obj/client/examples/%.o $(O)/libweir.a \
		$(O)/libground.a
	$(call say,LD,$@)
	$(link)

$(PROGRAMS): $(O)/programs/%: $(O)/obj/client/pd/examples/%.o $(O)/libpd.a \
		$(O)/libground.a
	$(call say,LD,$@)
	$(link) $(PD_LIBS)

# The command's own functions can be tested, too: libcli.a has them, and its
# main() is not linked because the test has one. The helpers are an archive, so
# that a test links only those it uses.
$(O)/libtest.a: $(HELPER_OBJ)
$(TEST_SRC:tests/unit/%.c=$(O)/tests/%): $(O)/tests/%: \
		$(O)/obj/tests/unit/%.o $(O)/libtest.a $(O)/libcli.a \
		$(LIBS)
	$(call say,LD,$@)
	$(link) $(CMOCKA_LIBS) $(PKG_LIBS)

# An object comes before the archives, so that it replaces the index in there.
$(ON_LINEAR:%=$(O)/tests/%_linear_test): $(O)/tests/%_linear_test: \
		$(O)/obj/tests/unit/%_test.o $(O)/obj/vswitch/fdb_linear.o \
		$(O)/libtest.a $(O)/libcli.a $(LIBS)
	$(call say,LD,$@)
	$(link) $(CMOCKA_LIBS) $(PKG_LIBS)

# Before the other library, so that it replaces what is in there.
$(ON_SMALL:%=$(O)/tests/%_small_test): $(O)/tests/%_small_test: \
		$(O)/obj/tests/unit/%_test.o $(O)/libtest.a \
		$(O)/small/libground.a $(filter-out $(O)/libground.a,$(LIBS))
	$(call say,LD,$@)
	$(link) $(CMOCKA_LIBS) $(PKG_LIBS)

$(O)/small/libground.a: $(GROUND_OBJ:$(O)/%=$(O)/small/%)
$(O)/small/obj/user-policy.o: $(POLICY) $(O)/policy $(O)/flags
	$(Q)mkdir -p $(@D) && $(CC) $(call flags_for,$<) $(SMALL_FLAGS) -c -o $@ $<
$(O)/small/obj/%.o: %.c $(O)/flags
	$(call say,SMALL,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(call flags_for,$<) $(SMALL_FLAGS) -c -o $@ $<

# One that starts a program.
$(O)/tests/program_test: | $(O)/programs/reflect

# Compiled as a whole, to be watched as a whole.
FUZZ_RIGS := vq_rig segment_rig blk_rig blk_disk_rig
$(FUZZERS): $(O)/fuzz/%: tests/fuzz/%.c \
		$(wildcard virtio/*.c virt/*.c base/*.c) \
		$(FUZZ_RIGS:%=tests/unit/%.c) \
		$(wildcard virtio/*.h virt/*.h base/*.h) tests/fuzz/script.h \
		$(FUZZ_RIGS:%=tests/unit/%.h)
	$(call say,FUZZ,$@)
	$(Q)mkdir -p $(@D) && clang -std=gnu11 -O1 -g -D_GNU_SOURCE -I. \
		-fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $(filter %.c,$^) \
		$(CMOCKA_LIBS) -lz

$(O)/libbench.a: $(call obj,$(BENCH_LIB))
$(BENCHES): $(O)/bench/%: $(O)/obj/tests/bench/%.o $(O)/libbench.a $(LIBS)
	$(call say,LD,$@)
	$(link) $(PKG_LIBS)

# The same client on DPDK and on VDE, to measure their switches.
$(O)/bench/dpdk-client: PEER = $$(pkg-config --cflags --libs libdpdk)
$(O)/bench/vde-client: PEER = -lvdeplug
$(O)/bench/%-client: tests/bench/%/client.c $(O)/libbench.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -D_GNU_SOURCE -I. -o $@ $^ $(PEER)

include mk/rules.mk mk/lwip.mk mk/pds.mk

# --- running and testing ---------------------------------------------------

# Both first install what they need, so that one command is enough on a bare
# Debian. The sub-make uses all processors unless -j was given.
again = $(MAKE) --no-print-directory \
	$(if $(findstring jobserver,$(MAKEFLAGS)),,-j$$(nproc))

run:
	@+B='$(B)' O='$(O)' MACHINE_DIR='$(abspath $(MACHINE_DIR))' \
		SYSROOT='$(SYSROOT)' again="$(again)" mk/run.sh $(EXAMPLE)

test:
	@mk/deps.sh build run machine vm test deb
	@+B=$(B) MAKE='$(MAKE)' tests/run

unit: tests
	@B=$(O) tests/run unit

e2e: all benches client-echo machine vm tests-guests
	@B=$(O) tests/run e2e

bench:
	@mk/deps.sh build run bench peers
	@+$(again) benches $(O)/bench/dpdk-client $(O)/bench/vde-client
	@WEIR=$(abspath $(O)/weir) BENCH=$(abspath $(O)/bench) \
		tests/bench/full.sh

bench-quick:
	@mk/deps.sh build bench
	@+$(again) benches
	@WEIR=$(abspath $(O)/weir) BENCH=$(abspath $(O)/bench) \
		EXAMPLES=$(abspath $(O)/examples) tests/bench/quick.sh

bench-disk:
	@mk/deps.sh build bench
	@+$(again) benches
	@WEIR=$(abspath $(O)/weir) BENCH=$(abspath $(O)/bench) \
		EXAMPLES=$(abspath $(O)/examples) tests/bench/disk.sh

bench-placement:
	@mk/deps.sh build run bench peers
	@+$(again) benches $(O)/bench/dpdk-client
	@WEIR=$(abspath $(O)/weir) BENCH=$(abspath $(O)/bench) \
		tests/bench/placement.sh

bench-driver-vm:
	@mk/deps.sh build machine bench
	@+$(again) benches machine
	@MACHINE_DIR=$(abspath $(MACHINE_DIR)) SYSROOT=$(SYSROOT) \
		BENCH=$(abspath $(O)/bench) LINUX=$(abspath $(LINUX)) \
		tests/bench/driver-vm.sh

deps:
	@mk/deps.sh build run machine vm test deb

clean:
	@test ! -e '$(B)/Makefile' || { echo 'B=$(B) holds sources' >&2; false; }
	$(call say,CLEAN,$(B))
	$(Q)rm -rf '$(B)'

include mk/lint.mk mk/install.mk mk/deb.mk mk/guest.mk mk/machine.mk
include driver_vm/build.mk tests/guests/build.mk mk/microkit.mk

.PHONY: all tests fuzzers tests-compiled benches run test unit e2e bench \
	bench-quick bench-disk \
	bench-placement bench-driver-vm deps clean
