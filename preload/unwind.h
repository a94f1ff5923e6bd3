/*
 * Call-stack walk inside the target by DWARF call frame information (.eh_frame),
 * with per-pc compiled rules so that a warm frame costs a few nanoseconds. It
 * is for our interposers and our crash handler; it is not a general unwinder: it
 * restores no registers for the caller and runs no personality routines.
 *
 * Usage, in the body of an interposed function:
 *	struct unwind_start s = unwind_here(&lane->stack);
 *	struct unwind_trace trace;
 *	unwind_walk(cache, &s, &trace);
 * (interposers want context_capture() instead, which calls this when it must).
 *
 * Program counters are stored the way return addresses are: the instruction that
 * matters is the one just before. To symbolise take pc - 1, for every frame: a frame that was
 * interrupted (by a signal or a fault) is stored as its exact pc + 1.
 *
 * DWARF 5 section 6.4 (call frame information), the x86-64 psABI section 3.7 and
 * the LSB core specification (.eh_frame_hdr) define the formats.
 */
#ifndef FRONTRUN_PRELOAD_UNWIND_H
#define FRONTRUN_PRELOAD_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

enum {
	UNWIND_MAX = 16,       /* frames of a walk */
	UNWIND_RED_ZONE = 128, /* below rsp, still in use by leaf code: psABI section 3.2.2 */
};

/*
 * What may be read: the stack of the current thread, and its alternate signal
 * stack if it has one (else alt_lo = alt_hi = 0). [lo, hi) must be readable
 * from the current stack pointer up to hi. A stack pointer outside both ranges
 * (a coroutine's own stack) limits reads to the page that it points into.
 */
struct unwind_stack {
	uint64_t lo, hi;
	uint64_t alt_lo, alt_hi;
};

/* Register values in the frame where a walk begins. */
struct unwind_start {
	uint64_t pc; /* return address into the function that called us */
	uint64_t sp; /* that function's rsp once we have returned (our CFA) */
	uint64_t bp; /* that function's rbp */
	const struct unwind_stack *stack;
	bool exact; /* pc is the interrupted instruction, not a return address */
};

/* Why a walk ended. */
enum unwind_end {
	UNWIND_OUTERMOST,  /* the CFI marks the bottom of the stack: the walk is complete */
	UNWIND_DEPTH,      /* max frames stored, more exist */
	UNWIND_BOUNDS,     /* the next frame is outside the stack */
	UNWIND_UNKNOWN_PC, /* no module or no CFI, and no plausible frame pointer */
	UNWIND_BAD_CFI,    /* CFI we do not understand, or that needs an unknown register */
};

/*
 * The frame that called the function this is expanded in. Requires
 * -fno-omit-frame-pointer, and a function whose stack is not realigned (no AVX
 * locals): then [rbp] is the caller's rbp and [rbp + 8] our return address.
 * A macro, because an inlined function would be a frame of its own at -O0.
 */
#define unwind_here(stack_)                                          \
	((struct unwind_start){                                      \
		.pc = (uint64_t)__builtin_return_address(0),         \
		.sp = (uint64_t)__builtin_frame_address(0) + 16,     \
		.bp = *(const uint64_t *)__builtin_frame_address(0), \
		.stack = (stack_),                                   \
	})

/* The start for code that a signal interrupted (our SIGSYS handler). Async-signal-safe. */
struct unwind_start unwind_interrupted(const ucontext_t *uc, const struct unwind_stack *stack);

/*
 * Bounds of the current thread, for `stack`. main: ends at the loader's
 * __libc_stack_end. thread: ends at its TCB, above which glibc puts nothing of
 * the stack, also for pthread_attr_setstack. `size` in bytes is RLIMIT_STACK or the
 * thread's stack size; too small a size only cuts deep stacks short. No
 * alternate stack is set. Async-signal-safe.
 */
void unwind_stack_main(struct unwind_stack *stack, uint64_t size);
void unwind_stack_thread(struct unwind_stack *stack, uint64_t size);

/*
 * Compiled rules of the program counters met so far: what makes a warm frame cheap.
 * Caller-owned memory of unwind_cache_size() bytes, zero-filled, 64-byte aligned; one user
 * at a time. It corrects itself when modules come and go.
 */
