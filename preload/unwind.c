/*
 * The walk (see unwind.h): rules compiled from call frame information, kept per pc, and
 * applied with rsp and rbp alone. Frames that need more (signal trampolines, CFAs in other
 * registers) are done by unwind_cfi.c in full, with the registers that inner frames have
 * saved.
 */
#include "preload/unwind.h"

#include <errno.h>
#include <string.h>

#include "preload/modules.h"
#include "preload/populate.h"
#include "preload/unwind_cfi.h"

enum {
	CACHE_BITS = 12, /* sets of 4 rules: 16K rules, 512 KB */
	CACHE_WAYS = 4,
	/*
	 * It begins small, so that few pages have all: a fork copies what it touches. When it is
	 * half full there are GROWTH times as many sets, and its rules are compiled once again.
	 */
	FIRST_BITS = 5,
	GROWTH_BITS = 3,

	SAVED_RBX = 0,
	SAVED_RBP,
	SAVED_R12,
	SAVED_REGS = SAVED_R12 + 4,
	NOT_SAVED = INT16_MIN,

	WALK_ON = -1,
	LOWEST_CODE = 65536, /* vm.mmap_min_addr: no code lies below */
};

static const uint8_t saved_reg[SAVED_REGS] = { CFI_RBX, CFI_RBP, 12, 13, 14, 15 };

enum rule_kind {
	RULE_UNKNOWN, /* address of no module */
	RULE_NO_CFI,  /* address of a module, without an entry */
	RULE_BAD,     /* an entry that we do not understand */
	RULE_OUTERMOST,
	RULE_SP,      /* CFA = rsp + cfa_off */
	RULE_BP,      /* CFA = rbp + cfa_off */
	RULE_BP_LINK, /* CFA = *(rbp + cfa_off): frame realigned by the compiler */
	RULE_FULL,    /* anything else: run the CFI each time */
};

/*
 * One compiled row. In all kinds that are steps the return address is at CFA - 8.
 * saved[] is in words from the CFA, with RULE_BP_LINK from rbp.
 */
struct rule {
	uint64_t pc;    /* looked up: return address - 1 */
	uint32_t stamp; /* modules_epoch() + 1 at compilation; else the entry is empty */
	int32_t cfa_off;
	int16_t saved[SAVED_REGS];
	uint8_t kind;
};

struct unwind_cache {
	struct rule set[1 << CACHE_BITS][CACHE_WAYS];
	uint32_t next_way;  /* victim of the next replacement, round robin */
	uint32_t compiled;  /* since more_bits is as it is */
	uint32_t more_bits; /* above FIRST_BITS */
};

_Static_assert(sizeof(struct rule) == 32, "two rules a cache line");

/* Where w->bp comes from, so that it is loaded, and noted as an input, only if it is used. */
enum bp_state { BP_START, BP_SAVED, BP_LOADED, BP_LOST };

struct walk {
	struct unwind_cache *cache;
	struct unwind_trace *out;
	const struct unwind_start *start;
	uint64_t lo, hi; /* what may be read */
	uint32_t stamp;  /* that valid rules have */
	uint64_t pc, sp, bp;
	uint64_t bp_slot;
	enum bp_state bp_state;

	/* For RULE_FULL: where each frame since `known_frame` saved registers. */
	struct saved_frame {
		uint64_t base;
		int16_t saved[SAVED_REGS];
	} frame[UNWIND_MAX];
	uint32_t known_frame;
	struct cfi_regs known; /* as of known_frame */
};

size_t unwind_cache_size(void)
{
	return sizeof(struct unwind_cache);
}

