/*
 * The table of modules, the cache of answers, and the order in which sources of names are asked:
 * debug information, then ELF symbols, then nothing but the offset.
 */
#include "recorder/symbols.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"
#include "recorder/debuginfo.h"
#include "recorder/demangle.h"
#include "recorder/pool.h"
#include "recorder/symbols_user.h"
#include "recorder/symfile.h"

#define uthash_fatal(message) alloc_check(NULL)
#include <uthash.h>

struct cached_code {
	UT_hash_handle hh;
	uint64_t offset; /* key: of the instruction, not of the return address */
	struct symbol_location location;
};

struct cached_data {
	UT_hash_handle hh;
	uint64_t offset; /* key */
	const char *name;
};

struct module {
	const char *path, *name, *build_id;
	bool is_open; /* tried */
	bool is_usable;
	bool has_tried_debug_info;
	const char *reason;
	struct symfile file;
	struct debuginfo *debuginfo;
	struct cached_code *code;
	struct cached_data *data;
};

struct symbols {
	struct pool *pool;
	struct module **modules; /* NULL: never registered */
	uint32_t n_modules;
};

struct symbols *symbols_new(void)
{
	struct symbols *s = alloc_check(calloc(1, sizeof(*s)));

	s->pool = pool_new();
	return s;
}

static void free_module(struct module *module)
{
	struct cached_code *code, *next_code;
	struct cached_data *data, *next_data;

	if (!module)
		return;
	HASH_ITER (hh, module->code, code, next_code) {
		HASH_DEL(module->code, code);
		free(code);
	}
	HASH_ITER (hh, module->data, data, next_data) {
		HASH_DEL(module->data, data);
		free(data);
	}
	debuginfo_close(module->debuginfo);
	if (module->is_open)
		symfile_close(&module->file);
	free(module);
}

void symbols_free(struct symbols *s)
{
	uint32_t i;

	if (!s)
		return;
	for (i = 0; i < s->n_modules; i++)
		free_module(s->modules[i]);
	free(s->modules);
	pool_free(s->pool);
	free(s);
}

int symbols_module(struct symbols *s, uint32_t number, const char *path, const char *build_id)
{
	struct module *module;
	const char *slash;

	if (number >= SYMBOLS_MODULES_MAX)
		return -EINVAL;
	if (number >= s->n_modules) {
		s->modules =
			alloc_check(reallocarray(s->modules, number + 1, sizeof(struct module *)));
		while (s->n_modules <= number)
			s->modules[s->n_modules++] = NULL;
	}
	path = pool_string(s->pool, path);
	build_id = pool_string(s->pool, build_id);
	module = s->modules[number];
	if (module && module->path == path && module->build_id == build_id)
		return 0;
	free_module(module);
	module = alloc_check(calloc(1, sizeof(*module)));
	s->modules[number] = module;
	module->path = path;
	module->build_id = build_id;
	slash = strrchr(module->path, '/');
	module->name = slash && slash[1] ? slash + 1 : module->path;
	return 0;
}

static struct module *find_module(struct symbols *s, uint32_t number)
{
	return number < s->n_modules ? s->modules[number] : NULL;
}

static bool open_module(struct symbols *s, struct module *module)
{
	struct err err = { .code = 0 };

	if (module->is_open)
		return module->is_usable;
	module->is_open = true;
	if (symfile_open(&module->file, module->path, module->build_id, &err) == 0)
		module->is_usable = true;
	else
		module->reason = pool_string(s->pool, err.text);
	return module->is_usable;
}

/*
 * Debug information, opened when the first address asks that lies in the module at all. Not that of
 * system libraries: the exported names say enough about code that is not the user's, and libc's
 * takes 70 ms to open.
 */
static struct debuginfo *open_debuginfo(struct symbols *s, struct module *module)
{
	if (!module->has_tried_debug_info) {
		module->has_tried_debug_info = true;
		if (module->file.dwarf_elf && !symbols_is_system_module(module->name))
			module->debuginfo = debuginfo_open(module->file.dwarf_elf, s->pool);
	}
	return module->debuginfo;
}

static void set_reason(const struct module *module, struct symbol_location *location)
{
	if (!symfile_section(&module->file, location->offset))
		location->reason = "the offset is outside of the file's sections";
	else if (!module->file.dwarf_elf)
		location->reason = location->symbol ? "no debug information"
						    : "no debug information and no symbol";
	else if (symbols_is_system_module(module->name))
		location->reason = "a system library, of which only symbols are read";
	else if (!module->debuginfo)
		location->reason = "the debug information is damaged";
	else
		location->reason = "no debug information for this place";
}

/* Fills everything of `location` that depends on the instruction at `address`. */
static void look_up(struct symbols *s, struct module *module, uint64_t address,
		    struct symbol_location *location)
{
	struct symbol_frame frames[SYMBOLS_FRAMES_MAX], *kept;
	const struct symfile_symbol *symbol;
	struct debuginfo *debuginfo;
	unsigned n = 0;
	char *name;

	memset(&frames[0], 0, sizeof(frames[0]));
	if (!open_module(s, module)) {
		location->reason = module->reason;
	} else {
		symbol = symfile_code(&module->file, address);
		if (symbol) {
			location->symbol = pool_string(s->pool, symbol->name);
			location->symbol_offset = address - symbol->address;
		}
		if (symfile_section(&module->file, address)) {
			debuginfo = open_debuginfo(s, module);
			if (debuginfo)
				n = debuginfo_frames(debuginfo, address, frames);
		}
		if (n == 0)
			set_reason(module, location);
		if (symbol && (n == 0 || !frames[n - 1].function)) {
			name = demangle_function(symbol->name);
			frames[n ? n - 1 : 0].function = pool_string(s->pool, name);
			free(name);
		}
	}
	location->n_frames = n ? n : 1;
	kept = pool_block(s->pool, location->n_frames * sizeof(*kept));
	memcpy(kept, frames, location->n_frames * sizeof(*kept));
	location->frames = kept;
}

