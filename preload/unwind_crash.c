/*
 * The walk of the crash handler: from a full register set, with no cache and with each
 * page of stack probed before it is read. Slower than unwind_walk() by a factor of a hundred,
 * and safe where that is not: in any signal handler, on a broken stack.
 */
#include <errno.h>
#include <string.h>

#include "preload/modules.h"
#include "preload/unwind.h"
#include "preload/unwind_cfi.h"

enum {
	UNKNOWN_STACK = 1024 * 1024, /* how far to look on a stack we have no bounds of */
};

/* gregs index of each DWARF register. */
static const int8_t greg_of[CFI_REGS] = {
	REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
	REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
};

static struct cfi_stack readable_part(const struct unwind_stack *stack, uint64_t sp)
{
	struct unwind_start at = { .sp = sp, .stack = stack };
	struct cfi_stack part = { .lo = sp - UNWIND_RED_ZONE,
				  .hi = unwind_limit(&at),
				  .probe = true };

	/* In no known stack: below one (it has overflowed), or on a coroutine's. */
	if (part.hi - sp <= 4096)
		part.hi = sp < stack->lo && stack->lo - sp < UNKNOWN_STACK ? stack->hi
									   : sp + UNKNOWN_STACK;
	return part;
}

static bool in_code(uint64_t pc)
{
	const struct module *m = modules_find(pc);

	return m && module_is_code(m, pc);
}

/* A call through a bad pointer: the pc is unreadable and the return address is still on top. */
static int undo_wild_call(struct cfi_stack *stack, struct cfi_regs *regs)
{
	struct cfi_stack anywhere = { .hi = UINT64_MAX, .probe = true };
	uint64_t word;

	if (cfi_load(&anywhere, regs->v[CFI_RA] & ~UINT64_C(7), &word))
		return -ENOENT;
	if (!cfi_load(stack, regs->v[CFI_RSP], &word) || !in_code(word - 1))
		return -ENOENT;
	regs->v[CFI_RA] = word;
	regs->v[CFI_RSP] += 8;
	return 0;
}

static int follow_frame_pointer(struct cfi_stack *stack, struct cfi_regs *regs)
{
	uint64_t bp = regs->v[CFI_RBP];
	uint64_t next, pc;

	if (!(regs->valid & 1u << CFI_RBP) || bp < regs->v[CFI_RSP] ||
	    !cfi_load(stack, bp, &next) || !cfi_load(stack, bp + 8, &pc))
		return -ENOENT;
	if (!in_code(pc - 1) && (next <= bp || next >= stack->hi))
		return -ENOENT;
	regs->v[CFI_RA] = pc;
	regs->v[CFI_RSP] = bp + 16;
	regs->v[CFI_RBP] = next;
	return 0;
}

/* One frame outwards; *pc is kept in the form of a return address. */
static int step(const struct unwind_stack *bounds, struct cfi_stack *stack, struct cfi_regs *regs,
		bool first, uint64_t *pc)
{
	uint64_t sp = regs->v[CFI_RSP];
	const struct module *m = modules_find(*pc - 1);
	struct cfi_row row;
	int ret;

	regs->v[CFI_RA] = *pc - 1;
	row.signal = false;
	ret = m ? cfi_find(m, *pc - 1, &row) : -ENOENT;
	if (ret == 0) {
		ret = cfi_step(&row, stack, regs);
	} else {
		ret = first && !m ? undo_wild_call(stack, regs) : -ENOENT;
		if (ret)
			ret = follow_frame_pointer(stack, regs);
	}
	if (ret)
		return ret;
	*pc = regs->v[CFI_RA] + row.signal;
	if (row.signal)
		*stack = readable_part(bounds, regs->v[CFI_RSP]);
	else if (regs->v[CFI_RSP] < sp) /* equal in longjmp, near its end */
		return -EFAULT;
	return *pc == 0 ? -ENODATA : 0;
}

int unwind_from_ucontext(const ucontext_t *uc, const struct unwind_stack *bounds, uint64_t *pcs,
			 int max)
{
	struct cfi_regs regs;
	struct cfi_stack stack;
	uint64_t pc;
	int n = 0;

	if (max < 1)
		return 0;
	for (int reg = 0; reg < CFI_REGS; reg++)
		regs.v[reg] = (uint64_t)uc->uc_mcontext.gregs[greg_of[reg]];
	regs.valid = (1u << CFI_REGS) - 1;
	stack = readable_part(bounds, regs.v[CFI_RSP]);

	pc = regs.v[CFI_RA] + 1;
	do
		pcs[n++] = pc;
	while (n < max && step(bounds, &stack, &regs, n == 1, &pc) == 0);
	return n;
}