/* Express one saved register in words from the base; false if the row says something else. */
static bool compile_saved(const struct cfi_row *row, int reg, enum rule_kind kind, int16_t *saved)
{
	const struct cfi_rule *r = &row->reg[reg];
	int64_t off = r->value;
	int base;

	*saved = NOT_SAVED;
	if (r->how == CFI_SAME)
		return true;
	if (r->how == CFI_AT_EXPR) {
		if (kind != RULE_BP_LINK || !cfi_expr_is_breg(row, r, false, &base, &off) ||
		    base != CFI_RBP)
			return false;
	} else if (r->how != CFI_AT_CFA || kind == RULE_BP_LINK) {
		return false;
	}
	if (off % 8 || off / 8 <= NOT_SAVED || off / 8 > INT16_MAX)
		return false;
	*saved = (int16_t)(off / 8);
	return true;
}

static enum rule_kind compile_cfa(const struct cfi_row *row, int32_t *cfa_off)
{
	int64_t off;
	int reg;

	*cfa_off = row->cfa.value;
	if (row->cfa.how == CFI_IN_REGISTER)
		return row->cfa_reg == CFI_RSP   ? RULE_SP
		       : row->cfa_reg == CFI_RBP ? RULE_BP
						 : RULE_FULL;
	if (row->cfa.how != CFI_IS_EXPR || !cfi_expr_is_breg(row, &row->cfa, true, &reg, &off) ||
	    reg != CFI_RBP || off != (int32_t)off || off % 8)
		return RULE_FULL;
	*cfa_off = (int32_t)off;
	return RULE_BP_LINK;
}

static enum rule_kind compile_row(const struct cfi_row *row, struct rule *rule)
{
	const struct cfi_rule *ra = &row->reg[CFI_RA];
	enum rule_kind kind = compile_cfa(row, &rule->cfa_off);

	if (ra->how == CFI_UNDEFINED)
		return RULE_OUTERMOST;
	if (row->signal || ra->how != CFI_AT_CFA || ra->value != -8 ||
	    row->reg[CFI_RSP].how != CFI_SAME)
		return RULE_FULL;
	for (int i = 0; i < SAVED_REGS; i++)
		if (!compile_saved(row, saved_reg[i], kind, &rule->saved[i]))
			return RULE_FULL;
	return kind;
}

static inline struct rule *set_of(struct unwind_cache *cache, uint64_t pc)
{
	uint64_t hash = pc * UINT64_C(0x9e3779b97f4a7c15);

	return cache->set[hash >> (64 - FIRST_BITS - cache->more_bits)];
}

static void grow_when_half_full(struct unwind_cache *cache)
{
	uint32_t sets = 1u << (FIRST_BITS + cache->more_bits);

	if (++cache->compiled <= sets * CACHE_WAYS / 2 ||
	    FIRST_BITS + cache->more_bits == CACHE_BITS)
		return;
	cache->more_bits += GROWTH_BITS;
	if (FIRST_BITS + cache->more_bits > CACHE_BITS)
		cache->more_bits = CACHE_BITS - FIRST_BITS;
	cache->compiled = 0;
	populate(cache->set, sizeof *cache->set << (FIRST_BITS + cache->more_bits));
}

static __attribute__((noinline)) const struct rule *compile_rule(struct unwind_cache *cache,
								 uint64_t pc, uint32_t stamp)
{
	static const struct rule unknown = { .kind = RULE_UNKNOWN };
	const struct module *m = modules_find(pc);
	struct rule *rule = NULL, *set;
	struct cfi_row row;

	if (!m)
		return &unknown; /* a module may come there: not kept */
	grow_when_half_full(cache);
	set = set_of(cache, pc);
	for (int i = 0; i < CACHE_WAYS && !rule; i++)
		if (set[i].stamp != stamp)
			rule = &set[i];
	if (!rule)
		rule = &set[cache->next_way++ % CACHE_WAYS];

	switch (cfi_find(m, pc, &row)) {
	case 0:
		rule->kind = (uint8_t)compile_row(&row, rule);
		break;
	case -ENOENT:
		rule->kind = RULE_NO_CFI;
		break;
	default:
		rule->kind = RULE_BAD;
	}
	rule->pc = pc;
	rule->stamp = stamp;
	return rule;
}

