/*
 * Finds and runs the call frame program of one address (see unwind_cfi.h). The
 * expression evaluator and the application of a row are in unwind_expr.c.
 */
#include "preload/unwind_cfi.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "preload/unwind_bytes.h"

enum {
	REMEMBER_DEPTH = 6,
	TABLE_ENCODING = 0x3b, /* datarel sdata4: the only one that linkers write */
	TABLE_ENTRY = 8,

	/* DW_EH_PE_*, pointer encodings */
	PE_OMIT = 0xff,
	PE_INDIRECT = 0x80,
	PE_FORMAT = 0x0f,
	PE_APPLICATION = 0x70,
	PE_PCREL = 0x10,
	PE_DATAREL = 0x30,

	/* DW_CFA_*; the first three keep an operand in their low six bits */
	CFA_ADVANCE_LOC = 0x40,
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint8_t pointer_encoding;
	bool has_augmentation; /* 'z': FDEs carry augmentation data of a given length */
	bool signal;
	struct bytes program;
};

struct fde {
	struct cie cie;
	uint64_t begin, end;
	struct bytes program;
};

/* What the program of one function has computed so far. */
struct machine {
	const struct cie *cie;
	uint64_t loc;
	uint64_t target;
	struct cfi_row row;
	struct cfi_rule initial[CFI_REGS];
	struct saved_row {
		struct cfi_rule cfa, reg[CFI_REGS];
		uint8_t cfa_reg;
	} saved[REMEMBER_DEPTH];
	int n_saved;
};

static uint64_t read_pointer(struct bytes *b, uint8_t encoding, uint64_t data_base)
{
	uint64_t at = (uint64_t)b->p;
	uint64_t value;

	switch (encoding & PE_FORMAT) {
	case 0x00:
	case 0x04:
	case 0x0c:
		value = bytes_fixed(b, 8);
		break;
	case 0x01:
		value = bytes_uleb(b);
		break;
	case 0x02:
		value = bytes_fixed(b, 2);
		break;
	case 0x03:
		value = bytes_fixed(b, 4);
		break;
	case 0x09:
		value = (uint64_t)bytes_sleb(b);
		break;
	case 0x0a:
		value = (uint64_t)(int64_t)(int16_t)bytes_fixed(b, 2);
		break;
	case 0x0b:
		value = (uint64_t)(int64_t)(int32_t)bytes_fixed(b, 4);
		break;
	default:
		b->bad = true;
		return 0;
	}
	switch (encoding & PE_APPLICATION) {
	case 0:
		return value;
	case PE_PCREL:
		return value + at;
	case PE_DATAREL:
		return value + data_base;
	default:
		b->bad = true;
		return 0;
	}
}

/* The readable bytes of m from addr to the end of the segment it is in. */
static struct bytes segment_bytes(const struct module *m, uint64_t addr)
{
	for (int i = 0; i < m->n_segments; i++)
		if (addr >= m->segments[i].start && addr < m->segments[i].end)
			return (struct bytes){ (const uint8_t *)addr,
					       (const uint8_t *)m->segments[i].end, false };
	return (struct bytes){ .bad = true };
}

/* Cut a length-prefixed CIE or FDE out of b. */
static struct bytes read_entry(struct bytes *b)
{
	uint64_t length = bytes_fixed(b, 4);

	if (length == 0xffffffff)
		length = bytes_fixed(b, 8);
	if (length == 0)
		b->bad = true;
	return bytes_cut(b, length);
}

static void read_augmentation(struct bytes *b, const char *letters, struct cie *cie)
{
	struct bytes data;

	if (letters[0] != 'z') {
		b->bad = letters[0] != '\0';
		return;
	}
	cie->has_augmentation = true;
	data = bytes_cut(b, bytes_uleb(b));
	for (letters++; *letters && !data.bad; letters++) {
		uint8_t encoding;

		switch (*letters) {
		case 'R':
			cie->pointer_encoding = (uint8_t)bytes_fixed(&data, 1);
			break;
		case 'L':
			bytes_fixed(&data, 1);
			break;
		case 'P':
			encoding = (uint8_t)bytes_fixed(&data, 1);
			read_pointer(&data, encoding & (uint8_t)~PE_INDIRECT, 0);
			break;
		case 'S':
			cie->signal = true;
			break;
		default:
			/* Unknown data follows, of unknown meaning, but 'z' told its length. */
			return;
		}
	}
	b->bad |= data.bad;
}

