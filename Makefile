# Headway. `make help` lists the targets.
#
# Each folder of src/ becomes one static library; mk/layers.mk says which folder may use which, and that table drives
# linking and `make check`. BUILD= chooses another build folder, SAN= a sanitizer, CC= the compiler.

BUILD ?= build
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
SAN ?=
WERROR ?= 1
PREFIX ?= /usr/local
T ?=

# V=1 shows whole commands.
Q := $(if $(V),,@)
say = printf '  %-5s %s\n' $(1) $(2)

include mk/layers.mk

PKG_CONFIG ?= pkg-config
CSTD     := -std=c17 -D_GNU_SOURCE
WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wwrite-strings \
            -Wformat=2 $(if $(findstring clang,$(CC)),,-Wno-format-truncation) -Wundef $(if $(filter 1,$(WERROR)),-Werror)
OPT      ?= -O2 -g
HARDEN   := -fstack-protector-strong $(if $(SAN)$(COVERAGE),,-D_FORTIFY_SOURCE=2)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined) $(if $(COVERAGE),--coverage)
VERSION  := $(shell cat VERSION)

ALL_PKGS := $(sort $(foreach l,$(LAYERS),$(PKGS_$(l))))
pc = $(if $(2),$(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null))
libs_of = $(call pc,--libs,$(1))

CPPFLAGS_ALL := -Isrc -I$(BUILD)/gen -DHEADWAY_VERSION='"$(VERSION)"' $(call pc,--cflags,$(ALL_PKGS)) $(CPPFLAGS)
CFLAGS_ALL   := $(CSTD) $(OPT) $(WARNINGS) $(HARDEN) $(SANFLAGS) -pthread -fPIE $(CFLAGS)
LDFLAGS_ALL  := $(SANFLAGS) -pthread -pie $(LDFLAGS)

