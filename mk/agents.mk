# The agents for CPython: build/libfrontrun-python3.X.so, one for each minor version whose headers an
# interpreter of PYTHONS has. `make PYTHONS="/usr/bin/python3 /opt/python3.12/bin/python3.12"`.

PYTHONS ?= $(wildcard /usr/bin/python3.1[1-9] /usr/local/bin/python3.1[1-9] \
	$(HOME)/.pyenv/versions/3.1[1-9].*/bin/python3)

AGENT_SRCS := $(sort $(wildcard preload/python/*.c))
# NDEBUG: the headers are full of assertions.
AGENT_CFLAGS := -std=gnu11 -DNDEBUG -D_GNU_SOURCE= -I. -Wall -Wextra -Wno-unused-parameter $(if $(WERROR),-Werror) \
	-MMD -MP -O2 -g -fPIC -fvisibility=hidden -fno-omit-frame-pointer

# version=directory of the headers, for the versions that an agent is written for.
AGENTS := $(shell for python in $(PYTHONS); do $$python -c 'if 1: \
	import os, sys, sysconfig; \
	d = sysconfig.get_paths()["include"]; \
	v = "%d.%d" % sys.version_info[:2]; \
	ok = v in ("3.11", "3.12", "3.13") and os.path.exists(d + "/internal/pycore_frame.h"); \
	print(v + "=" + d if ok else "")' 2>/dev/null; done | sort -u -t= -k1,1)

define AGENT
$$(B)/libfrontrun-python$(1).so: $$(AGENT_SRCS:%.c=$$(B)/obj/agent-$(1)/%.o)
	$$(CC) -O2 -g -shared -Wl,-z,now -o $$@ $$^

$$(B)/obj/agent-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(AGENT_CFLAGS) -I$(2) -c -o $$@ $$<

-include $$(wildcard $$(B)/obj/agent-$(1)/preload/python/*.d)
PROGRAMS += $$(B)/libfrontrun-python$(1).so
endef
$(foreach agent,$(AGENTS),$(eval $(call AGENT,$(word 1,$(subst =, ,$(agent))),$(word 2,$(subst =, ,$(agent))))))