struct unwind_cache;
size_t unwind_cache_size(void);

/*
 * The program counters that had to be compiled; NULL: they are not noted. The processes of runs
 * share it with the fork server, which compiles them so that later runs find them.
 */
#define UNWIND_NOTES 511
struct unwind_notes {
	uint64_t count;
	uint64_t pcs[UNWIND_NOTES];
};
extern struct unwind_notes *unwind_notes;

/* Compiles what is noted behind the first `done`; returns how many are noted. */
uint32_t unwind_learn(struct unwind_cache *cache, uint32_t done);

/*
 * A walk, and every word that it depended on. Given the same first pc and the same distance
 * from sp to the end of the stack, a walk is a function of exactly these inputs: the
 * return addresses it loaded, and the stack addresses it followed (saved frame pointers
 * that a rule used, realigned frames' links), the latter relative to sp. So if all of
 * them are found again in their places, a new walk would give the same frames.
 */
struct unwind_trace {
	uint32_t n; /* frames */
	enum unwind_end end;
	bool memo;    /* the inputs below are complete */
	bool guessed; /* met a pc in no module: until modules_count() moves */
	bool uses_bp; /* start->bp was followed: it was sp + bp_delta */
	uint8_t n_words, n_links;
	int32_t bp_delta;
	uint64_t pcs[UNWIND_MAX];  /* n frames, and a 0 that ended the walk if n_words == n */
	uint32_t word[UNWIND_MAX]; /* pcs[i + 1] was loaded from sp + word[i] */
	struct {
		int32_t at;    /* the word at sp + at... */
		int32_t delta; /* ...was sp + delta */
	} link[UNWIND_MAX];
};

/*
 * Walk from start; innermost frame first, at least one. Allocates nothing, takes no lock,
 * keeps errno. An address in an unknown module ends it (or is stepped over by the frame
 * pointer): to scan for new modules is the caller's business. Warm about 5 ns a frame.
 */
void unwind_walk(struct unwind_cache *cache, const struct unwind_start *start,
		 struct unwind_trace *out);

/* Where reads from this start end: the end of its stack, see struct unwind_stack. */
static inline uint64_t unwind_limit(const struct unwind_start *start)
{
	const struct unwind_stack *s = start->stack;

	if (start->sp - s->lo < s->hi - s->lo)
		return s->hi;
	if (start->sp - s->alt_lo < s->alt_hi - s->alt_lo)
		return s->alt_hi;
	return (start->sp | 4095) + 1;
}

/*
 * A word of foreign memory that is known to be readable. In assembler, so that neither the
 * compiler's aliasing rules nor a sanitizer's red zones apply to it.
 */
static inline uint64_t unwind_word(uint64_t addr)
{
	typedef uint64_t __attribute__((may_alias)) word;
	uint64_t value;

	__asm__("movq %1, %0" : "=r"(value) : "m"(*(const word *)addr));
	return value;
}

/*
 * Would a walk from start give this trace again? Requires trace->memo, and the same pc,
 * exact, and unwind_limit() - sp as when it was made.
 */
static inline bool unwind_holds(const struct unwind_trace *trace, const struct unwind_start *start)
{
	uint64_t sp = start->sp;

	if (trace->uses_bp && start->bp != sp + (uint64_t)(int64_t)trace->bp_delta)
		return false;
	for (uint32_t i = 0; i < trace->n_words; i++)
		if (unwind_word(sp + trace->word[i]) != trace->pcs[i + 1])
			return false;
	for (uint32_t i = 0; i < trace->n_links; i++)
		if (unwind_word(sp + (uint64_t)(int64_t)trace->link[i].at) !=
		    sp + (uint64_t)(int64_t)trace->link[i].delta)
			return false;
	return true;
}

/*
 * Walk from a full register set, without touching any cache, and probing each
 * page of stack before it is read: safe in a crash handler at any point, also after
 * a stack overflow or in the middle of another thread's unwind_walk(). About 1 us a
 * frame. max may exceed UNWIND_MAX. Async-signal-safe, keeps errno.
 */
int unwind_from_ucontext(const ucontext_t *uc, const struct unwind_stack *stack, uint64_t *pcs,
			 int max);

#endif
