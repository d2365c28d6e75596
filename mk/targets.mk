# Everyday work: one short command each.

.PHONY: help setup demo test integration chaos python-test frontend-test e2e soak check check-includes check-format check-docs check-tidy fmt asan tsan coverage install clean bench docs

help:
	@echo "make                 build build/bin/headway, headway-task and protocol-echo"
	@echo "make demo            install what is missing, build, run the whole pipeline live (PORT=9000, ONCE=1)"
	@echo "make test            install what is missing, build, run every test"
	@echo "make unit T=outbox   the C unit tests, or those in whose name it is"
	@echo "make integration     tests against a real server, with the official socket.io-client (T=name)"
	@echo "make python-test     the Python package, mostly against a real server (T=name)"
	@echo "make chaos           jobs of every kind under kill -9, SIGSTOP, a wrong clock, a full disk (SEED=, JOBS=, FAULTS=)"
	@echo "make frontend-test   the dashboard's unit tests;  make e2e: the same dashboard in real Chromium"
	@echo "make soak            fifty jobs on one page for five minutes (SOAK=seconds), held to its figures"
	@echo "make check           format, clang-tidy, include directions, documents that are out of date"
	@echo "make fmt             apply the format"
	@echo "make asan, tsan      unit and integration tests under AddressSanitizer + UBSan, ThreadSanitizer"
	@echo "make fuzz            every parser, FUZZ_SECONDS=60 each (T=name)"
	@echo "make coverage        build/coverage/ (C: gcovr, dashboard: Vitest)"
	@echo "make bench           build the benchmarks into $(BUILD)/bench"
	@echo "make fanout          our fan-out against peers: bench/fanout.md (ARGS=--quick)"
	@echo "make docs            what is made from schema/asyncapi.json: documents, the dashboard's types of events"
	@echo "make install         PREFIX=/usr/local DESTDIR="

# ---- setting up a bare machine ---------------------------------------------------------------------------------------
# Each runs once; remove build/.setup-* to look again.
build/.setup-build build/.setup-test build/.setup-dev: build/.setup-%: scripts/setup.sh
	sh scripts/setup.sh $*
	@mkdir -p build && touch $@

# pkg-config is asked when the Makefile is read: what setup installs is only seen by a make started after it.
PORT ?= 8080
demo: build/.setup-build
	+$(MAKE) --no-print-directory programs
	$(BUILD)/bin/headway demo --port $(PORT) $(if $(ONCE),--once)

test: build/.setup-build build/.setup-test
	+$(MAKE) --no-print-directory test-all

# ---- tests -----------------------------------------------------------------------------------------------------------
.PHONY: test-all
test-all: programs
	BUILD=$(BUILD) sh scripts/run-all-tests.sh

tests/integration/node_modules/.installed: tests/integration/package-lock.json
	cd tests/integration && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The network and real-time layers alone, for their tests.
$(BUILD)/tests/rt_server: tests/integration/rt_server.c $(call lib_files,$(call closure,api)) $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(call link_libs,$(call libs_used,$(call closure,api)))

# A worker's clock that is wrong, for the test of faults.
$(BUILD)/tests/libskewed_clock.so: tests/skewed-clock/skewed_clock.c
	@mkdir -p $(@D)
	$(CC) $(CSTD) -O1 -g $(WARNINGS) -fPIC -shared -fvisibility=hidden -o $@ $<

integration: build/.setup-test programs $(BUILD)/tests/rt_server $(FAKE_NVML) $(BUILD)/tests/libskewed_clock.so tests/integration/node_modules/.installed
	HEADWAY_BUILD=$(abspath $(BUILD)) sh scripts/run-integration.sh $(T)

PYTHON ?= python3
python-test: programs
	HEADWAY_BUILD=$(abspath $(BUILD)) $(PYTHON) sdk/python/tests/run.py $(T)

# With coverage: what src/lib, src/stores and src/hooks have of it is held to a bound (vite.config.ts).
frontend-test: build/frontend/.built
	cd frontend && npm run --silent coverage

e2e: programs build/frontend/.built $(BUILD)/tests/libnvidia-ml.so.1
	cd frontend && HEADWAY_BIN=$(abspath $(BUILD))/bin/headway HEADWAY_NVML_STANDIN=$(abspath $(BUILD))/tests/libnvidia-ml.so.1 npm run --silent e2e