struct unwind_notes *unwind_notes;

static void note(uint64_t pc)
{
	if (unwind_notes && unwind_notes->count < UNWIND_NOTES)
		unwind_notes->pcs[unwind_notes->count++] = pc;
}

static inline const struct rule *find_rule(struct unwind_cache *cache, uint64_t pc, uint32_t stamp)
{
	const struct rule *set = set_of(cache, pc);

	for (int i = 0; i < CACHE_WAYS; i++)
		if (set[i].pc == pc && set[i].stamp == stamp)
			return &set[i];
	note(pc);
	return compile_rule(cache, pc, stamp);
}

/* A run's process may have written anything there. */
uint32_t unwind_learn(struct unwind_cache *cache, uint32_t done)
{
	struct unwind_notes *notes = unwind_notes;
	uint32_t count = notes->count < UNWIND_NOTES ? (uint32_t)notes->count : UNWIND_NOTES;

	unwind_notes = NULL; /* not what is compiled here */
	for (; done < count; done++)
		find_rule(cache, notes->pcs[done], modules_epoch() + 1);
	unwind_notes = notes;
	return count;
}

static inline bool readable(const struct walk *w, uint64_t addr)
{
	return addr >= w->lo && addr <= w->hi - 8 && !(addr & 7);
}

/* Note that the word at slot, a stack address, had this value and mattered. */
static inline void note_link(struct walk *w, uint64_t slot, uint64_t value)
{
	struct unwind_trace *out = w->out;
	int64_t delta = (int64_t)(value - w->start->sp);

	if (out->n_links == UNWIND_MAX || delta != (int32_t)delta) {
		out->memo = false;
		return;
	}
	out->link[out->n_links].at = (int32_t)(slot - w->start->sp);
	out->link[out->n_links++].delta = (int32_t)delta;
}

/* Make w->bp the rbp of the current frame. */
static inline bool take_bp(struct walk *w)
{
	int64_t delta;

	switch (w->bp_state) {
	case BP_START:
		delta = (int64_t)(w->bp - w->start->sp);
		w->out->uses_bp = true;
		w->out->bp_delta = (int32_t)delta;
		if (delta != (int32_t)delta)
			w->out->memo = false;
		break;
	case BP_SAVED:
		if (!readable(w, w->bp_slot))
			return false;
		w->bp = unwind_word(w->bp_slot);
		note_link(w, w->bp_slot, w->bp);
		break;
	case BP_LOADED:
		break;
	case BP_LOST:
		return false;
	}
	w->bp_state = BP_LOADED;
	return true;
}

/* Go to the caller's frame, whose stack pointer is cfa. */
static inline int arrive(struct walk *w, uint64_t cfa, uint64_t base, const int16_t *saved)
{
	struct unwind_trace *out = w->out;
	struct saved_frame *f = &w->frame[out->n - 1];

	if (cfa <= w->sp || cfa > w->hi || cfa & 7)
		return UNWIND_BOUNDS;
	f->base = base;
	memcpy(f->saved, saved, sizeof(f->saved));
	if (saved[SAVED_RBP] != NOT_SAVED) {
		w->bp_slot = base + (uint64_t)((int64_t)saved[SAVED_RBP] * 8);
		w->bp_state = BP_SAVED;
	}
	w->pc = unwind_word(cfa - 8);
	w->sp = cfa;
	out->word[out->n_words++] = (uint32_t)(cfa - 8 - w->start->sp);
	return WALK_ON;
}

static bool plausible_code(uint64_t pc)
{
	return pc >= LOWEST_CODE && pc < UINT64_C(1) << 47;
}

/*
 * Code without CFI (JIT, old assembler): believe rbp if it points up the stack at a
 * return address into known code, or at one of a chain that goes on upwards.
 */