static int read_cie(const struct module *m, uint64_t addr, struct cie *cie)
{
	struct bytes segment = segment_bytes(m, addr);
	struct bytes b = read_entry(&segment);
	uint8_t version;
	const char *letters;

	if (segment.bad || bytes_fixed(&b, 4) != 0)
		return -EINVAL;
	version = (uint8_t)bytes_fixed(&b, 1);
	letters = bytes_string(&b);
	if (b.bad || (version != 1 && version != 3))
		return -EINVAL;
	cie->code_align = bytes_uleb(&b);
	cie->data_align = bytes_sleb(&b);
	if ((version == 1 ? bytes_fixed(&b, 1) : bytes_uleb(&b)) != CFI_RA)
		return -EINVAL;
	read_augmentation(&b, letters, cie);
	cie->program = b;
	return b.bad ? -EINVAL : 0;
}

static int read_fde(const struct module *m, uint64_t addr, struct fde *fde)
{
	struct bytes segment = segment_bytes(m, addr);
	struct bytes b = read_entry(&segment);
	uint64_t cie_at = (uint64_t)b.p;
	uint64_t back;
	int ret;

	if (segment.bad)
		return -EINVAL;
	back = bytes_fixed(&b, 4);
	if (back == 0)
		return -EINVAL;
	ret = read_cie(m, cie_at - back, &fde->cie);
	if (ret)
		return ret;
	fde->begin = read_pointer(&b, fde->cie.pointer_encoding, 0);
	fde->end = fde->begin + read_pointer(&b, fde->cie.pointer_encoding & PE_FORMAT, 0);
	if (fde->cie.has_augmentation)
		bytes_cut(&b, bytes_uleb(&b));
	fde->program = b;
	return b.bad ? -EINVAL : 0;
}

static int32_t table_word(uint64_t addr)
{
	int32_t value;

	memcpy(&value, (const void *)addr, sizeof(value));
	return value;
}

