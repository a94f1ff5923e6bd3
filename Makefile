# frontrun: build, test, install. `make help` lists the targets.
#
# Sources are found by folder, so a new file needs no edit here:
#   CLI      build/frontrun        frontrun.c formats/ recorder/ replayer/ fuzz/
#   runtime  build/libfrontrun.so  preload/ and the freestanding part of formats/
# The two never share an object: they meet in the layout of the shared region only.

B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib/frontrun

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
CLANG ?= clang
CFLAGS ?= -O2 -g
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
WERROR ?=

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	$(if $(WERROR),-Werror)
# The empty value is the same as `#define _GNU_SOURCE`, so a file may still say it.
COMMON := -std=gnu11 -D_GNU_SOURCE= -I. $(WARNINGS) -MMD -MP
ifdef SANITIZE
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

include mk/sources.mk
include mk/build.mk
include mk/agents.mk
-include $(wildcard tests/targets/targets.mk tests/programs/programs.mk corpus/corpus.mk \
	tests/unit/*/*.mk tests/bench/*.mk)
include mk/tests.mk
include mk/install.mk

.PHONY: all help clean

all: $(PROGRAMS) ## build the CLI and the runtime library (default)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' \
		$(filter %.mk Makefile,$(MAKEFILE_LIST))

clean: ## remove everything that was built
	rm -rf build
