/*
 * Reader of call frame information: finds the .eh_frame entry of an address, runs its
 * program up to there and applies the resulting row to a register set. It keeps no
 * state and no cache (unwind.c does), and never trusts a length it has read.
 *
 * DWARF 5 section 6.4, the x86-64 psABI section 3.7 (register numbers, .eh_frame) and
 * the LSB core specification section 10.6 (.eh_frame, .eh_frame_hdr).
 *
 * All functions are async-signal-safe, allocate nothing and keep errno.
 */
#ifndef FRONTRUN_PRELOAD_UNWIND_CFI_H
#define FRONTRUN_PRELOAD_UNWIND_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "preload/modules.h"

/* DWARF numbers of the x86-64 registers that matter by name; CFI_RA: return address. */
enum {
	CFI_RBX = 3,
	CFI_RBP = 6,
	CFI_RSP = 7,
	CFI_R12 = 12,
	CFI_R15 = 15,
	CFI_RA = 16,
	CFI_REGS = 17,
};

enum cfi_how {
	CFI_SAME, /* still in the register (also: not mentioned) */
	CFI_UNDEFINED,
	CFI_AT_CFA,      /* saved at CFA + value */
	CFI_IS_CFA,      /* is CFA + value */
	CFI_IN_REGISTER, /* is in register number value */
	CFI_AT_EXPR,     /* saved at the address that the expression computes */
	CFI_IS_EXPR,     /* is what the expression computes */
};

/* An expression's value is the offset from cfi_row.base of its length-prefixed block. */
struct cfi_rule {
	enum cfi_how how;
	int32_t value;
};

struct cfi_row {
	struct cfi_rule cfa; /* CFI_IN_REGISTER: cfa_reg + value; or CFI_IS_EXPR */
	uint8_t cfa_reg;
	bool signal;                 /* a signal trampoline: its caller was interrupted */
	const uint8_t *base, *limit; /* the bytes that expressions lie in */
	struct cfi_rule reg[CFI_REGS];
};

/* The part of the stack that may be read; `probe` asks the kernel about each page first. */
struct cfi_stack {
	uint64_t lo, hi;
	bool probe;
	uint64_t probed_page; /* the last page found readable; 0 = none yet */
};

/* v[CFI_RA] is the address that the row was looked up for; bit r of `valid`: v[r] is known. */
struct cfi_regs {
	uint64_t v[CFI_REGS];
	uint32_t valid;
};

/*
 * The row that holds at address pc of module m. Returns 0, -ENOENT if m has no entry
 * for pc, -EINVAL if there is one that this reader does not understand.
 */
int cfi_find(const struct module *m, uint64_t pc, struct cfi_row *row);

/*
 * One frame outwards: replaces the registers of a frame by those of its caller.
 * Caller-saved registers become unknown unless row is a signal trampoline's. Returns 0;
 * -ENODATA if this is the outermost frame; -EFAULT if it needs memory outside the stack;
 * -EINVAL if it needs an unknown register or an operation that is not supported. On failure
 * regs is unchanged.
 */
int cfi_step(const struct cfi_row *row, struct cfi_stack *stack, struct cfi_regs *regs);

/*
 * If rule is an address expression of the form `register + offset` (one DW_OP_breg,
 * followed by DW_OP_deref if deref is set), store both and return true.
 */
bool cfi_expr_is_breg(const struct cfi_row *row, const struct cfi_rule *rule, bool deref, int *reg,
		      int64_t *offset);

/* Load an aligned word of the stack; false if it may not be read. */
bool cfi_load(struct cfi_stack *stack, uint64_t addr, uint64_t *value);

#endif
