# SPDX-License-Identifier: BSD-2-Clause
#
# The client PD with lwIP (examples/echo). Only these targets fetch lwIP's
# sources.
#
#	make client-echo   $(O)/client-echo
#	make tests-echo    its unit tests; make unit-echo also runs them
#
#	LWIP=DIR           where the sources are, or will be

LWIP      ?= $(B)/lwip
ECHO_SRC  := $(wildcard examples/echo/*.c)
ECHO_HDR  := $(wildcard examples/echo/*.h examples/echo/arch/*.h)
ECHO_TEST := $(wildcard tests/echo/*.c)
ECHO_OBJ  := $(call obj,$(ECHO_SRC))

# As system headers, without warnings.
ECHO_INC  := -Iexamples/echo -isystem $(LWIP)/src/include

client-echo: $(O)/client-echo
tests-echo: $(O)/tests/echo_test
unit-echo: $(O)/tests/echo_test
	@$<

$(LWIP)/.complete:
	@mk/lwip.sh $(LWIP)

$(ECHO_OBJ) $(call obj,$(ECHO_TEST)): private COMMON += $(ECHO_INC)
$(ECHO_OBJ) $(call obj,$(ECHO_TEST)): | $(LWIP)/.complete
$(call obj,$(ECHO_TEST)): | $(O)/tools-test

# One rule compiles the whole core: its files are known only once they are
# there, and unused ones compile to nothing. It casts as older C allowed, and
# reads unaligned words.
LWIP_FLAGS := -std=gnu11 $(CFLAGS) $(SAN_FLAGS) -w -fno-strict-aliasing \
	-D_GNU_SOURCE $(ECHO_INC) $(if $(SAN),-fno-sanitize=undefined)

$(O)/liblwip.a: $(LWIP)/.complete $(ECHO_HDR) $(O)/flags
	$(call say,LWIP,$@)
	$(Q)rm -rf $(O)/obj/lwip && mkdir -p $(O)/obj/lwip
	$(Q)for f in $(LWIP)/src/core/*.c $(LWIP)/src/core/ipv4/*.c \
		$(LWIP)/src/netif/ethernet.c; do \
		$(CC) $(LWIP_FLAGS) -c $$f \
			-o $(O)/obj/lwip/$$(basename $$f .c).o || exit; done
	$(Q)rm -f $@ && $(AR) rcs $@ $(O)/obj/lwip/*.o

$(O)/client-echo: $(ECHO_OBJ) $(O)/liblwip.a $(O)/libpd.a $(O)/libground.a
	$(call say,LD,$@)
	$(link) $(PD_LIBS)

# The test stands in for the PD.
$(O)/tests/echo_test: $(ECHO_OBJ) $(call obj,$(ECHO_TEST)) \
		$(call obj,vmm/linux/pd/client.c) $(O)/liblwip.a \
		$(O)/libweir.a $(O)/libground.a
	$(call say,LD,$@)
	$(link) $(CMOCKA_LIBS)

.PHONY: client-echo tests-echo unit-echo
