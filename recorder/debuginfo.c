/*
 * The index: units by range of code, and for each unit that was asked about its functions,
 * variables and the scopes their names live in. Built from the units' own ranges, not from
 * .debug_aranges, which clang does not write.
 */
#include "recorder/debuginfo.h"

#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/debuginfo_internal.h"

static int compare_ranges(const void *left, const void *right)
{
	const struct debuginfo_range *a = left, *b = right;

	return a->low < b->low ? -1 : a->low > b->low;
}

static int compare_functions(const void *left, const void *right)
{
	const struct debuginfo_function *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return a->high > b->high ? -1 : a->high < b->high; /* the enclosing one first */
}

static int compare_variables(const void *left, const void *right)
{
	const struct debuginfo_variable *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static struct debuginfo_unit *add_unit(struct debuginfo *info, Dwarf_Die *head, Dwarf_Die *outer)
{
	struct debuginfo_unit *unit;
	Dwarf_Attribute attribute;

	HASH_FIND_PTR(info->units, &head->cu, unit);
	if (unit)
		return unit;
	unit = alloc_check(calloc(1, sizeof(*unit)));
	unit->key = head->cu;
	unit->head = *head;
	unit->comp_dir = pool_string(
		info->pool, dwarf_formstring(dwarf_attr(outer, DW_AT_comp_dir, &attribute)));
	switch (dwarf_srclang(head)) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
		unit->is_plain_c = true;
	}
	HASH_ADD_PTR(info->units, key, unit);
	return unit;
}

static void add_ranges(struct debuginfo *info, Dwarf_Die *die, struct debuginfo_unit *unit)
{
	struct debuginfo_range *range;
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		/* Address 0 is code that the linker dropped. */
		if (low >= high || low == 0)
			continue;
		info->ranges = alloc_grow(info->ranges, info->n_ranges, sizeof(*range));
		range = &info->ranges[info->n_ranges++];
		range->low = low;
		range->high = high;
		range->unit = unit;
	}
}

static void index_function_ranges(struct debuginfo_unit *unit, Dwarf_Die *die)
{
	struct debuginfo_function *function;
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		if (low >= high || low == 0)
			continue;
		unit->functions = alloc_grow(unit->functions, unit->n_functions, sizeof(*function));
		function = &unit->functions[unit->n_functions++];
		function->low = low;
		function->high = high;
		function->die = *die;
	}
}

/*
 * Old producers give a unit no ranges of its own. Its functions have them.
 */
static void add_ranges_of_functions(struct debuginfo *info, struct debuginfo_unit *unit)
{
	struct debuginfo_range *range;
	size_t i;

	debuginfo_index(info, unit);
	for (i = 0; i < unit->n_functions; i++) {
		info->ranges = alloc_grow(info->ranges, info->n_ranges, sizeof(*range));
		range = &info->ranges[info->n_ranges++];
		range->low = unit->functions[i].low;
		range->high = unit->functions[i].high;
		range->unit = unit;
	}
}

/*
 * String tables end in NUL. libdw 0.188 does not check it for those of the line tables, and reads
 * on behind the section. Called when libdw has unpacked compressed sections.
 */
static bool has_sane_strings(Elf *elf)
{
	Elf_Scn *section = NULL;
	const char *name;
	GElf_Shdr header;
	Elf_Data *data;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name)
						      : NULL;
		if (!name ||
		    (strcmp(name, ".debug_str") != 0 && strcmp(name, ".debug_line_str") != 0))
			continue;
		data = elf_getdata(section, NULL);
		if (data && data->d_size &&
		    (!data->d_buf || ((const char *)data->d_buf)[data->d_size - 1] != '\0'))
			return false;
	}
	return true;
}

struct debuginfo *debuginfo_open(Elf *elf, struct pool *pool)
{
	Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
	struct debuginfo *info;
	struct debuginfo_unit *unit;
	Dwarf_CU *cu = NULL;
	Dwarf_Die head, split;
	uint8_t type;
	size_t before;

