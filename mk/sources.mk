# Which file goes into which program. Only RUNTIME_FORMATS and UNIT_RUNTIME name files: the parts
# of formats/ that the target's process may use, and the parts of preload/ that need no target.

CLI_LIB_SRCS := $(sort $(wildcard formats/*.c recorder/*.c replayer/*.c fuzz/*.c))
CLI_SRCS := $(wildcard frontrun.c) $(CLI_LIB_SRCS)
CLI_LIBS := -lzstd -lcjson -lseccomp -ldw -lelf -lm

RUNTIME_FORMATS ?= $(wildcard formats/event.c formats/region.c formats/dep.c)
RUNTIME_SRCS := $(sort $(wildcard preload/*.c preload/memory/*.c preload/*.S)) $(RUNTIME_FORMATS)

UNIT_RUNTIME ?= $(sort $(wildcard preload/strategy*.c preload/unwind*.c preload/modules*.c \
	preload/answers.c preload/context*.c preload/clock.c preload/mapping.c preload/sites.c preload/trap_filter.c \
	preload/memory/pages.c preload/memory/quarantine.c preload/memory/blocks.c preload/memory/value.c))
UNIT_TESTS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELPERS := $(filter-out $(UNIT_TESTS),$(sort $(wildcard tests/unit/*.c)))
FUZZ_TESTS := $(sort $(wildcard tests/fuzz/*.c))
FUZZ_LIB_SRCS := $(sort $(wildcard formats/*.c))