# ---- sources -------------------------------------------------------------------------------------------------------
# A file named main.c is a program's entry point and stays out of its folder's library.
srcs_of = $(filter-out %/main.c,$(wildcard src/$(1)/*.c))
lib_of  = $(BUILD)/lib/lib$(1).a
closure = $(1) $(DEPS_$(1))
link_libs = -Wl,--start-group $(foreach l,$(1),$(call lib_of,$(l))) -Wl,--end-group \
            $(call libs_of,$(sort $(foreach l,$(1),$(PKGS_$(l))))) -ldl -lm

USED_LAYERS := $(foreach l,$(LAYERS),$(if $(call srcs_of,$(l)),$(l)))
lib_files = $(foreach l,$(1),$(if $(call srcs_of,$(l)),$(call lib_of,$(l))))
libs_used = $(filter $(USED_LAYERS),$(1))

.PHONY: all
all: programs

# ---- generated sources ---------------------------------------------------------------------------------------------
GEN_MIGRATIONS := $(BUILD)/gen/migrations_sqlite.h $(BUILD)/gen/migrations_postgres.h
GEN_DASHBOARD  := $(BUILD)/gen/dashboard.h

define migrations_rule
$(BUILD)/gen/migrations_$(1).h: $(wildcard src/store/migrations/$(1)/*.sql) scripts/embed-migrations.sh
	@mkdir -p $$(@D)
	sh scripts/embed-migrations.sh src/store/migrations/$(1) > $$@.tmp && mv $$@.tmp $$@
endef
$(foreach b,sqlite postgres,$(eval $(call migrations_rule,$(b))))

FRONTEND_SRC := $(shell find frontend/src frontend/public frontend/index.html frontend/package.json frontend/package-lock.json \
                  frontend/vite.config.ts frontend/scripts/check-bundle.mjs -type f 2>/dev/null)
build/frontend/.built: $(FRONTEND_SRC)
	sh scripts/build-dashboard.sh build/frontend
	@touch $@

$(GEN_DASHBOARD): build/frontend/.built scripts/embed-dashboard.mjs
	@mkdir -p $(@D)
	node scripts/embed-dashboard.mjs build/frontend $@.tmp && mv $@.tmp $@

$(BUILD)/obj/store/sqlite_migrate.o $(BUILD)/obj/store/postgres_migrate.o: $(GEN_MIGRATIONS)
$(BUILD)/obj/api/dashboard_files.o: $(GEN_DASHBOARD)

# ---- libraries -----------------------------------------------------------------------------------------------------
# Kernels are compiled for speed: the layers above them keep -O2.
KERNEL_FLAGS := $(if $(SAN)$(COVERAGE),-DHW_NO_TARGET_CLONES,-O3 -fno-math-errno -fno-trapping-math -ffp-contract=fast)
$(BUILD)/obj/ml/%.o: CFLAGS_ALL += $(KERNEL_FLAGS)

$(BUILD)/obj/%.o: src/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(call say,CC,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

define lib_rule
$(call lib_of,$(1)): $(patsubst src/%.c,$(BUILD)/obj/%.o,$(call srcs_of,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcs $$@ $$^
endef
$(foreach l,$(USED_LAYERS),$(eval $(call lib_rule,$(l))))

# Rebuild when compiler or flags change.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS_ALL) $(CPPFLAGS_ALL)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_ALL) $(CPPFLAGS_ALL)' > $@
FORCE:

# ---- programs ------------------------------------------------------------------------------------------------------
.PHONY: programs
programs: $(BUILD)/bin/headway $(BUILD)/bin/headway-task $(BUILD)/bin/protocol-echo

$(BUILD)/bin/headway: $(BUILD)/obj/cli/main.o $(call lib_files,$(call closure,cli))
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(call link_libs,$(call libs_used,$(call closure,cli)))

$(BUILD)/bin/headway-task: $(BUILD)/obj/task/main.o $(call lib_files,$(call closure,task))
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(call link_libs,$(call libs_used,task ml jobs base))

# A test partner for clients of the protocols: not installed.
$(BUILD)/bin/protocol-echo: $(BUILD)/obj/echo/main.o $(call lib_files,$(call closure,echo))
	@mkdir -p $(@D)
	@$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(call link_libs,$(call libs_used,$(call closure,echo)))

# ---- unit tests ----------------------------------------------------------------------------------------------------
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
unit_layer = $(word 1,$(subst /, ,$(patsubst tests/unit/%,%,$(1))))

define unit_rule
$(BUILD)/tests/unit/$(1): tests/unit/$(1).c $(wildcard tests/unit/*.h) $(call lib_files,$(call closure,$(call unit_layer,tests/unit/$(1)))) $(BUILD)/flags
	@mkdir -p $$(@D)
	@$$(call say,TEST,$$@)
	$$(Q)$$(CC) $$(CPPFLAGS_ALL) -Itests/unit $$(CFLAGS_ALL) -MMD -MP -MT $$@ -MF $$@.d $$(LDFLAGS_ALL) -o $$@ $$< \
	  $$(call link_libs,$$(call libs_used,$$(call closure,$(call unit_layer,tests/unit/$(1))))) -lcmocka
endef
$(foreach s,$(patsubst tests/unit/%.c,%,$(UNIT_SRC)),$(eval $(call unit_rule,$(s))))

.PHONY: unit
# T=name chooses by part of the name.
matching = $(if $(T),$(foreach n,$(1),$(if $(findstring $(T),$(notdir $(n))),$(n))),$(1))
unit: $(call matching,$(UNIT_BIN))
	@sh scripts/run-unit.sh $^

# ---- fuzz targets (clang, libFuzzer) -------------------------------------------------------------------------------
FUZZ_SECONDS ?= 60
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BUILD := build/fuzz
FUZZ_LAYERS := base proto net http hub realtime bus events store ml jobs monitor term task
.PHONY: fuzz fuzz-build
fuzz-build: build/.setup-dev
	+$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang SAN=fuzzer-no-link,address,undefined $(foreach n,$(FUZZ_NAMES),$(FUZZ_BUILD)/fuzz/fuzz_$(n))
fuzz: fuzz-build
	sh scripts/run-fuzz.sh $(FUZZ_BUILD)/fuzz $(FUZZ_SECONDS) $(call matching,$(FUZZ_NAMES))
$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(call lib_files,$(FUZZ_LAYERS))
	@mkdir -p $(@D)
	@$(call say,FUZZ,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fsanitize=fuzzer,address,undefined -pie -o $@ $< \
	  $(call link_libs,$(call libs_used,$(FUZZ_LAYERS)))

include mk/nvml.mk
include mk/targets.mk

-include $(shell find $(BUILD)/obj $(BUILD)/tests -name '*.d' 2>/dev/null)
