/*
 * Call-stack walk inside the target by DWARF call frame information (.eh_frame),
 * with per-pc compiled rules so that a warm frame costs a few nanoseconds. It
 * is for our interposers and our crash handler; it is not a general unwinder: it
 * restores no registers for the caller and runs no personality routines.
 *
 * Usage, in the body of an interposed function:
 *	struct unwind_start s = unwind_here(&lane->stack);
 *	uint64_t pcs[UNWIND_MAX];
 *	int n = unwind_walk(&s, pcs, UNWIND_MAX);
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
#include <stdint.h>
#include <ucontext.h>

enum {
	UNWIND_MAX = 16,	/* frames of a walk */
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
	uint64_t pc;		/* return address into the function that called us */
	uint64_t sp;		/* that function's rsp once we have returned (our CFA) */
	uint64_t bp;		/* that function's rbp */
	const struct unwind_stack *stack;
	bool exact;		/* pc is the interrupted instruction, not a return address */
};

/* Why a walk ended. */
enum unwind_end {
	UNWIND_OUTERMOST,	/* the CFI marks the bottom of the stack: the walk is complete */
	UNWIND_DEPTH,		/* max frames stored, more exist */
	UNWIND_BOUNDS,		/* the next frame is outside the stack */
	UNWIND_UNKNOWN_PC,	/* no module or no CFI, and no plausible frame pointer */
	UNWIND_BAD_CFI,		/* CFI that we do not understand, or that needs an unknown register */
};

/*
 * The frame that called the function this is expanded in. Requires
 * -fno-omit-frame-pointer, and a function whose stack is not realigned (no AVX
 * locals): then [rbp] is the caller's rbp and [rbp + 8] our return address.
 * A macro, because an inlined function would be a frame of its own at -O0.
 */
#define unwind_here(stack_) \
	((struct unwind_start){ \
		.pc = (uint64_t)__builtin_return_address(0), \
		.sp = (uint64_t)__builtin_frame_address(0) + 16, \
		.bp = *(const uint64_t *)__builtin_frame_address(0), \
		.stack = (stack_), \
	})

/* The start for code that a signal interrupted (our SIGSYS handler). Async-signal-safe. */
struct unwind_start unwind_interrupted(const ucontext_t *uc, const struct unwind_stack *stack);

/*
 * Bounds of the current thread, for `stack`. main: from the loader's
 * __libc_stack_end and RLIMIT_STACK. thread: below its TCB, where glibc puts each
 * pthread stack, also those of pthread_attr_setstack; size is the thread's
 * stack size in bytes. No allocation, async-signal-safe.
 */
void unwind_stack_main(struct unwind_stack *stack);
void unwind_stack_thread(struct unwind_stack *stack, uint64_t size);

/*
 * Walk from start and store up to max (<= UNWIND_MAX) program counters, innermost
 * first; pcs[0] is start->pc. Returns the number stored, at least 1. *end, unless
 * NULL, tells why it ended. Requires the baton (it fills the rule cache). Allocates nothing, takes
 * no lock, keeps errno. Unknown modules are not looked for: call modules_rescan().
 */
int unwind_walk(const struct unwind_start *start, uint64_t *pcs, int max, enum unwind_end *end);

/*
 * The same from a full register set, without touching any cache: safe in a crash
 * handler at any point, also in the middle of another thread's unwind_walk().
 * max may exceed UNWIND_MAX. Async-signal-safe. Reads .eh_frame and the stack only.
 */
int unwind_from_ucontext(const ucontext_t *uc, const struct unwind_stack *stack, uint64_t *pcs,
			 int max);

#endif
