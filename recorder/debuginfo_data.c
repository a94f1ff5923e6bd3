/*
 * From an address of data to a path in the source: the variable, then down its type by offset.
 *
 * Types of the system (a pthread_mutex_t, a std::vector) are opaque: their private members are
 * walked through without a word, so that "bank.lock" is not "bank.lock.__data.__lock", yet an
 * element of a std::array<Account, 4> is still "accounts[2].balance".
 */
#include "recorder/debuginfo.h"

#include <dwarf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/debuginfo_internal.h"
#include "recorder/symbols_user.h"

#define LEVELS_MAX 8     /* named members and indexes in a path */
#define STEPS_MAX 64     /* types on the way, named or not */
#define DIMENSIONS_MAX 8 /* of an array */
#define MEMBERS_MAX 65536
#define TEXT_MAX_BYTES 1024

struct path {
	char text[TEXT_MAX_BYTES];
	size_t length;
	unsigned levels;
	uint64_t rest;       /* bytes from the start of what the text names */
	bool is_silent;      /* inside an opaque type */
	bool is_array_class; /* directly inside a std::array */
};

static bool append(struct path *path, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool append(struct path *path, const char *format, ...)
{
	size_t room = sizeof(path->text) - path->length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path->text + path->length, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) {
		path->text[path->length] = '\0';
		return false;
	}
	path->length += (size_t)n;
	return true;
}

/* Adds a member or index that ends `rest` bytes before the address; false when the path is full. */
static bool add_level(struct path *path, const char *text, uint64_t rest)
{
	if (path->levels == LEVELS_MAX || !append(path, "%s", text))
		return false;
	path->levels++;
	path->rest = rest;
	return true;
}

/* libstdc++, libc headers, or the Rust library. */
static bool is_system_type(struct debuginfo *info, Dwarf_Die *type)
{
	const char *file = debuginfo_decl_file(info, type), *root;

	if (file && symbols_is_system_path(file))
		return true;
	root = debuginfo_root_scope(info, type);
	return root && (strcmp(root, "std") == 0 || strcmp(root, "core") == 0 ||
			strcmp(root, "alloc") == 0 || strcmp(root, "__gnu_cxx") == 0);
}

static bool member_offset(Dwarf_Die *member, uint64_t *offset)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	Dwarf_Op *ops;
	size_t n;

	*offset = 0;
	if (dwarf_attr(member, DW_AT_data_bit_offset, &attribute)) {
		if (dwarf_formudata(&attribute, &value) != 0)
			return false;
		*offset = value / 8;
		return true;
	}
	if (!dwarf_attr(member, DW_AT_data_member_location, &attribute))
		return true; /* of a union, or the first one */
	if (dwarf_formudata(&attribute, &value) == 0) {
		*offset = value;
		return true;
	}
	/* DWARF 2: an expression. A virtual base has a real one, which needs the object. */
	if (dwarf_getlocation(&attribute, &ops, &n) != 0 || n != 1 ||
	    ops[0].atom != DW_OP_plus_uconst)
		return false;
	*offset = ops[0].number;
	return true;
}

/* The member or base class that holds byte `*offset`, which becomes relative to it. */
static bool find_member(Dwarf_Die *type, uint64_t *offset, Dwarf_Die *member)
{
	Dwarf_Off seen = 0;
	uint64_t start, size;
	unsigned n = 0;
	int more, tag;

	for (more = dwarf_child(type, member); more == 0; more = dwarf_siblingof(member, member)) {
		if (dwarf_dieoffset(member) <= seen || ++n > MEMBERS_MAX)
			return false;
		seen = dwarf_dieoffset(member);
		tag = dwarf_tag(member);
		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) ||
		    dwarf_hasattr(member, DW_AT_declaration) || !member_offset(member, &start))
			continue;
		size = debuginfo_type_size(member);
		if (*offset >= start && *offset - start < size) {
			*offset -= start;
			return true;
		}
	}
	return false;
}

/* Into a member. False when the path ends here. */
static bool step_member(struct debuginfo *info, struct path *path, Dwarf_Die *type,
			uint64_t *offset, Dwarf_Die *next)
{
	bool is_system = is_system_type(info, type);
	const char *class = dwarf_diename(type), *name;
	Dwarf_Die member;
	char text[512];

	if (!find_member(type, offset, &member) || !debuginfo_type(&member, next))
		return false;
	name = dwarf_diename(&member);
	path->is_array_class = is_system && class && strncmp(class, "array<", 6) == 0;
	/* A user's type inside an opaque one speaks again: a Rust Mutex<Account>. */
	path->is_silent = is_system && (path->is_silent || !name || name[0] == '_' ||
					!dwarf_hasattr(&member, DW_AT_decl_file));
	if (dwarf_tag(&member) == DW_TAG_inheritance || !name || path->is_silent)
		return true;
	snprintf(text, sizeof(text), ".%s", name);
	return add_level(path, text, *offset);
}

