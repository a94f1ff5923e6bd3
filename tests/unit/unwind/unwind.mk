# Shared objects whose stacks tests/unit/test_unwind.c walks: the same sources in several ways of
# compiling. libcapture.so stands for the runtime library: it is reached through the PLT.

UNWIND_DIR := $(B)/unit/unwind
UNWIND_LIBS := $(addprefix $(UNWIND_DIR)/,stacks-O0.so stacks-O2.so stacks-fp.so stacks-nofp.so \
	stacks-cxx-O0.so stacks-cxx-O2.so cfi.so nocfi.so plugin.so)
UNWIND_SO = -g -fPIC -shared -I. -Wall -Wextra -o $@ $(filter %.c %.cc %.S,$^) \
	-L$(UNWIND_DIR) -lcapture -Wl,-rpath,'$$ORIGIN' -Wl,-z,lazy

UNWIND_TESTS := $(addprefix $(B)/unit/,test_unwind test_unwind_async test_context test_modules)

$(UNWIND_TESTS): $(B)/obj/cli/tests/unit/unwind/harness.o | $(UNWIND_LIBS)
$(UNWIND_LIBS): tests/unit/unwind/capture.h $(UNWIND_DIR)/libcapture.so

$(UNWIND_DIR)/libcapture.so: $(addprefix tests/unit/unwind/,capture.c capture.h) \
		preload/unwind.h
	@mkdir -p $(@D)
	$(CC) $(COMMON) -O2 -g -fPIC -shared -fno-omit-frame-pointer -o $@ $<

$(UNWIND_DIR)/stacks-O0.so: tests/unit/unwind/stacks.c
	$(CC) -std=gnu11 -D_GNU_SOURCE -O0 $(UNWIND_SO)
$(UNWIND_DIR)/stacks-O2.so: tests/unit/unwind/stacks.c
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 $(UNWIND_SO)
$(UNWIND_DIR)/stacks-fp.so: tests/unit/unwind/stacks.c
	$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -fno-omit-frame-pointer $(UNWIND_SO)
$(UNWIND_DIR)/stacks-nofp.so: tests/unit/unwind/stacks.c
	$(CC) -std=gnu11 -D_GNU_SOURCE -O3 -fomit-frame-pointer -mavx2 $(UNWIND_SO)
$(UNWIND_DIR)/stacks-cxx-O0.so: tests/unit/unwind/stacks.cc
	$(CXX) -std=gnu++17 -O0 $(UNWIND_SO) -pthread
$(UNWIND_DIR)/stacks-cxx-O2.so: tests/unit/unwind/stacks.cc
	$(CXX) -std=gnu++17 -O2 $(UNWIND_SO) -pthread
$(UNWIND_DIR)/cfi.so: tests/unit/unwind/cfi.S
	$(CC) $(UNWIND_SO)
$(UNWIND_DIR)/nocfi.so: tests/unit/unwind/nocfi.S
	$(CC) $(UNWIND_SO)
$(UNWIND_DIR)/plugin.so: tests/unit/unwind/plugin.c
	$(CC) -std=gnu11 -O2 $(UNWIND_SO) -Wl,--build-id=0x0123456789abcdef

$(B)/bench/bench_unwind: tests/bench/bench_unwind.c $(B)/libruntime-unit.a
	@mkdir -p $(@D)
	$(CC) $(COMMON) $(CFLAGS) -o $@ $^