/* The address of the last FDE that begins at or before pc, by .eh_frame_hdr's sorted table. */
static int search_table(const struct module *m, uint64_t pc, uint64_t *fde_at)
{
	uint64_t base = m->eh_frame_hdr;
	struct bytes b = { (const uint8_t *)base, (const uint8_t *)m->eh_frame_hdr_end, false };
	uint8_t version, frame_encoding, count_encoding, table_encoding;
	uint64_t count, lo = 0, hi, table;

	if (base == 0)
		return -ENOENT;
	version = (uint8_t)bytes_fixed(&b, 1);
	frame_encoding = (uint8_t)bytes_fixed(&b, 1);
	count_encoding = (uint8_t)bytes_fixed(&b, 1);
	table_encoding = (uint8_t)bytes_fixed(&b, 1);
	if (b.bad || version != 1 || count_encoding == PE_OMIT || table_encoding != TABLE_ENCODING)
		return -ENOENT;
	if (frame_encoding != PE_OMIT)
		read_pointer(&b, frame_encoding, base);
	count = read_pointer(&b, count_encoding, base);
	table = (uint64_t)b.p;
	if (b.bad || count > (uint64_t)(b.end - b.p) / TABLE_ENTRY)
		return -ENOENT;

	for (hi = count; lo < hi;) {
		uint64_t mid = (lo + hi) / 2;

		if (base + (uint64_t)(int64_t)table_word(table + mid * TABLE_ENTRY) <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return -ENOENT;
	*fde_at = base + (uint64_t)(int64_t)table_word(table + (lo - 1) * TABLE_ENTRY + 4);
	return 0;
}

static void set_rule(struct machine *vm, struct bytes *b, uint64_t reg, enum cfi_how how,
		     int64_t value)
{
	if (value != (int32_t)value)
		b->bad = true;
	if (reg < CFI_REGS) /* vector registers are saved by some; nobody asks for them */
		vm->row.reg[reg] = (struct cfi_rule){ how, (int32_t)value };
}

static void set_cfa(struct machine *vm, struct bytes *b, uint64_t reg, int64_t offset)
{
	if (reg >= CFI_RA || offset != (int32_t)offset)
		b->bad = true;
	vm->row.cfa_reg = (uint8_t)reg;
	vm->row.cfa = (struct cfi_rule){ CFI_IN_REGISTER, (int32_t)offset };
}

/* Expressions of one row may come from the CIE and from the FDE: one base serves both. */
static int32_t skip_block(struct machine *vm, struct bytes *b)
{
	int64_t at = b->p - vm->row.base;

	if (at != (int32_t)at)
		b->bad = true;
	bytes_cut(b, bytes_uleb(b));
	return (int32_t)at;
}

static void restore_rule(struct machine *vm, uint64_t reg)
{
	if (reg < CFI_REGS)
		vm->row.reg[reg] = vm->initial[reg];
}

static void remember_state(struct machine *vm, struct bytes *b)
{
	struct saved_row *s;

	if (vm->n_saved == REMEMBER_DEPTH) {
		b->bad = true;
		return;
	}
	s = &vm->saved[vm->n_saved++];
	s->cfa = vm->row.cfa;
	s->cfa_reg = vm->row.cfa_reg;
	memcpy(s->reg, vm->row.reg, sizeof(s->reg));
}

static void restore_state(struct machine *vm, struct bytes *b)
{
	const struct saved_row *s;

	if (vm->n_saved == 0) {
		b->bad = true;
		return;
	}
	s = &vm->saved[--vm->n_saved];
	vm->row.cfa = s->cfa;
	vm->row.cfa_reg = s->cfa_reg;
	memcpy(vm->row.reg, s->reg, sizeof(s->reg));
}

/* An operand in units of the CIE's data alignment; what overflows is refused by set_rule(). */
static int64_t scaled(const struct machine *vm, uint64_t operand)
{
	int64_t value;

	return __builtin_mul_overflow((int64_t)operand, vm->cie->data_align, &value) ? INT64_MIN
										     : value;
}

/* Operations with a full opcode byte that set the rule of a register. */
static void run_register_op(struct machine *vm, struct bytes *b, uint8_t op)
{
	uint64_t reg = bytes_uleb(b);

	switch (op) {
	case CFA_OFFSET_EXTENDED:
		set_rule(vm, b, reg, CFI_AT_CFA, scaled(vm, bytes_uleb(b)));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set_rule(vm, b, reg, CFI_AT_CFA, scaled(vm, (uint64_t)bytes_sleb(b)));
		break;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		set_rule(vm, b, reg, CFI_AT_CFA, scaled(vm, -bytes_uleb(b)));
		break;
	case CFA_VAL_OFFSET:
		set_rule(vm, b, reg, CFI_IS_CFA, scaled(vm, bytes_uleb(b)));
		break;
	case CFA_VAL_OFFSET_SF:
		set_rule(vm, b, reg, CFI_IS_CFA, scaled(vm, (uint64_t)bytes_sleb(b)));
		break;
	case CFA_REGISTER:
		set_rule(vm, b, reg, CFI_IN_REGISTER, (int64_t)bytes_uleb(b));
		break;
	case CFA_EXPRESSION:
		set_rule(vm, b, reg, CFI_AT_EXPR, skip_block(vm, b));
		break;
	case CFA_VAL_EXPRESSION:
		set_rule(vm, b, reg, CFI_IS_EXPR, skip_block(vm, b));
		break;
	case CFA_UNDEFINED:
		set_rule(vm, b, reg, CFI_UNDEFINED, 0);
		break;
	case CFA_SAME_VALUE:
		set_rule(vm, b, reg, CFI_SAME, 0);
		break;
	case CFA_RESTORE_EXTENDED:
		restore_rule(vm, reg);
		break;
	default:
		b->bad = true;
	}
}

static void run_op(struct machine *vm, struct bytes *b)
{
	uint8_t op = (uint8_t)bytes_fixed(b, 1);
	uint8_t low = op & 0x3f;
	uint64_t align = vm->cie->code_align;
	uint64_t reg;

	switch (op & 0xc0) {
	case CFA_ADVANCE_LOC:
		vm->loc += low * align;
		return;
	case CFA_OFFSET:
		set_rule(vm, b, low, CFI_AT_CFA, scaled(vm, bytes_uleb(b)));
		return;
	case CFA_RESTORE:
		restore_rule(vm, low);
		return;
	}
	switch (op) {
	case CFA_NOP:
		break;
	case CFA_SET_LOC:
		vm->loc = read_pointer(b, vm->cie->pointer_encoding, 0);
		break;
	case CFA_ADVANCE_LOC1:
		vm->loc += bytes_fixed(b, 1) * align;
		break;
	case CFA_ADVANCE_LOC2:
		vm->loc += bytes_fixed(b, 2) * align;
		break;
	case CFA_ADVANCE_LOC4:
		vm->loc += bytes_fixed(b, 4) * align;
		break;
	case CFA_REMEMBER_STATE:
		remember_state(vm, b);
		break;
	case CFA_RESTORE_STATE:
		restore_state(vm, b);
		break;
	case CFA_DEF_CFA:
		reg = bytes_uleb(b);
		set_cfa(vm, b, reg, (int64_t)bytes_uleb(b));
		break;
	case CFA_DEF_CFA_SF:
		reg = bytes_uleb(b);
		set_cfa(vm, b, reg, scaled(vm, (uint64_t)bytes_sleb(b)));
		break;
	case CFA_DEF_CFA_REGISTER:
		set_cfa(vm, b, bytes_uleb(b), vm->row.cfa.value);
		break;
	case CFA_DEF_CFA_OFFSET:
		set_cfa(vm, b, vm->row.cfa_reg, (int64_t)bytes_uleb(b));
		break;
	case CFA_DEF_CFA_OFFSET_SF:
		set_cfa(vm, b, vm->row.cfa_reg, scaled(vm, (uint64_t)bytes_sleb(b)));
		break;
	case CFA_DEF_CFA_EXPRESSION:
		vm->row.cfa = (struct cfi_rule){ CFI_IS_EXPR, skip_block(vm, b) };
		break;
	case CFA_GNU_ARGS_SIZE:
		bytes_uleb(b);
		break;
	default:
		run_register_op(vm, b, op);
	}
}

/* Run a program until it goes beyond the target address or ends. */
static int run_program(struct machine *vm, struct bytes b)
{
	while (b.p < b.end && !b.bad && vm->loc <= vm->target)
		run_op(vm, &b);
	return b.bad ? -EINVAL : 0;
}

int cfi_find(const struct module *m, uint64_t pc, struct cfi_row *row)
{
	struct fde fde = { 0 };
	struct machine vm;
	uint64_t fde_at = 0;
	int ret = search_table(m, pc, &fde_at);

	if (ret)
		return ret;
	ret = read_fde(m, fde_at, &fde);
	if (ret)
		return ret;
	if (pc < fde.begin || pc >= fde.end)
		return -ENOENT;

	memset(&vm, 0, offsetof(struct machine, saved));
	vm.n_saved = 0;
	vm.cie = &fde.cie;
	vm.loc = fde.begin;
	vm.target = pc;
	vm.row.base = (const uint8_t *)m->start;
	vm.row.limit = fde.program.end;
	if (fde.cie.program.end > vm.row.limit)
		vm.row.limit = fde.cie.program.end;

	ret = run_program(&vm, fde.cie.program);
	if (ret)
		return ret;
	memcpy(vm.initial, vm.row.reg, sizeof(vm.initial));
	ret = run_program(&vm, fde.program);
	if (ret)
		return ret;
	*row = vm.row;
	row->signal = fde.cie.signal;
	return 0;
}
