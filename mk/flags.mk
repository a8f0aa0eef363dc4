# SPDX-License-Identifier: BSD-2-Clause
#
# How each floor is compiled. The ground floor (vswitch, policy, virt) is
# freestanding: it sees only the compiler's own headers and no C library, so
# that the same sources build for seL4.

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes

, := ,

# A frame pointer costs nothing measurable and makes every report readable.
SAN_FLAGS := $(if $(SAN),-fsanitize=address$(,)undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer)

# What the switch is built without, see base/with.h.
WITHOUT ?=
WITHOUT_FLAGS = $(call leave_out,$(WITHOUT))

# Of a small system's topology: what it does not use is left out.
SMALL := flows groups offloads captures iplocks vlans
leave_out = $(addprefix -DWITHOUT_,$(shell echo '$(1)' | tr a-z A-Z))
SMALL_FLAGS := $(call leave_out,$(SMALL) filters)

COMMON := -std=gnu11 $(CFLAGS) $(WARN) -I. -MMD -MP $(SAN_FLAGS) \
	$(WITHOUT_FLAGS)

# Only the compiler's own freestanding headers, wherever it keeps them.
own_headers = -nostdinc -isystem $(shell $(1) -print-file-name=include)

GROUND_FLAGS := -ffreestanding -fno-stack-protector -Wconversion

# Fortify needs an optimising build and hides overflows from ASan.
HOST_FLAGS := -D_GNU_SOURCE -fstack-protector-strong \
	$(if $(SAN)$(findstring -O0,$(CFLAGS)),,-D_FORTIFY_SOURCE=2)

# On Linux both ends of a virtualiser are processors, also in a driver VM, whose
# card does DMA only to the VM's memory. So there is no cache to maintain.
COHERENT := -DWEIR_DMA_COHERENT

LINK_FLAGS := $(SAN_FLAGS) -Wl,-z,relro,-z,now $(LDFLAGS)

# flags_for FILE: the floor decides.
FREESTANDING := base/% vswitch/% policy/% virt/% virtio/% \
	$(wildcard vmm/microkit/*.c vmm/microkit/sel4/*.c) examples/selftest/%
flags_for = $(COMMON) $(MK_INC) $(if $(filter $(FREESTANDING) $(POLICY),$(1)),\
	$(GROUND_FLAGS) $(GROUND_INC) $(COHERENT),$(HOST_FLAGS) $(PKG_CFLAGS))

# Expanded once, and only by rules that need it: `make deps` and `make clean`
# must work before pkg-config is installed.
once = $(eval $(1) := $$(shell $(2)))$($(1))
PKGS        := libpcap libseccomp libcap-ng jansson zlib libxdp libbpf liburing
PKG_CFLAGS   = $(call once,PKG_CFLAGS,pkg-config --cflags $(PKGS) 2>/dev/null)
PD_LIBS      = $(call once,PD_LIBS,pkg-config --libs libseccomp libcap-ng)
# pkg-config does not know Debian's libfdt.
PKG_LIBS     = $(call once,PKG_LIBS,pkg-config --libs $(PKGS) 2>/dev/null; \
	echo -lfdt)
CMOCKA_LIBS  = $(call once,CMOCKA_LIBS,pkg-config --libs cmocka expat 2>/dev/null)
GROUND_INC   = $(eval GROUND_INC := $(call own_headers,$(CC)))$(GROUND_INC)
