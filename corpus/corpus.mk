# Builds the corpus as $(B)/corpus/NAME, plainly, as a user would. For the Makefile to include; works
# alone too: make -f corpus/corpus.mk corpus-programs

B ?= build
CC ?= cc

CORPUS_PROGRAMS := $(patsubst corpus/%.c,$(B)/corpus/%,$(sort $(wildcard corpus/*.c)))
TEST_PROGRAMS += $(CORPUS_PROGRAMS)

$(CORPUS_PROGRAMS): $(B)/corpus/%: corpus/%.c corpus/size.h
	@mkdir -p $(@D)
	$(CC) -g -O0 -pthread -o $@ $<

# Those that need every access to memory as a scheduling point: by `frontrun cc`.
MEMORY_PROGRAMS := $(patsubst corpus/%.c,$(B)/corpus/%,$(sort $(wildcard corpus/memory/*.c)))
TEST_PROGRAMS += $(MEMORY_PROGRAMS)

$(MEMORY_PROGRAMS): $(B)/corpus/%: corpus/%.c corpus/size.h | $(B)/frontrun $(B)/tsan/libtsan.so.2
	@mkdir -p $(@D)
	FRONTRUN_CC='$(CC)' $(B)/frontrun cc -g -O0 -pthread -o $@ $<

.PHONY: corpus-programs
corpus-programs: $(CORPUS_PROGRAMS)
