# Builds the C programs with real input as $(B)/io/NAME. For the Makefile to include.

IO_PROGRAMS := $(patsubst tests/programs/io/%.c,$(B)/io/%,$(sort $(wildcard tests/programs/io/*.c)))
TEST_PROGRAMS += $(IO_PROGRAMS)

$(IO_PROGRAMS): $(B)/io/%: tests/programs/io/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -pthread -D_GNU_SOURCE -Wall -Wextra -Wshadow -o $@ $<