static void unknown_module(uint32_t number, uint64_t offset, struct symbol_location *location)
{
	static const struct symbol_frame nothing;

	location->module = number;
	location->module_name = "?";
	location->offset = offset;
	location->frames = &nothing;
	location->n_frames = 1;
	location->reason = "the module is not known";
}

void symbols_lookup(struct symbols *s, uint32_t number, uint64_t offset, unsigned flags,
		    struct symbol_location *location)
{
	struct module *module = find_module(s, number);
	bool is_return = (flags & SYMBOLS_RETURN_ADDRESS) && offset > 0;
	uint64_t address = is_return ? offset - 1 : offset;
	struct cached_code *cached;

	memset(location, 0, sizeof(*location));
	if (!module) {
		unknown_module(number, offset, location);
		return;
	}
	HASH_FIND(hh, module->code, &address, sizeof(address), cached);
	if (!cached) {
		cached = alloc_check(calloc(1, sizeof(*cached)));
		cached->offset = address;
		cached->location.module = number;
		cached->location.module_name = module->name;
		cached->location.offset = address;
		look_up(s, module, address, &cached->location);
		HASH_ADD(hh, module->code, offset, sizeof(cached->offset), cached);
	}
	*location = cached->location;
	location->offset = offset;
	if (location->symbol && is_return)
		location->symbol_offset++;
}

/* "accounts+0x18", or NULL. */
static const char *symbol_name(struct symbols *s, const struct symfile_symbol *symbol,
			       uint64_t offset)
{
	const char *text;
	char *name;

	if (!symbol)
		return NULL;
	name = demangle_data(symbol->name);
	if (offset == symbol->address)
		text = pool_string(s->pool, name);
	else
		text = pool_format(s->pool, "%.4000s+0x%" PRIx64, name, offset - symbol->address);
	free(name);
	return text;
}

static const char *name_data(struct symbols *s, struct module *module, uint64_t offset)
{
	const struct symfile_section *section;
	const struct symfile_symbol *symbol;
	struct debuginfo *debuginfo;
	const char *name = NULL;

	if (!open_module(s, module))
		return NULL;
	section = symfile_section(&module->file, offset);
	if (!section || section->is_code)
		return NULL;
	symbol = symfile_data(&module->file, offset);
	/* With a full symbol table, what has no symbol has no variable: no tree is walked. */
	if (symbol || !module->file.has_symtab) {
		debuginfo = open_debuginfo(s, module);
		if (debuginfo)
			name = debuginfo_data(debuginfo, offset);
	}
	return name ? name : symbol_name(s, symbol, offset);
}

const char *symbols_data(struct symbols *s, uint32_t number, uint64_t offset)
{
	struct module *module = find_module(s, number);
	struct cached_data *cached;

	if (!module)
		return NULL;
	HASH_FIND(hh, module->data, &offset, sizeof(offset), cached);
	if (!cached) {
		cached = alloc_check(calloc(1, sizeof(*cached)));
		cached->offset = offset;
		cached->name = name_data(s, module, offset);
		HASH_ADD(hh, module->data, offset, sizeof(cached->offset), cached);
	}
	return cached->name;
}

const char *symbols_pointed(struct symbols *s, uint32_t number, uint64_t offset,
			    const char *pointer, uint64_t inside)
{
	struct module *module = find_module(s, number);
	struct debuginfo *debuginfo = module && open_module(s, module) ? open_debuginfo(s, module)
								       : NULL;

	return debuginfo ? debuginfo_pointed(debuginfo, offset, pointer, inside) : NULL;
}

const char *symbols_local(struct symbols *s, uint32_t number, uint64_t offset, uint64_t below)
{
	struct module *module = find_module(s, number);
	struct debuginfo *debuginfo = module && open_module(s, module) ? open_debuginfo(s, module)
								       : NULL;

	return debuginfo ? debuginfo_local(debuginfo, offset, below) : NULL;
}

bool symbols_is_user_module(struct symbols *s, uint32_t number)
{
	struct module *module = find_module(s, number);

	return module && !symbols_is_system_module(module->name);
}

int symbols_user_frame(struct symbols *s, const struct symbol_location *location)
{
	struct module *module = find_module(s, location->module);
	const struct symfile_section *section;
	const struct symbol_frame *frame;
	unsigned i;

	if (!symbols_is_user_module(s, location->module))
		return -1;
	if (location->symbol && symbols_is_runtime_function(location->symbol))
		return -1;
	if (open_module(s, module)) {
		section = symfile_section(&module->file, location->offset);
		if (section && symbols_is_glue_section(section->name))
			return -1;
	}
	for (i = 0; i < location->n_frames; i++) {
		frame = &location->frames[i];
		if (frame->function && symbols_is_runtime_function(frame->function))
			continue;
		if (!frame->path || !symbols_is_system_path(frame->path))
			return (int)i;
	}
	return -1;
}

bool symbols_is_user(struct symbols *s, uint32_t module, const struct symbol_location *location)
{
	return location->module == module && symbols_user_frame(s, location) >= 0;
}

const char *symbols_module_path(struct symbols *s, uint32_t number)
{
	struct module *module = find_module(s, number);

	return module ? module->path : NULL;
}
