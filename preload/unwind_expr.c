/*
 * Applies a row of call frame information to a register set, with a small evaluator for
 * DWARF expressions (DWARF 5 section 2.5): the operations that compilers, linkers (PLT
 * stubs) and glibc (signal trampolines) write, and no others. Reads the stack only.
 */
#include <errno.h>
#include <string.h>

#include "preload/raw.h"
#include "preload/unwind.h"
#include "preload/unwind_bytes.h"
#include "preload/unwind_cfi.h"

enum {
	STACK_DEPTH = 16,
	MAX_OPERATIONS = 100, /* bounds the loops that DW_OP_bra can make */
	PAGE_SIZE = 4096,

	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_CONST4U = 0x0c,
	OP_CONST4S = 0x0d,
	OP_CONST8U = 0x0e,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_SWAP = 0x16,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_SHRA = 0x26,
	OP_XOR = 0x27,
	OP_BRA = 0x28,
	OP_EQ = 0x29,
	OP_GE = 0x2a,
	OP_GT = 0x2b,
	OP_LE = 0x2c,
	OP_LT = 0x2d,
	OP_NE = 0x2e,
	OP_SKIP = 0x2f,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_NOP = 0x96,
};

static const uint32_t CALLEE_SAVED = 1u << CFI_RBX | 1u << CFI_RBP | 0xfu << CFI_R12;

struct machine {
	struct cfi_stack *stack;
	const struct cfi_regs *regs;
	struct bytes code;
	const uint8_t *start;
	uint64_t v[STACK_DEPTH];
	int n;
	int error;
};

/*
 * Whether the kernel could read a page: rt_sigprocmask(2) copies the new set before it
 * looks at `how`, so a bad `how` gives EINVAL for a readable page and EFAULT for another,
 * and has no effect. Not for address 0, which means that there is no set.
 */
static bool page_is_readable(uint64_t addr)
{
	return raw(SYS_rt_sigprocmask, -1, addr, 0, 8) != -EFAULT;
}

bool cfi_load(struct cfi_stack *stack, uint64_t addr, uint64_t *value)
{
	uint64_t page = addr & ~(uint64_t)(PAGE_SIZE - 1);

	if (addr & 7 || addr < stack->lo || addr >= stack->hi || stack->hi - addr < 8)
		return false;
	if (stack->probe && page == 0)
		return false;
	if (stack->probe && page != stack->probed_page) {
		if (!page_is_readable(addr))
			return false;
		stack->probed_page = page;
	}
	*value = unwind_word(addr);
	return true;
}

static void push(struct machine *vm, uint64_t value)
{
	if (vm->n == STACK_DEPTH)
		vm->error = -EINVAL;
	else
		vm->v[vm->n++] = value;
}

static uint64_t pop(struct machine *vm)
{
	if (vm->n == 0) {
		vm->error = -EINVAL;
		return 0;
	}
	return vm->v[--vm->n];
}

static void push_register(struct machine *vm, int reg, int64_t offset)
{
	if (reg >= CFI_REGS || !(vm->regs->valid & 1u << reg))
		vm->error = -EINVAL;
	else
		push(vm, vm->regs->v[reg] + (uint64_t)offset);
}

static void jump(struct machine *vm, bool taken)
{
	int16_t distance = (int16_t)bytes_fixed(&vm->code, 2);

	if (!taken || vm->code.bad)
		return;
	if (distance < vm->start - vm->code.p || distance > vm->code.end - vm->code.p)
		vm->error = -EINVAL;
	else
		vm->code.p += distance;
}