	if (!dwarf || !has_sane_strings(elf)) {
		dwarf_end(dwarf);
		return NULL;
	}
	info = alloc_check(calloc(1, sizeof(*info)));
	info->dwarf = dwarf;
	info->pool = pool;
	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &head, &split) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		if (dwarf_tag(&head) != DW_TAG_compile_unit &&
		    dwarf_tag(&head) != DW_TAG_skeleton_unit)
			continue;
		unit = add_unit(info, type == DW_UT_skeleton && split.addr ? &split : &head, &head);
		before = info->n_ranges;
		add_ranges(info, &head, unit);
		if (info->n_ranges == before && !dwarf_hasattr(&head, DW_AT_low_pc) &&
		    !dwarf_hasattr(&head, DW_AT_ranges) && dwarf_hasattr(&head, DW_AT_stmt_list))
			add_ranges_of_functions(info, unit);
	}
	if (info->n_ranges)
		qsort(info->ranges, info->n_ranges, sizeof(*info->ranges), compare_ranges);
	return info;
}

void debuginfo_close(struct debuginfo *info)
{
	struct debuginfo_unit *unit, *next;

	if (!info)
		return;
	HASH_ITER (hh, info->units, unit, next) {
		HASH_DEL(info->units, unit);
		free(unit->scopes);
		free(unit->places);
		free(unit->functions);
		free(unit->variables);
		free(unit);
	}
	free(info->ranges);
	dwarf_end(info->dwarf);
	free(info);
}

static int32_t add_scope(struct debuginfo_unit *unit, const char *name, int32_t parent,
			 bool is_function)
{
	struct debuginfo_scope *scope;

	unit->scopes = alloc_grow(unit->scopes, unit->n_scopes, sizeof(*scope));
	scope = &unit->scopes[unit->n_scopes];
	scope->name = name;
	scope->parent = parent;
	scope->is_function = is_function;
	return (int32_t)unit->n_scopes++;
}

static void add_place(struct debuginfo_unit *unit, Dwarf_Die *die, int32_t scope)
{
	unit->places = alloc_grow(unit->places, unit->n_places, sizeof(*unit->places));
	unit->places[unit->n_places].offset = dwarf_dieoffset(die);
	unit->places[unit->n_places++].scope = scope;
}

/* True and the address when the variable has static storage. */
static bool static_address(Dwarf_Die *die, uint64_t *address)
{
	Dwarf_Attribute location, value;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &location))
		return false;
	switch (dwarf_whatform(&location)) {
	case DW_FORM_exprloc:
	case DW_FORM_block:
	case DW_FORM_block1:
	case DW_FORM_block2:
	case DW_FORM_block4:
		break;
	default:
		return false; /* a location list: lives in registers */
	}
	if (dwarf_getlocation(&location, &ops, &n) != 0 || n != 1)
		return false;
	if (ops[0].atom == DW_OP_addr) {
		*address = ops[0].number;
	} else if (ops[0].atom == DW_OP_addrx || ops[0].atom == DW_OP_GNU_addr_index) {
		if (dwarf_getlocation_attr(&location, &ops[0], &value) != 0 ||
		    dwarf_formaddr(&value, address) != 0)
			return false;
	} else {
		return false;
	}
	return *address != 0;
}

static void index_variable(struct debuginfo_unit *unit, Dwarf_Die *die, int32_t scope)
{
	struct debuginfo_variable *variable;
	uint64_t address;

	/* Locals of functions are never referred to by others, but statics are named by scope. */
	if (static_address(die, &address)) {
		unit->variables = alloc_grow(unit->variables, unit->n_variables, sizeof(*variable));
		variable = &unit->variables[unit->n_variables++];
		variable->address = address;
		variable->size = debuginfo_type_size(die);
		variable->die = *die;
	} else if (scope >= 0 && unit->scopes[scope].is_function) {
		return;
	}
	add_place(unit, die, scope);
}

