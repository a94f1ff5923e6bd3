# Builds the target programs of the TARGETS table as $(B)/targets/NAME. For the Makefile to include;
# works alone too: make -f tests/targets/targets.mk targets

B ?= build
CC ?= cc
CXX ?= c++
RUSTC ?= rustc

TARGET_CFLAGS := -std=gnu11 -O1 -g -pthread -D_GNU_SOURCE= -I. -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Wmissing-prototypes -Wvla
TARGET_CXXFLAGS := -std=gnu++20 -O1 -g -pthread -I. -Wall -Wextra -Wshadow

# One word a row: NAME:LANG:FLAG,FLAG
TARGET_ROWS := $(shell awk -F '|' '!/^\#/ && NF == 7 { gsub(/ /, "", $$1); gsub(/ /, "", $$2); \
	gsub(/^ +| +$$/, "", $$3); gsub(/ +/, ",", $$3); sub(/^-$$/, "", $$3); \
	print $$1 ":" $$2 ":" $$3 }' tests/targets/TARGETS)
target-part = $(word $(2),$(subst :, ,$(1)))
target-of-lang = $(sort $(foreach row,$(TARGET_ROWS),\
	$(if $(filter $(1),$(call target-part,$(row),2)),$(call target-part,$(row),1))))

TARGETS_C := $(call target-of-lang,c)
TARGETS_CXX := $(call target-of-lang,cxx)
TARGETS_SO := $(call target-of-lang,so)
TARGETS_RUST := $(call target-of-lang,rust)
TARGET_PROGRAMS := $(addprefix $(B)/targets/,$(TARGETS_C) $(TARGETS_CXX) $(TARGETS_SO:=.so) \
	$(TARGETS_RUST))
TEST_PROGRAMS += $(TARGET_PROGRAMS)

comma := ,
$(foreach row,$(TARGET_ROWS),$(eval TARGET_FLAGS_$(call target-part,$(row),1) := \
	$(subst $(comma), ,$(call target-part,$(row),3))))
TARGET_FLAGS = $(TARGET_FLAGS_$(basename $(@F)))

# What the compiler at hand cannot do at all is not built (and so skipped by the tests, by name):
# flags are tried on an empty program first. An error in a target is an error.
target-try = $(if $(TARGET_FLAGS),if ! echo 'int main(void) { return 0; }' | \
	$(CC) $(TARGET_FLAGS) -x c - -o /dev/null 2>/dev/null; then \
	echo "not built: $@ (no $(TARGET_FLAGS))"; exit 0; fi;)

$(addprefix $(B)/targets/,$(TARGETS_C)): $(B)/targets/%: tests/targets/%.c tests/targets/check.h
	@mkdir -p $(@D)
	$(target-try) $(CC) $(TARGET_CFLAGS) -o $@ $< $(TARGET_FLAGS)

$(addprefix $(B)/targets/,$(TARGETS_CXX)): $(B)/targets/%: tests/targets/%.cpp tests/targets/check.h
	@mkdir -p $(@D)
	$(target-try) $(CXX) $(TARGET_CXXFLAGS) -o $@ $< $(TARGET_FLAGS)

$(addprefix $(B)/targets/,$(TARGETS_SO:=.so)): $(B)/targets/%.so: tests/targets/%.c
	@mkdir -p $(@D)
	$(CC) $(TARGET_CFLAGS) -fPIC -shared -o $@ $< $(TARGET_FLAGS)

# rustc may be there and yet unable to build (no standard library, no linker): that is a skip too.
# It complains about a job server that it cannot use, hence the empty MAKEFLAGS.
$(addprefix $(B)/targets/,$(TARGETS_RUST)): $(B)/targets/%: tests/targets/%.rs
	@mkdir -p $(@D)
	@if ! echo 'fn main() {}' | MAKEFLAGS= $(RUSTC) -o $@ - 2>/dev/null; then \
	echo "not built: $@ (no working $(RUSTC))"; fi
	if [ -f $@ ]; then MAKEFLAGS= $(RUSTC) --edition 2021 -g -O -o $@ $< $(TARGET_FLAGS); fi

.PHONY: targets
targets: $(TARGET_PROGRAMS)
