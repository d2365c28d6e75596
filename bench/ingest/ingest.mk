# The benchmark of metric rows (bench/ingest.md): a task that only writes, and the floor.
INGEST_BIN := $(BUILD)/bench/ingest-task $(BUILD)/bench/ingest-floor
bench: $(INGEST_BIN)

$(INGEST_BIN): $(BUILD)/bench/ingest-%: bench/ingest/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(call say,BENCH,$@)
	$(Q)$(CC) $(CSTD) $(OPT) $(WARNINGS) -o $@ $< -lsqlite3