static void binary(struct machine *vm, uint8_t op)
{
	uint64_t b = pop(vm);
	uint64_t a = pop(vm);
	int64_t sa = (int64_t)a, sb = (int64_t)b;

	switch (op) {
	case OP_AND:
		a &= b;
		break;
	case OP_OR:
		a |= b;
		break;
	case OP_XOR:
		a ^= b;
		break;
	case OP_PLUS:
		a += b;
		break;
	case OP_MINUS:
		a -= b;
		break;
	case OP_MUL:
		a *= b;
		break;
	case OP_SHL:
		a = b < 64 ? a << b : 0;
		break;
	case OP_SHR:
		a = b < 64 ? a >> b : 0;
		break;
	case OP_SHRA:
		a = (uint64_t)(sa >> (b < 64 ? b : 63));
		break;
	case OP_EQ:
		a = sa == sb;
		break;
	case OP_NE:
		a = sa != sb;
		break;
	case OP_GE:
		a = sa >= sb;
		break;
	case OP_GT:
		a = sa > sb;
		break;
	case OP_LE:
		a = sa <= sb;
		break;
	case OP_LT:
		a = sa < sb;
		break;
	default:
		vm->error = -EINVAL;
	}
	push(vm, a);
}

static void constant(struct machine *vm, uint8_t op)
{
	struct bytes *b = &vm->code;

	switch (op) {
	case OP_CONST1U:
		push(vm, bytes_fixed(b, 1));
		break;
	case OP_CONST1S:
		push(vm, (uint64_t)(int8_t)bytes_fixed(b, 1));
		break;
	case OP_CONST2U:
		push(vm, bytes_fixed(b, 2));
		break;
	case OP_CONST2S:
		push(vm, (uint64_t)(int16_t)bytes_fixed(b, 2));
		break;
	case OP_CONST4U:
		push(vm, bytes_fixed(b, 4));
		break;
	case OP_CONST4S:
		push(vm, (uint64_t)(int32_t)bytes_fixed(b, 4));
		break;
	case OP_CONST8U:
	case OP_CONST8S:
		push(vm, bytes_fixed(b, 8));
		break;
	case OP_CONSTU:
		push(vm, bytes_uleb(b));
		break;
	case OP_CONSTS:
		push(vm, (uint64_t)bytes_sleb(b));
		break;
	}
}

static void operation(struct machine *vm)
{
	uint8_t op = (uint8_t)bytes_fixed(&vm->code, 1);
	uint64_t a, b;

	if (op >= OP_LIT0 && op <= OP_LIT31) {
		push(vm, op - OP_LIT0);
		return;
	}
	if (op >= OP_BREG0 && op <= OP_BREG31) {
		push_register(vm, op - OP_BREG0, bytes_sleb(&vm->code));
		return;
	}
	if (op >= OP_CONST1U && op <= OP_CONSTS) {
		constant(vm, op);
		return;
	}
	switch (op) {
	case OP_NOP:
		break;
	case OP_DEREF:
		if (!cfi_load(vm->stack, pop(vm), &a))
			vm->error = -EFAULT;
		else
			push(vm, a);
		break;
	case OP_DUP:
		a = pop(vm);
		push(vm, a);
		push(vm, a);
		break;
	case OP_DROP:
		pop(vm);
		break;
	case OP_OVER:
		b = pop(vm);
		a = pop(vm);
		push(vm, a);
		push(vm, b);
		push(vm, a);
		break;
	case OP_SWAP:
		b = pop(vm);
		a = pop(vm);
		push(vm, b);
		push(vm, a);
		break;
	case OP_NEG:
		push(vm, -pop(vm));
		break;
	case OP_NOT:
		push(vm, ~pop(vm));
		break;
	case OP_PLUS_UCONST:
		a = bytes_uleb(&vm->code);
		push(vm, pop(vm) + a);
		break;
	case OP_SKIP:
		jump(vm, true);
		break;
	case OP_BRA:
		jump(vm, pop(vm) != 0);
		break;
	default:
		binary(vm, op);
	}
}

static struct bytes expression_bytes(const struct cfi_row *row, const struct cfi_rule *rule)
{
	struct bytes b = { row->base + rule->value, row->limit, false };

	return bytes_cut(&b, bytes_uleb(&b));
}