# Five minutes of fifty jobs on one page, held to the figures of bench/dashboard.md: on a machine that does nothing else.
soak: programs build/frontend/.built $(BUILD)/tests/libnvidia-ml.so.1
	cd frontend && SOAK=$(or $(SOAK),300) HEADWAY_BIN=$(abspath $(BUILD))/bin/headway HEADWAY_NVML_STANDIN=$(abspath $(BUILD))/tests/libnvidia-ml.so.1 \
	  node --test tests/e2e/performance.spec.mjs

# Until it has seen so many jobs and faults: SEED=, JOBS=, FAULTS=. The integration tests run it for 40 s.
SEED ?= 1
JOBS ?= 500
FAULTS ?= 200
chaos: programs $(BUILD)/tests/libskewed_clock.so tests/integration/node_modules/.installed
	HEADWAY_BUILD=$(abspath $(BUILD)) HEADWAY_CHAOS_SECONDS=3600 HEADWAY_CHAOS_SEED=$(SEED) HEADWAY_CHAOS_JOBS=$(JOBS) \
	  HEADWAY_CHAOS_FAULTS=$(FAULTS) sh scripts/run-integration.sh chaos

# ---- sanitizers and coverage -----------------------------------------------------------------------------------------
asan:
	+ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1 \
	  $(MAKE) --no-print-directory BUILD=build/asan SAN=address,undefined unit integration

tsan:
	+TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$(CURDIR)/tests/tsan.supp OPENBLAS_NUM_THREADS=1 \
	  $(MAKE) --no-print-directory BUILD=build/tsan SAN=thread unit integration

coverage: build/.setup-dev
	+$(MAKE) --no-print-directory BUILD=build/cov COVERAGE=1 OPT='-O0 -g' unit integration
	mkdir -p build/coverage
	gcovr --root . --filter src/ --object-directory build/cov --html-details build/coverage/c.html --txt build/coverage/c.txt --print-summary
	cd frontend && npm run --silent coverage -- --coverage.reportsDirectory=../build/coverage/dashboard

# ---- checks ----------------------------------------------------------------------------------------------------------
C_FILES := $(wildcard src/*/*.[ch] tests/unit/*/*.[ch] tests/unit/*.h tests/fuzz/*.c tests/integration/*.c tests/fake-nvml/*.c tests/skewed-clock/*.c bench/*.c bench/*/*.[ch] bench/*/*/*.c)

check: build/.setup-dev check-format check-includes check-docs check-tidy
	cd frontend && npm run --silent lint && npm run --silent typecheck

check-format:
	@clang-format --dry-run -Werror $(C_FILES) && echo format: fine

fmt: build/.setup-dev
	@clang-format -i $(C_FILES)

# Each #include "layer/…" of src/X must be allowed by DEPS_X.
check-includes:
	@sh scripts/check-includes.sh $(foreach l,$(LAYERS),'$(l): $(l) $(DEPS_$(l))')

check-tidy: $(GEN_MIGRATIONS) $(GEN_DASHBOARD)
	@echo clang-tidy …
	@printf '%s\n' $(wildcard src/*/*.c) | xargs -P 2 -n 8 bash scripts/run-tidy.sh $(CPPFLAGS_ALL) $(CSTD) --

# ---- documents made from schemas ---------------------------------------------------------------------------------------
DOC_GENERATORS := $(wildcard scripts/generate-*.mjs)
docs:
	@for it in $(DOC_GENERATORS); do node $$it || exit 1; done

# What is made from the schemas is as they say, and what a document names is in the code.
check-docs:
	@bad=0; for it in $(DOC_GENERATORS); do node $$it --check || bad=1; done; \
	  node scripts/check-doc-names.mjs || bad=1; [ $$bad -eq 0 ] && echo documents: up to date

# ---- benchmarks, installation ----------------------------------------------------------------------------------------
BENCH_BIN := $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))
bench: $(BENCH_BIN)
$(BUILD)/bench/%: bench/%.c $(call lib_files,base ml monitor jobs proto hub store)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(call link_libs,$(call libs_used,base ml monitor jobs proto hub store))

include bench/fanout/fanout.mk
include bench/ingest/ingest.mk

install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/headway
	install -m 755 $(BUILD)/bin/headway $(BUILD)/bin/headway-task $(DESTDIR)$(PREFIX)/bin/
	install -m 644 README.md LICENSE $(DESTDIR)$(PREFIX)/share/doc/headway/

clean:
	rm -rf build