static uint64_t dimension(Dwarf_Die *subrange)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (dwarf_attr(subrange, DW_AT_count, &attribute) &&
	    dwarf_formudata(&attribute, &value) == 0)
		return value;
	if (dwarf_attr(subrange, DW_AT_upper_bound, &attribute) &&
	    dwarf_formudata(&attribute, &value) == 0)
		return value + 1;
	return 0;
}

/* Into an element. */
static bool step_element(struct path *path, Dwarf_Die *type, uint64_t *offset, Dwarf_Die *next)
{
	uint64_t count[DIMENSIONS_MAX], index[DIMENSIONS_MAX], number;
	Dwarf_Die child;
	Dwarf_Word size;
	char text[DIMENSIONS_MAX * 24], *end = text;
	int more, n = 0, i;

	for (more = dwarf_child(type, &child); more == 0 && n < DIMENSIONS_MAX;
	     more = dwarf_siblingof(&child, &child))
		if (dwarf_tag(&child) == DW_TAG_subrange_type)
			count[n++] = dimension(&child);
	if (n == 0 || !debuginfo_type(type, next) || dwarf_aggregate_size(next, &size) != 0 ||
	    size == 0)
		return false;
	number = *offset / size;
	for (i = n - 1; i > 0; i--) {
		if (count[i] == 0)
			return false;
		index[i] = number % count[i];
		number /= count[i];
	}
	index[0] = number;
	*offset %= size;
	if (path->is_silent && !path->is_array_class)
		return true;
	for (i = 0; i < n; i++)
		end += sprintf(end, "[%" PRIu64 "]", index[i]);
	return add_level(path, text, *offset);
}

/* What stands `offset` bytes behind the beginning of something of this type. */
static void describe(struct debuginfo *info, struct path *path, Dwarf_Die *whole, uint64_t offset)
{
	Dwarf_Die type = *whole, next;
	unsigned step;
	bool deeper;
	int tag;

	path->rest = offset;
	for (step = 0; step < STEPS_MAX; step++) {
		tag = dwarf_tag(&type);
		if (debuginfo_is_aggregate(tag))
			deeper = step_member(info, path, &type, &offset, &next);
		else if (tag == DW_TAG_array_type)
			deeper = step_element(path, &type, &offset, &next);
		else
			return;
		if (!deeper)
			return;
		type = next;
	}
}