/* cfa is pushed first, as saved-register rules want; NULL for the rule of the CFA itself. */
static int evaluate(const struct cfi_row *row, const struct cfi_rule *rule, struct cfi_stack *stack,
		    const struct cfi_regs *regs, const uint64_t *cfa, uint64_t *value)
{
	struct machine vm;

	vm.stack = stack;
	vm.regs = regs;
	vm.code = expression_bytes(row, rule);
	vm.start = vm.code.p;
	vm.n = 0;
	vm.error = 0;
	if (cfa)
		push(&vm, *cfa);
	for (int i = 0; vm.code.p < vm.code.end && !vm.code.bad && !vm.error; i++) {
		if (i == MAX_OPERATIONS)
			return -EINVAL;
		operation(&vm);
	}
	*value = pop(&vm);
	return vm.code.bad ? -EINVAL : vm.error;
}

static int find_cfa(const struct cfi_row *row, struct cfi_stack *stack, const struct cfi_regs *regs,
		    uint64_t *cfa)
{
	if (row->cfa.how == CFI_IS_EXPR)
		return evaluate(row, &row->cfa, stack, regs, NULL, cfa);
	if (row->cfa.how != CFI_IN_REGISTER || !(regs->valid & 1u << row->cfa_reg))
		return -EINVAL;
	*cfa = regs->v[row->cfa_reg] + (uint64_t)(int64_t)row->cfa.value;
	return 0;
}

static int load_saved(struct cfi_stack *stack, uint64_t addr, uint64_t *value)
{
	return cfi_load(stack, addr, value) ? 0 : -EFAULT;
}

/* The caller's value of one register, by its rule. -ENODATA: it has none. */
static int recover(const struct cfi_row *row, struct cfi_stack *stack, const struct cfi_regs *regs,
		   uint64_t cfa, int reg, uint64_t *value)
{
	const struct cfi_rule *rule = &row->reg[reg];
	uint64_t offset = (uint64_t)(int64_t)rule->value;
	uint64_t at;
	int ret;

	switch (rule->how) {
	case CFI_AT_CFA:
		return load_saved(stack, cfa + offset, value);
	case CFI_IS_CFA:
		*value = cfa + offset;
		return 0;
	case CFI_IN_REGISTER:
		if (rule->value < 0 || rule->value >= CFI_REGS ||
		    !(regs->valid & 1u << rule->value))
			return -EINVAL;
		*value = regs->v[rule->value];
		return 0;
	case CFI_AT_EXPR:
		ret = evaluate(row, rule, stack, regs, &cfa, &at);
		return ret ? ret : load_saved(stack, at, value);
	case CFI_IS_EXPR:
		return evaluate(row, rule, stack, regs, &cfa, value);
	default:
		return -ENODATA;
	}
}

int cfi_step(const struct cfi_row *row, struct cfi_stack *stack, struct cfi_regs *regs)
{
	struct cfi_regs next = *regs;
	uint64_t cfa;
	int ret;

	if (row->reg[CFI_RA].how == CFI_UNDEFINED)
		return -ENODATA;
	ret = find_cfa(row, stack, regs, &cfa);
	if (ret)
		return ret;
	ret = recover(row, stack, regs, cfa, CFI_RA, &next.v[CFI_RA]);
	if (ret)
		return ret == -ENODATA ? -EINVAL : ret;

	if (!row->signal)
		next.valid &= CALLEE_SAVED;
	next.v[CFI_RSP] = cfa;
	next.valid |= 1u << CFI_RSP | 1u << CFI_RA;
	for (int reg = 0; reg < CFI_RA; reg++) {
		if (row->reg[reg].how == CFI_SAME)
			continue;
		if (recover(row, stack, regs, cfa, reg, &next.v[reg]) == 0)
			next.valid |= 1u << reg;
		else
			next.valid &= ~(1u << reg);
	}
	if (!(next.valid & 1u << CFI_RSP))
		return -EINVAL;
	*regs = next;
	return 0;
}

bool cfi_expr_is_breg(const struct cfi_row *row, const struct cfi_rule *rule, bool deref, int *reg,
		      int64_t *offset)
{
	struct bytes b = expression_bytes(row, rule);
	uint8_t op = (uint8_t)bytes_fixed(&b, 1);

	*reg = op - OP_BREG0;
	*offset = bytes_sleb(&b);
	if (deref && bytes_fixed(&b, 1) != OP_DEREF)
		return false;
	return !b.bad && b.p == b.end && op >= OP_BREG0 && *reg < CFI_REGS;
}
