/*
 * Names, types and declaring files of single DIEs: everything that follows references from one to
 * another. The index that tells where a DIE stands is debuginfo.c.
 */
#include "recorder/debuginfo.h"

#include <dwarf.h>
#include <string.h>

#include "recorder/debuginfo_internal.h"

bool debuginfo_follow(Dwarf_Die *die, unsigned attribute, Dwarf_Die *target)
{
	Dwarf_Attribute reference;

	return dwarf_attr(die, attribute, &reference) && dwarf_formref_die(&reference, target);
}

void debuginfo_resolve(Dwarf_Die *die, Dwarf_Die *target)
{
	Dwarf_Die next;
	int i;

	*target = *die;
	for (i = 0; i < DEBUGINFO_CHAIN_MAX; i++) {
		if (!debuginfo_follow(target, DW_AT_abstract_origin, &next) &&
		    !debuginfo_follow(target, DW_AT_specification, &next))
			return;
		*target = next;
	}
}

int32_t debuginfo_place(const struct debuginfo_unit *unit, Dwarf_Die *die)
{
	Dwarf_Off offset = dwarf_dieoffset(die);
	size_t low = 0, high = unit->n_places, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (unit->places[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < unit->n_places && unit->places[low].offset == offset ? unit->places[low].scope
									  : -1;
}

const char *debuginfo_name(struct debuginfo *info, Dwarf_Die *die)
{
	const struct debuginfo_unit *unit;
	const char *names[DEBUGINFO_DEPTH_MAX], *name;
	char text[4096];
	Dwarf_Die named;
	int32_t scope;
	size_t n = 0, length = 0, more;

	debuginfo_resolve(die, &named);
	name = dwarf_diename(&named);
	unit = debuginfo_unit_of(info, &named);
	if (!name || !unit)
		return pool_string(info->pool, name);
	for (scope = debuginfo_place(unit, &named); scope >= 0; scope = unit->scopes[scope].parent)
		if (unit->scopes[scope].name && n < DEBUGINFO_DEPTH_MAX)
			names[n++] = unit->scopes[scope].name;
	/* The function of a class without name is the body of a lambda. */
	if (n && strcmp(names[0], DEBUGINFO_ANONYMOUS_CLASS) == 0 &&
	    strcmp(name, "operator()") == 0) {
		name = "{lambda}";
		names[0] = NULL;
	}
	while (n-- > 0 && names[n]) {
		more = strlen(names[n]);
		if (length + more + 2 >= sizeof(text))
			return pool_string(info->pool, name);
		memcpy(text + length, names[n], more);
		memcpy(text + length + more, "::", 2);
		length += more + 2;
	}
	more = strlen(name);
	if (length + more >= sizeof(text))
		return pool_string(info->pool, name);
	memcpy(text + length, name, more);
	return pool_string_n(info->pool, text, length + more);
}

const char *debuginfo_root_scope(struct debuginfo *info, Dwarf_Die *die)
{
	const struct debuginfo_unit *unit = debuginfo_unit_of(info, die);
	const char *name = NULL;
	int32_t scope;

	if (!unit)
		return NULL;
	for (scope = debuginfo_place(unit, die); scope >= 0; scope = unit->scopes[scope].parent)
		if (unit->scopes[scope].name)
			name = unit->scopes[scope].name;
	return name;
}

bool debuginfo_is_aggregate(int tag)
{
	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

bool debuginfo_type(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Die next;
	int i;

	if (!dwarf_attr_integrate(die, DW_AT_type, &attribute) ||
	    !dwarf_formref_die(&attribute, type))
		return false;
	for (i = 0; i < DEBUGINFO_CHAIN_MAX; i++) {
		switch (dwarf_tag(type)) {
		case DW_TAG_typedef:
		case DW_TAG_const_type:
		case DW_TAG_volatile_type:
		case DW_TAG_restrict_type:
		case DW_TAG_atomic_type:
			if (!debuginfo_follow(type, DW_AT_type, &next))
				return false;
			*type = next;
			continue;
		}
		/* -fdebug-types-section: the unit has a declaration, a type unit has the rest. */
		if (debuginfo_is_aggregate(dwarf_tag(type)) &&
		    dwarf_hasattr(type, DW_AT_declaration) &&
		    debuginfo_follow(type, DW_AT_signature, &next))
			*type = next;
		return true;
	}
	return false;
}

uint64_t debuginfo_type_size(Dwarf_Die *die)
{
	Dwarf_Die type;
	Dwarf_Word size;

	if (!debuginfo_type(die, &type) || dwarf_aggregate_size(&type, &size) != 0)
		return 0;
	return size;
}

const char *debuginfo_decl_file(struct debuginfo *info, Dwarf_Die *die)
{
	struct debuginfo_unit *unit;
	Dwarf_Attribute attribute;
	Dwarf_Files *files;
	Dwarf_Word number;
	Dwarf_Die owner = *die;
	size_t n;

	/* dwarf_decl_file() of elfutils 0.188 ends the process when a unit has no file table. */
	if (!dwarf_attr_integrate(die, DW_AT_decl_file, &attribute) ||
	    dwarf_formudata(&attribute, &number) != 0)
		return NULL;
	owner.cu = attribute.cu;
	unit = debuginfo_unit_of(info, &owner);
	if (!unit || dwarf_getsrcfiles(&unit->head, &files, &n) != 0 || number >= n)
		return NULL;
	return dwarf_filesrc(files, number, NULL, NULL);
}
