/*
 * Table of the modules (executable and shared objects) of this process: which
 * object an address belongs to, where its unwind tables are, what it is called.
 * It is not a symboliser: names and lines are found by the CLI from (build id,
 * offset), never in the target.
 *
 * Usage:
 *	modules_rescan();                         // start, after dlopen and after dlclose
 *	const struct module *m = modules_find(pc);
 *	modules_for_each_new(announce, log);      // tell the log what is new
 *
 * Memory is static and fixed. Lookups take no lock, make no call and may run in
 * a signal handler; scans and announcements are for the holder of the baton.
 */
#ifndef FRONTRUN_PRELOAD_MODULES_H
#define FRONTRUN_PRELOAD_MODULES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	MODULES_MAX = 2048,        /* modules ever seen in one process */
	MODULES_SEGMENTS = 8,      /* PT_LOAD segments kept of each module */
	MODULES_BUILD_ID_MAX = 32, /* bytes kept of a build id; the usual SHA-1 has 20 */
};

struct module_segment {
	uint64_t start, end; /* absolute, [start, end) */
	bool exec;
	bool write;
};

/*
 * Everything is constant except `gone`. `path` is what the loader calls the
 * object ("linux-vdso.so.1" for the vDSO), the target of /proc/self/exe for the
 * executable, and "" if the pool for paths is full.
 */
struct module {
	uint32_t number; /* 0, 1, 2...: order of first sight, never reused */
	bool gone;       /* unloaded; its range may belong to another module */
	uint8_t n_segments;
	uint8_t build_id_len; /* 0: the object has none */
	uint8_t build_id[MODULES_BUILD_ID_MAX];
	uint64_t bias;         /* absolute address = bias + address in the ELF file */
	uint64_t start, end;   /* absolute, covers all segments */
	uint64_t eh_frame_hdr; /* absolute, 0: no unwind tables */
	uint64_t eh_frame_hdr_end;
	uint64_t dynamic; /* absolute address of PT_DYNAMIC, 0: none */
	const char *path; /* stays valid for ever */
	struct module_segment segments[MODULES_SEGMENTS];
};

/*
 * Bring the table up to date with dl_iterate_phdr(3). Nearly free when the loader's
 * counters (dlpi_adds, dlpi_subs) say that nothing has changed. Requires the baton. Takes
 * glibc's list lock, which a thread holds only while it edits the list or runs a
 * dl_iterate_phdr callback (not while constructors run), so it must not be called from a
 * crash handler. Not async-signal-safe. A library closed and opened again is a new module
 * if a scan ran in between: call this after each dlclose. Returns 1 if something changed, 0
 * if not, -ENOSPC if a module did not fit (it then stays unknown; modules_lost() counts).
 */
int modules_rescan(void);

/* Make the next modules_rescan() or failing modules_lookup() scan whatever the counters say. */
void modules_invalidate(void);

/*
 * The live module whose range holds addr, or NULL. Lock-free, async-signal-safe,
 * about 2 ns when addr is in the module of the last lookup. The range covers
 * text and data, so it serves static variables as well as code.
 */
const struct module *modules_find(uint64_t addr);

/*
 * As modules_find(), but a miss rescans (libc opens gconv, NSS and libgcc_s behind our back),
 * which costs 50 ns when nothing has changed. Same requirements as modules_rescan().
 */
const struct module *modules_lookup(uint64_t addr);

/* True if addr is in an executable segment of m. */
bool module_is_code(const struct module *m, uint64_t addr);

/* The module with this number, gone or not; NULL if there is none. */
const struct module *modules_get(uint32_t number);

/* How many modules have been numbered so far. */
uint32_t modules_count(void);

/* How many modules did not fit into the table. */
uint32_t modules_lost(void);

/*
 * Changes whenever a module has gone away: what a cache knows about an address in
 * some module may then be wrong. (What it concluded from an address in no module
 * holds while modules_count() stays.)
 */
static inline uint32_t modules_epoch(void)
{
	extern uint32_t modules_epoch_ __attribute__((visibility("hidden")));

	return __atomic_load_n(&modules_epoch_, __ATOMIC_ACQUIRE);
}

/*
 * Call cb for each module numbered since the last call, in order of number;
 * returns how many. cb may not rescan. Requires the baton.
 */
uint32_t modules_for_each_new(void (*cb)(const struct module *m, void *arg), void *arg);

/* The next modules_for_each_new() starts again from module 0 (a new log has begun). */
void modules_announce_again(void);

#endif