static struct debuginfo_variable *find_variable(struct debuginfo_unit *unit, uint64_t address)
{
	size_t low = 0, high = unit->n_variables, middle;
	struct debuginfo_variable *variable;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (unit->variables[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	variable = &unit->variables[low - 1];
	return address - variable->address < variable->size ? variable : NULL;
}

const char *debuginfo_data(struct debuginfo *info, uint64_t address)
{
	struct debuginfo_variable *variable = NULL;
	struct debuginfo_unit *unit;
	struct path path = { .length = 0 };
	const char *name;
	Dwarf_Die type;

	for (unit = info->units; unit && !variable; unit = unit->hh.next) {
		debuginfo_index(info, unit);
		variable = find_variable(unit, address);
	}
	name = variable ? debuginfo_name(info, &variable->die) : NULL;
	if (!name || !append(&path, "%s", name))
		return NULL;
	path.rest = address - variable->address;
	if (debuginfo_type(&variable->die, &type))
		describe(info, &path, &type, path.rest);
	if (path.rest)
		append(&path, "+0x%" PRIx64, path.rest);
	return pool_string(info->pool, path.text);
}

/* A member of that name of any structure of the unit that is a pointer. */
static bool find_pointer_member(Dwarf_Die *unit, const char *name, Dwarf_Die *member)
{
	Dwarf_Die type, pointer;
	unsigned n = 0;
	int more, inner;

	for (more = dwarf_child(unit, &type); more == 0 && ++n < MEMBERS_MAX;
	     more = dwarf_siblingof(&type, &type)) {
		if (!debuginfo_is_aggregate(dwarf_tag(&type)))
			continue;
		for (inner = dwarf_child(&type, member); inner == 0;
		     inner = dwarf_siblingof(member, member)) {
			const char *called = dwarf_diename(member);

			if (called && strcmp(called, name) == 0 &&
			    debuginfo_type(member, &pointer) &&
			    dwarf_tag(&pointer) == DW_TAG_pointer_type)
				return true;
		}
	}
	return false;
}

/* The variable of that name that can be seen at the address, else a member. */
static bool find_pointer(struct debuginfo *info, uint64_t address, const char *name,
			 Dwarf_Die *pointer)
{
	struct debuginfo_unit *unit = debuginfo_unit_at(info, address);
	Dwarf_Die *scopes = NULL, none;
	int count, place;

	if (!unit)
		return false;
	count = dwarf_getscopes(&unit->head, address, &scopes);
	place = count > 0 ? dwarf_getscopevar(scopes, count, name, 0, NULL, 0, 0, pointer) : -1;
	free(scopes);
	if (place >= 0 && debuginfo_type(pointer, &none) && dwarf_tag(&none) == DW_TAG_pointer_type)
		return true;
	return find_pointer_member(&unit->head, name, pointer);
}

const char *debuginfo_pointed(struct debuginfo *info, uint64_t address, const char *name,
			      uint64_t offset)
{
	struct path path = { .length = 0 };
	Dwarf_Die pointer, type, whole;
	Dwarf_Word size;
	const char *called;

	if (!find_pointer(info, address, name, &pointer) || !debuginfo_type(&pointer, &type) ||
	    !debuginfo_type(&type, &whole) || dwarf_aggregate_size(&whole, &size) != 0 || !size)
		return NULL;
	called = debuginfo_is_aggregate(dwarf_tag(&whole)) ? debuginfo_name(info, &whole) : NULL;
	if (!append(&path, "%s", called ? called : name))
		return NULL;
	if (offset >= size || !called)
		append(&path, "[%" PRIu64 "]", offset / size);
	path.rest = offset % size;
	describe(info, &path, &whole, path.rest);
	if (path.rest)
		append(&path, "+0x%" PRIx64, path.rest);
	return pool_string(info->pool, path.text);
}

/* From the frame's base to its canonical address: what DW_AT_frame_base says. False: unknown. */
static bool frame_base(Dwarf_Die *function, int64_t *above)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	size_t n;

	if (!dwarf_attr_integrate(function, DW_AT_frame_base, &attribute) ||
	    dwarf_getlocation(&attribute, &ops, &n) != 0 || n != 1)
		return false;
	*above = ops[0].atom == DW_OP_reg6 ? 16 : 0; /* rbp: below it are no more than two words */
	return ops[0].atom == DW_OP_reg6 || ops[0].atom == DW_OP_call_frame_cfa;
}

/* The variable of this scope at a distance from the frame's base; it becomes one from its own. */
static bool find_local(Dwarf_Die *scope, int64_t *distance, Dwarf_Die *variable)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *ops;
	unsigned n = 0;
	size_t count;
	int more, tag;

	for (more = dwarf_child(scope, variable); more == 0 && ++n < MEMBERS_MAX;
	     more = dwarf_siblingof(variable, variable)) {
		tag = dwarf_tag(variable);
		if ((tag != DW_TAG_variable && tag != DW_TAG_formal_parameter) ||
		    !dwarf_attr_integrate(variable, DW_AT_location, &attribute) ||
		    dwarf_getlocation(&attribute, &ops, &count) != 0 || count != 1 ||
		    ops[0].atom != DW_OP_fbreg)
			continue;
		if (*distance >= (int64_t)ops[0].number &&
		    *distance - (int64_t)ops[0].number < (int64_t)debuginfo_type_size(variable)) {
			*distance -= (int64_t)ops[0].number;
			return true;
		}
	}
	return false;
}

const char *debuginfo_local(struct debuginfo *info, uint64_t address, uint64_t below)
{
	struct debuginfo_unit *unit = debuginfo_unit_at(info, address);
	Dwarf_Die *scopes = NULL, variable, type;
	struct path path = { .length = 0 };
	const char *function = NULL, *name = NULL;
	int64_t distance, above;
	int count, i, at = -1;

	if (below > INT32_MAX || !unit)
		return NULL;
	count = dwarf_getscopes(&unit->head, address, &scopes);
	for (i = 0; i < count; i++)
		if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram && frame_base(&scopes[i], &above))
			at = i;
	if (at >= 0) {
		distance = above - (int64_t)below;
		function = debuginfo_name(info, &scopes[at]);
		for (i = 0; i <= at && !name; i++)
			if (find_local(&scopes[i], &distance, &variable))
				name = dwarf_diename(&variable);
	}
	free(scopes);
	if (!name || !append(&path, "%s::%s", function ? function : "", name))
		return NULL;
	path.rest = (uint64_t)distance;
	if (debuginfo_type(&variable, &type))
		describe(info, &path, &type, path.rest);
	if (path.rest)
		append(&path, "+0x%" PRIx64, path.rest);
	return pool_string(info->pool, path.text);
}
