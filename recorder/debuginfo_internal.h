/*
 * Shared by debuginfo*.c only: the index of one module's debug information.
 */
#ifndef RECORDER_DEBUGINFO_INTERNAL_H
#define RECORDER_DEBUGINFO_INTERNAL_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "recorder/pool.h"

#include "recorder/alloc.h"
#define uthash_fatal(message) alloc_check(NULL)
#include <uthash.h>

#define DEBUGINFO_DEPTH_MAX 64 /* nesting of scopes */
#define DEBUGINFO_ANONYMOUS_CLASS "(anonymous)"
#define DEBUGINFO_CHAIN_MAX 16 /* abstract origins, specifications, typedefs in a row */

/* A namespace, class or function that encloses named things. */
struct debuginfo_scope {
	const char *name; /* NULL: transparent (inline namespace) */
	int32_t parent;   /* index, -1: none */
	bool is_function;
};

/* Where a DIE that others refer to stands. In order of offset. */
struct debuginfo_place {
	Dwarf_Off offset;
	int32_t scope;
};

struct debuginfo_function {
	uint64_t low, high;
	Dwarf_Die die;
};

struct debuginfo_variable {
	uint64_t address, size;
	Dwarf_Die die;
};

struct debuginfo_unit {
	Dwarf_CU *key;
	UT_hash_handle hh;
	Dwarf_Die head;       /* with the tree below it */
	const char *comp_dir; /* or NULL */
	Dwarf_Off walked;     /* the walk has seen everything up to here */
	bool is_indexed;
	bool is_plain_c; /* types hold no functions */
	struct debuginfo_scope *scopes;
	size_t n_scopes;
	struct debuginfo_place *places;
	size_t n_places;
	struct debuginfo_function *functions; /* by low */
	size_t n_functions;
	struct debuginfo_variable *variables; /* by address */
	size_t n_variables;
};

struct debuginfo_range {
	uint64_t low, high;
	struct debuginfo_unit *unit;
};

struct debuginfo {
	Dwarf *dwarf;
	struct pool *pool;
	struct debuginfo_unit *units;   /* by key; iterates in order of the file */
	struct debuginfo_range *ranges; /* by low */
	size_t n_ranges;
};

/* The unit with code at a link-time address, or NULL. */
struct debuginfo_unit *debuginfo_unit_at(struct debuginfo *info, uint64_t address);

/* The unit of a DIE, indexed. NULL when libdw cannot tell. */
struct debuginfo_unit *debuginfo_unit_of(struct debuginfo *info, Dwarf_Die *die);

/* Walks the unit's tree, once. */
void debuginfo_index(struct debuginfo *info, struct debuginfo_unit *unit);

/*
 * Qualified name of a function, variable, type or member ("Bank::deposit"), through abstract
 * origin and specification; NULL when it has none.
 */
const char *debuginfo_name(struct debuginfo *info, Dwarf_Die *die);

/* The DIE that `attribute` of `die` refers to. */
bool debuginfo_follow(Dwarf_Die *die, unsigned attribute, Dwarf_Die *target);

/* The declaration that gives a DIE its name: what its chain of references ends in. */
void debuginfo_resolve(Dwarf_Die *die, Dwarf_Die *target);

/*
 * Index of the scope around a DIE, -1 for none or unknown. Valid during the walk of the unit: what
 * stands before is known then.
 */
int32_t debuginfo_place(const struct debuginfo_unit *unit, Dwarf_Die *die);

/* Outermost named scope of the DIE ("std"), or NULL. */
const char *debuginfo_root_scope(struct debuginfo *info, Dwarf_Die *die);

/* File that declares the DIE, as the compiler wrote it, or NULL. */
const char *debuginfo_decl_file(struct debuginfo *info, Dwarf_Die *die);

/* The type of a variable, member or array, without typedefs and qualifiers. */
bool debuginfo_type(Dwarf_Die *die, Dwarf_Die *type);
bool debuginfo_is_aggregate(int tag);

/* Size in bytes of the type of a variable or member, 0 unknown. */
uint64_t debuginfo_type_size(Dwarf_Die *die);

#endif
