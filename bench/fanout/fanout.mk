# The benchmark of fan-out (bench/fanout.md): a load generator and its floor, built apart from the libraries of src/.
FANOUT_BIN := $(BUILD)/bench/fanout-load $(BUILD)/bench/fanout-raw
bench: $(FANOUT_BIN)

$(BUILD)/bench/fanout-load: $(wildcard bench/fanout/*.[ch]) $(BUILD)/flags
	@mkdir -p $(@D)
	@$(call say,BENCH,$@)
	$(Q)$(CC) $(CSTD) $(OPT) $(WARNINGS) -o $@ $(filter %.c,$^) -lz

$(BUILD)/bench/fanout-raw: bench/fanout/peers/raw.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(call say,BENCH,$@)
	$(Q)$(CC) $(CSTD) $(OPT) $(WARNINGS) -o $@ $< -lcrypto

# Its checks are tested with the rest: `make unit T=fanout`.
FANOUT_TEST := $(BUILD)/tests/unit/bench/test_fanout
$(FANOUT_TEST): bench/fanout/test/test_fanout.c $(filter-out %/main.c,$(wildcard bench/fanout/*.[ch])) $(BUILD)/flags
	@mkdir -p $(@D)
	@$(call say,TEST,$@)
	$(Q)$(CC) $(CSTD) $(OPT) $(WARNINGS) $(SANFLAGS) -o $@ $(filter %.c,$^) -lz -lcmocka
unit: $(call matching,$(FANOUT_TEST))

bench/fanout/node_modules/.installed: bench/fanout/package-lock.json
	cd bench/fanout && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

build/.setup-bench: scripts/setup.sh
	sh scripts/setup.sh bench
	@mkdir -p build && touch $@

# ARGS="--quick --scenarios a,b": see bench/fanout/run.mjs --help.
.PHONY: fanout
fanout: build/.setup-bench programs $(FANOUT_BIN) bench/fanout/node_modules/.installed
	node bench/fanout/run.mjs --build $(BUILD) $(ARGS)