static int step_by_frame_pointer(struct walk *w)
{
	static const int16_t saved[SAVED_REGS] = { NOT_SAVED, -2,        NOT_SAVED,
						   NOT_SAVED, NOT_SAVED, NOT_SAVED };
	const struct module *m;
	uint64_t bp, pc;

	if (!take_bp(w) || !readable(w, w->bp) || !readable(w, w->bp + 8) || w->bp < w->sp)
		return UNWIND_UNKNOWN_PC;
	bp = w->bp;
	pc = unwind_word(bp + 8);
	m = modules_find(pc - 1);
	if (!m || !module_is_code(m, pc - 1)) {
		w->out->guessed = true;
		w->bp_slot = bp;
		w->bp_state = BP_SAVED;
		if (!take_bp(w) || w->bp <= bp || w->bp >= w->hi || !plausible_code(pc)) {
			/* The address decided, so it is an input although it is no frame. */
			w->out->memo = false;
			return UNWIND_UNKNOWN_PC;
		}
	}
	return arrive(w, bp + 16, bp + 16, saved);
}

/* The registers of the current frame, as far as inner frames have saved them. */
static void recover_registers(struct walk *w, struct cfi_regs *regs)
{
	*regs = w->known;
	for (uint32_t n = w->known_frame; n < w->out->n - 1; n++) {
		const struct saved_frame *f = &w->frame[n];

		for (int i = 0; i < SAVED_REGS; i++) {
			uint64_t slot = f->base + (uint64_t)((int64_t)f->saved[i] * 8);
			uint32_t bit = 1u << saved_reg[i];

			if (f->saved[i] == NOT_SAVED)
				continue;
			regs->valid &= ~bit;
			if (readable(w, slot)) {
				regs->v[saved_reg[i]] = unwind_word(slot);
				regs->valid |= bit;
			}
		}
	}
	regs->v[CFI_RSP] = w->sp;
	regs->v[CFI_RA] = w->pc - 1;
	regs->v[CFI_RBP] = w->bp;
	regs->valid &= ~(1u << CFI_RBP);
	if (take_bp(w)) {
		regs->v[CFI_RBP] = w->bp;
		regs->valid |= 1u << CFI_RBP;
	}
	regs->valid |= 1u << CFI_RSP | 1u << CFI_RA;
}

static enum unwind_end end_of(int error)
{
	return error == -ENODATA  ? UNWIND_OUTERMOST
	       : error == -EFAULT ? UNWIND_BOUNDS
				  : UNWIND_BAD_CFI;
}

static int step_in_full(struct walk *w)
{
	const struct module *m = modules_find(w->pc - 1);
	struct unwind_start at = *w->start;
	struct cfi_stack stack = { .lo = w->lo, .hi = w->hi };
	struct cfi_row row;
	int ret;

	w->out->memo = false;
	recover_registers(w, &w->known);
	ret = m ? cfi_find(m, w->pc - 1, &row) : -ENOENT;
	if (ret)
		return UNWIND_BAD_CFI;
	ret = cfi_step(&row, &stack, &w->known);
	if (ret)
		return end_of(ret);

	at.sp = w->known.v[CFI_RSP];
	if (row.signal) { /* the handler may have run on another stack */
		w->lo = at.sp - UNWIND_RED_ZONE;
		w->hi = unwind_limit(&at);
	} else if (at.sp < w->sp || at.sp > w->hi) {
		return UNWIND_BOUNDS;
	}
	if (at.sp & 7)
		return UNWIND_BOUNDS;
	w->known_frame = w->out->n;
	w->pc = w->known.v[CFI_RA] + row.signal;
	w->sp = at.sp;
	w->bp = w->known.v[CFI_RBP];
	w->bp_state = w->known.valid & 1u << CFI_RBP ? BP_LOADED : BP_LOST;
	return WALK_ON;
}

