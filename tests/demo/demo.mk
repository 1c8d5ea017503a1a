# SPDX-License-Identifier: GPL-2.0-only
# The demonstration (demo.sh) and its players. Included by tests/tests.mk.

$(BUILD)/tests/demo/players: $(BUILD)/tests/demo/players.o
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -o $@

DEMO_SUITES = 'sh tests/demo/demo_test.sh $(BUILD)'

.PHONY: demo picture check-demo check-demo-build
demo: deps ## A true port theft: the verdict, the cure, and a guard against the next one
	$(Q)$(MAKE) --no-print-directory all $(BUILD)/tests/demo/players
	$(Q)sh tests/demo/demo.sh $(BUILD)

picture: all $(BUILD)/tests/demo/players ## README's picture and badges, of a real run of the demonstration (root)
	$(Q)sh tests/demo/demo.sh $(BUILD) > $(BUILD)/demo.txt 2>&1
	$(Q)python3 tests/demo/picture.py draw $(BUILD)/demo.txt > docs/theft.svg
	$(Q)mkdir -p docs/badges
	$(Q)python3 tests/demo/picture.py badge version \
		"$$(sed -n 's/.*PC_VERSION "\(.*\)"/\1/p' user/version.h)" > docs/badges/version.svg
	$(Q)python3 tests/demo/picture.py badge Linux '5.10 and newer' > docs/badges/linux.svg
	$(Q)python3 tests/demo/picture.py badge licence GPL-2.0-only > docs/badges/licence.svg

check-demo: check-demo-build ## The demonstration comes to its end (root)
	$(Q)$(RUN_SUITES) $(DEMO_SUITES)

check-demo-build: $(BUILD)/tests/demo/players $(BUILD)/portclash