static void walk(struct debuginfo *info, struct debuginfo_unit *unit, Dwarf_Die *parent,
		 int32_t scope, unsigned depth);

static void walk_function(struct debuginfo *info, struct debuginfo_unit *unit, Dwarf_Die *die,
			  int32_t scope, unsigned depth)
{
	Dwarf_Die named;
	int32_t at = scope;

	add_place(unit, die, scope);
	index_function_ranges(unit, die);
	if (!dwarf_haschildren(die) || dwarf_hasattr(die, DW_AT_declaration))
		return;
	debuginfo_resolve(die, &named);
	if (named.addr != die->addr && named.cu == unit->key)
		at = debuginfo_place(unit, &named);
	walk(info, unit, die, add_scope(unit, dwarf_diename(&named), at, true), depth);
}

static const char *scope_name(Dwarf_Die *die, int tag)
{
	const char *name = dwarf_diename(die);

	if (tag == DW_TAG_namespace || tag == DW_TAG_module) {
		if (!name)
			return "(anonymous namespace)";
		return dwarf_hasattr(die, DW_AT_export_symbols) ? NULL : name;
	}
	return name ? name : DEBUGINFO_ANONYMOUS_CLASS;
}

static void walk(struct debuginfo *info, struct debuginfo_unit *unit, Dwarf_Die *parent,
		 int32_t scope, unsigned depth)
{
	Dwarf_Die die;
	int more, tag;

	if (depth > DEBUGINFO_DEPTH_MAX)
		return;
	for (more = dwarf_child(parent, &die); more == 0; more = dwarf_siblingof(&die, &die)) {
		/* In a damaged file a reference to the sibling can lead back: never visit twice. */
		if (dwarf_dieoffset(&die) <= unit->walked)
			return;
		unit->walked = dwarf_dieoffset(&die);
		tag = dwarf_tag(&die);
		switch (tag) {
		case DW_TAG_structure_type:
		case DW_TAG_class_type:
		case DW_TAG_union_type:
		case DW_TAG_interface_type:
			if (unit->is_plain_c)
				break;
			/* fallthrough */
		case DW_TAG_namespace:
		case DW_TAG_module:
			add_place(unit, &die, scope);
			if (dwarf_haschildren(&die))
				walk(info, unit, &die,
				     add_scope(unit, scope_name(&die, tag), scope, false),
				     depth + 1);
			break;
		case DW_TAG_subprogram:
			walk_function(info, unit, &die, scope, depth + 1);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
			walk(info, unit, &die, scope, depth + 1);
			break;
		case DW_TAG_variable:
			index_variable(unit, &die, scope);
			break;
		case DW_TAG_member:
			if (dwarf_hasattr(&die, DW_AT_declaration))
				add_place(unit, &die, scope);
			break;
		}
	}
}

void debuginfo_index(struct debuginfo *info, struct debuginfo_unit *unit)
{
	if (unit->is_indexed)
		return;
	unit->is_indexed = true;
	walk(info, unit, &unit->head, -1, 0);
	if (unit->n_functions)
		qsort(unit->functions, unit->n_functions, sizeof(*unit->functions),
		      compare_functions);
	if (unit->n_variables)
		qsort(unit->variables, unit->n_variables, sizeof(*unit->variables),
		      compare_variables);
}

struct debuginfo_unit *debuginfo_unit_of(struct debuginfo *info, Dwarf_Die *die)
{
	struct debuginfo_unit *unit;
	Dwarf_Die head;

	HASH_FIND_PTR(info->units, &die->cu, unit);
	if (!unit) {
		/* A partial unit of dwz, or a type unit. */
		if (!dwarf_cu_die(die->cu, &head, NULL, NULL, NULL, NULL, NULL, NULL))
			return NULL;
		unit = add_unit(info, &head, &head);
	}
	debuginfo_index(info, unit);
	return unit;
}
