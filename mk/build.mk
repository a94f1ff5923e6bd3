# How objects, archives and the two programs are made. B=build/san SANITIZE=1 builds the CLI side
# again with AddressSanitizer and UBSan; the runtime library is never sanitized (it runs in targets).

CLI_CFLAGS = $(COMMON) $(CFLAGS) -fstack-protector-strong $(SAN_FLAGS)

# initial-exec TLS: an access never allocates, also in a signal handler. Frame pointers: the runtime
# walks its own stack. Exceptions: pthread_cancel and pthread_exit unwind through our frames.
RUNTIME_CFLAGS = $(COMMON) -O2 -g -fPIC -fvisibility=hidden -fno-omit-frame-pointer -fdata-sections \
	-ftls-model=initial-exec -fexceptions
# initfirst: constructors of ours run before those of every other library. Data sorted by alignment:
# the small variables, which each run writes, share a few pages and do not lie between large tables
# (a run is a fork, and copies each page that it touches).
# The name of gcc's libtsan: the loader takes ours for it, and never looks for the real one.
RUNTIME_LDFLAGS = -shared -Wl,-z,initfirst -Wl,--sort-section=alignment -Wl,-z,now \
	-Wl,--no-undefined
GCC_TSAN := libtsan.so.2
CLANG_TSAN := libclang_rt.tsan-x86_64.so
CLANG_LIBRARY := libfrontrun-clang.so

PROGRAMS := $(if $(wildcard frontrun.c),$(B)/frontrun $(B)/python) $(if $(wildcard preload/*.c),$(B)/libfrontrun.so $(B)/$(CLANG_LIBRARY) $(B)/tsan/$(GCC_TSAN))

CLI_OBJS := $(CLI_SRCS:%.c=$(B)/obj/cli/%.o)
CLI_LIB_OBJS := $(CLI_LIB_SRCS:%.c=$(B)/obj/cli/%.o)
RUNTIME_OBJS := $(addprefix $(B)/obj/runtime/,$(addsuffix .o,$(basename $(RUNTIME_SRCS))))
UNIT_RUNTIME_OBJS := $(UNIT_RUNTIME:%.c=$(B)/obj/unit-runtime/%.o)

$(B)/frontrun: $(CLI_OBJS)
	$(CC) $(CFLAGS) $(SAN_FLAGS) $(LDFLAGS) -o $@ $^ $(CLI_LIBS)

# What is in Python is used as it lies, by a link beside the CLI.
$(B)/python:
	@mkdir -p $(@D)
	ln -sfn '$(CURDIR)/python' $@

$(B)/libfrontrun.so: $(RUNTIME_OBJS)
	$(CC) -O2 -g $(RUNTIME_LDFLAGS) -Wl,-soname,$(GCC_TSAN) -o $@ $^

# The same under the name that clang gives its own, and what `frontrun cc` links with.
$(B)/$(CLANG_LIBRARY): $(RUNTIME_OBJS)
	$(CC) -O2 -g $(RUNTIME_LDFLAGS) -Wl,-soname,$(CLANG_TSAN) -o $@ $^

$(B)/tsan/$(GCC_TSAN): $(B)/libfrontrun.so
	@mkdir -p $(@D)
	ln -sf ../libfrontrun.so $@
	ln -sf ../libfrontrun.so $(@D)/libtsan.so

$(B)/libfrontrun-cli.a: $(CLI_LIB_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

$(B)/libruntime-unit.a: $(UNIT_RUNTIME_OBJS)
	rm -f $@ && $(AR) rcs $@ $^

$(B)/obj/cli/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CLI_CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(B)/obj/runtime/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_CFLAGS) -c -o $@ $<

$(B)/obj/runtime/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_CFLAGS) -c -o $@ $<

$(B)/obj/unit-runtime/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(RUNTIME_CFLAGS) $(SAN_FLAGS) -c -o $@ $<

# Where an installed CLI finds its library: only the files that ask are rebuilt when it changes.
LIBDIR_OBJS := $(patsubst %.c,$(B)/obj/cli/%.o,$(if $(CLI_SRCS),\
	$(shell grep -l FRONTRUN_LIBDIR $(CLI_SRCS))))
$(LIBDIR_OBJS): CPPFLAGS += -DFRONTRUN_LIBDIR='"$(LIBDIR)"'
$(LIBDIR_OBJS): $(B)/obj/libdir.stamp

.PHONY: force
$(B)/obj/libdir.stamp: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(LIBDIR)' | cmp -s - $@ || printf '%s\n' '$(LIBDIR)' > $@

-include $(wildcard $(CLI_OBJS:.o=.d) $(RUNTIME_OBJS:.o=.d) $(UNIT_RUNTIME_OBJS:.o=.d))
