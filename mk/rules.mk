# SPDX-License-Identifier: BSD-2-Clause
#
# Pattern rules: C, archives, and two stamps that rebuild what a changed command
# line affects.

# stamp TEXT: rewrite $@ only when TEXT differs, so that dependents rebuild
# exactly then. Another make may do so at the same time.
stamp = @mkdir -p $(@D); new=$@.$$$$; echo '$(subst ','\'',$(1))' >$$new; \
	if cmp -s $$new $@; then rm $$new; else mv $$new $@; fi

$(O)/flags: FORCE
	$(call stamp,$(CC) $(COMMON) $(GROUND_FLAGS) $(HOST_FLAGS) $(LINK_FLAGS))

$(O)/policy: FORCE
	$(call stamp,$(POLICY))

$(O)/fdb: FORCE
	$(call stamp,$(FDB))

# Reports missing tools, and how to get them, before a compiler fails on a
# missing header.
$(O)/tools: mk/tools.sh $(O)/flags
	@mkdir -p $(@D)
	@CC='$(CC)' HEADERS=libfdt.h mk/tools.sh $(PKGS) && touch $@

$(O)/tools-test: mk/tools.sh $(O)/tools
	@CC='$(CC)' mk/tools.sh cmocka expat && touch $@

$(O)/obj/%.o: %.c $(O)/flags | $(O)/tools
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(call flags_for,$<) -c -o $@ $<

# Only the tests need cmocka.
$(call obj,$(TEST_SRC) $(filter-out $(BENCH_LIB),$(HELPER_SRC))): \
		| $(O)/tools-test

# Exactly one file defines policy_user().
$(O)/obj/user-policy.o: $(POLICY) $(O)/policy $(O)/flags | $(O)/tools
	$(call say,POLICY,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(call flags_for,$<) -c -o $@ $<

# Made anew each time, to drop the objects of deleted sources.
$(O)/%.a:
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D) && rm -f $@ && $(AR) qcs $@ $(filter %.o,$^)

.PHONY: FORCE
.SECONDARY:
-include $(shell find $(O)/obj -name '*.d' 2>/dev/null)