static inline int step(struct walk *w)
{
	const struct rule *rule = find_rule(w->cache, w->pc - 1, w->stamp);
	uint64_t base, cfa;

	switch (rule->kind) {
	case RULE_SP:
		base = cfa = w->sp + (uint64_t)(int64_t)rule->cfa_off;
		break;
	case RULE_BP:
		if (!take_bp(w))
			return UNWIND_BOUNDS;
		base = cfa = w->bp + (uint64_t)(int64_t)rule->cfa_off;
		break;
	case RULE_BP_LINK:
		if (!take_bp(w) || !readable(w, w->bp + (uint64_t)(int64_t)rule->cfa_off))
			return UNWIND_BOUNDS;
		base = w->bp;
		cfa = unwind_word(base + (uint64_t)(int64_t)rule->cfa_off);
		note_link(w, base + (uint64_t)(int64_t)rule->cfa_off, cfa);
		break;
	case RULE_OUTERMOST:
		return UNWIND_OUTERMOST;
	case RULE_BAD:
		return UNWIND_BAD_CFI;
	case RULE_FULL:
		return step_in_full(w);
	case RULE_UNKNOWN:
		w->out->guessed = true;
		return step_by_frame_pointer(w);
	default:
		return step_by_frame_pointer(w);
	}
	return arrive(w, cfa, base, rule->saved);
}

void unwind_walk(struct unwind_cache *cache, const struct unwind_start *start,
		 struct unwind_trace *out)
{
	struct walk w;
	int end = UNWIND_BOUNDS;

	w.cache = cache;
	w.out = out;
	w.start = start;
	w.stamp = modules_epoch() + 1;
	/* Interrupted code may just have popped a register that its CFI finds in memory. */
	w.lo = start->sp - (start->exact ? UNWIND_RED_ZONE : 0);
	w.hi = unwind_limit(start);
	w.pc = start->pc + start->exact;
	w.sp = start->sp;
	w.bp = start->bp;
	w.bp_state = BP_START;
	w.known_frame = 0;
	w.known.valid = 0;

	out->n = 1;
	out->memo = true;
	out->guessed = false;
	out->uses_bp = false;
	out->bp_delta = 0;
	out->n_words = 0;
	out->n_links = 0;
	out->pcs[0] = w.pc;
	if (start->sp & 7)
		goto out;
	while ((end = step(&w)) == WALK_ON) {
		if (w.pc == 0) { /* pushed by start code to mark the bottom */
			end = UNWIND_OUTERMOST;
			out->pcs[out->n] = 0;
			break;
		}
		out->pcs[out->n++] = w.pc;
		if (out->n == UNWIND_MAX) {
			end = UNWIND_DEPTH;
			break;
		}
	}
out:
	out->end = (enum unwind_end)end;
}

struct unwind_start unwind_interrupted(const ucontext_t *uc, const struct unwind_stack *stack)
{
	return (struct unwind_start){
		.pc = (uint64_t)uc->uc_mcontext.gregs[REG_RIP],
		.sp = (uint64_t)uc->uc_mcontext.gregs[REG_RSP],
		.bp = (uint64_t)uc->uc_mcontext.gregs[REG_RBP],
		.stack = stack,
		.exact = true,
	};
}

/* ld.so keeps rsp of the process's first instruction here. */
extern void *__libc_stack_end;

void unwind_stack_main(struct unwind_stack *stack, uint64_t size)
{
	*stack = (struct unwind_stack){ .hi = (uint64_t)__libc_stack_end & ~UINT64_C(7) };
	stack->lo = stack->hi > size ? stack->hi - size : 0;
}

void unwind_stack_thread(struct unwind_stack *stack, uint64_t size)
{
	uint64_t tcb;

	__asm__("movq %%fs:0x10, %0" : "=r"(tcb));
	*stack = (struct unwind_stack){ .hi = tcb & ~UINT64_C(7) };
	stack->lo = stack->hi > size ? stack->hi - size : 0;
}
