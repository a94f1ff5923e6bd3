/*
 * Numbers for code locations, see locations.h.
 */
#include "recorder/locations.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/elf.h"
#include "recorder/source.h"

#include <uthash.h>

struct module {
	uint64_t base, start, end;
	char *path;
};

/* The machine code below interpreted code. Bit FRAME_CODE is not set, so it is no other key. */
#define BESIDE_CODE 4u

/* A code object. It stays when its number is given to another one: places point to it. */
struct code {
	struct code *older; /* all that there were */
	uint64_t hash;
	uint32_t serial; /* from 1, for the key of its places */
	uint32_t first_line;
	bool user;
	char *file, *function;
};

struct place {
	struct place_key {
		uint64_t offset;
		uint32_t module; /* of interpreted code: serial of the code */
		/* enum symbols_flag and BESIDE_CODE; of interpreted code those of the frame */
		uint32_t flags;
	} key;
	uint32_t number;
	UT_hash_handle hh;
};

struct locations {
	struct trace_writer *writer;
	struct symbols *symbols;
	struct module *modules; /* by number */
	uint32_t modules_size;
	struct code **codes; /* by number */
	uint32_t codes_size;
	struct code *newest;
	struct place *places;
	uint32_t count;
};

struct locations *locations_new(struct trace_writer *writer)
{
	struct locations *locations = alloc_check(calloc(1, sizeof(*locations)));

	locations->writer = writer;
	locations->symbols = symbols_new();
	return locations;
}

void locations_free(struct locations *locations)
{
	struct place *place, *next;
	struct code *code;
	uint32_t i;

	HASH_ITER (hh, locations->places, place, next) {
		HASH_DEL(locations->places, place);
		free(place);
	}
	while ((code = locations->newest)) {
		locations->newest = code->older;
		free(code->file);
		free(code->function);
		free(code);
	}
	free(locations->codes);
	for (i = 0; i < locations->modules_size; i++)
		free(locations->modules[i].path);
	free(locations->modules);
	symbols_free(locations->symbols);
	free(locations);
}

/* The build id in hex; without one the hash of the content, as symbols.h wants it. */
static const char *identity(const struct record_module *record, char text[ELF_BUILD_ID_HEX])
{
	uint64_t hash;
	unsigned i;

	for (i = 0; i < record->build_id_length; i++)
		sprintf(text + 2 * i, "%02x", record->build_id[i]);
	if (record->build_id_length)
		return text;
	if (*record->path != '/' || elf_hash_file(record->path, &hash, NULL))
		return NULL;
	sprintf(text, "xxh3:%016llx", (unsigned long long)hash);
	return text;
}

int locations_module(struct locations *locations, const struct record_module *record)
{
	const char *path = *record->path ? record->path : "[vdso]";
	char text[ELF_BUILD_ID_HEX];
	const struct trace_module line = {
		.number = record->number,
		.path = path,
		.build_id = identity(record, text),
		.base = record->base,
		.main = record->is_main,
	};
	struct module *module;

	if (record->number >= locations->modules_size) {
		uint32_t size = locations->modules_size ? locations->modules_size : 64;

		while (size <= record->number)
			size *= 2;
		locations->modules = alloc_check(
			reallocarray(locations->modules, size, sizeof(*locations->modules)));
		memset(locations->modules + locations->modules_size, 0,
		       (size - locations->modules_size) * sizeof(*locations->modules));
		locations->modules_size = size;
	}
	module = &locations->modules[record->number];
	free(module->path);
	module->base = record->base;
	module->start = record->start;
	module->end = record->end;
	module->path = alloc_check(strdup(path));
	symbols_module(locations->symbols, record->number, path, line.build_id);
	return trace_writer_module(locations->writer, &line);
}

/*
 * CPython, or an extension module of its standard library: what it does is what the program does
 * that it interprets, which has places of its own.
 */
static bool is_interpreter(const struct locations *locations, uint32_t module)
{
	const char *path = locations_module_path(locations, module), *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	return strncmp(name, "python", 6) == 0 || strncmp(name, "libpython", 9) == 0 ||
	       strstr(path, "/lib-dynload/");
}

static struct trace_source source_of(const struct symbol_frame *frame)
{
	return (struct trace_source){ frame->function, frame->file, frame->line };
}

static void write_location(struct locations *locations, const struct place *place)
{
	struct trace_source inlined[SYMBOLS_FRAMES_MAX];
	struct trace_location line = {
		.number = place->number,
		.module = place->key.module,
		.offset = place->key.offset,
		.inlined = inlined,
	};
	struct symbol_location at;
	unsigned i;

	if (place->key.module) {
		symbols_lookup(locations->symbols, place->key.module, place->key.offset,
			       place->key.flags & SYMBOLS_RETURN_ADDRESS, &at);
		line.source = source_of(&at.frames[0]);
		for (i = 1; i < at.n_frames; i++)
			inlined[i - 1] = source_of(&at.frames[i]);
		line.inlined_n = at.n_frames - 1;
		/* Below interpreted code a library without lines is no code of the user. */
		line.user = symbols_is_user(locations->symbols, place->key.module, &at) &&
			    !(place->key.flags & BESIDE_CODE &&
			      (!line.source.file || is_interpreter(locations, place->key.module)));
	}
	trace_writer_location(locations->writer, &line);
}

/* The place with this key; a new one has no line in the trace yet. */
static struct place *find_place(struct locations *locations, const struct place_key *key, bool *new)
{
	struct place *place;

	HASH_FIND(hh, locations->places, key, sizeof(*key), place);
	*new = !place;
	if (place)
		return place;
	place = alloc_check(calloc(1, sizeof(*place)));
	place->key = *key;
	place->number = ++locations->count;
	HASH_ADD(hh, locations->places, key, sizeof(place->key), place);
	return place;
}

uint32_t locations_number(struct locations *locations, uint32_t module, uint64_t offset,
			  unsigned flags)
{
	const struct place_key key = { .offset = offset, .module = module, .flags = flags };
	bool new;
	struct place *place = find_place(locations, &key, &new);

	if (new)
		write_location(locations, place);
	return place->number;
}

static bool is_code(const struct code *code, const struct record_code *record, const char *file,
		    const char *function)
{
	return code->hash == record->hash && code->first_line == record->first_line &&
	       code->user == (record->user != 0) && strcmp(code->file, file) == 0 &&
	       strcmp(code->function, function) == 0;
}

void locations_code(struct locations *locations, const struct record_code *record)
{
	const char *file = record->names, *function = file + strlen(file) + 1;
	struct code **slot, *code;

	if (record->number >= locations->codes_size) {
		uint32_t size = locations->codes_size ? locations->codes_size : 64;

		while (size <= record->number)
			size *= 2;
		locations->codes = alloc_check(
			reallocarray(locations->codes, size, sizeof(*locations->codes)));
		memset(locations->codes + locations->codes_size, 0,
		       (size - locations->codes_size) * sizeof(*locations->codes));
		locations->codes_size = size;
	}
	slot = &locations->codes[record->number];
	if (*slot && is_code(*slot, record, file, function))
		return;
	code = alloc_check(calloc(1, sizeof(*code)));
	*code = (struct code){
		.older = locations->newest,
		.hash = record->hash,
		.serial = locations->newest ? locations->newest->serial + 1 : 1,
		.first_line = record->first_line,
		.user = record->user,
		.file = alloc_check(strdup(file)),
		.function = alloc_check(strdup(function)),
	};
	*slot = locations->newest = code;
}

static void write_code(struct locations *locations, const struct place *place,
		       const struct code *code)
{
	char text[SOURCE_LINE_MAX + 1], here[SOURCE_PATH_MAX];
	struct trace_location line = {
		.number = place->number,
		.offset = place->key.offset,
		.source = { *code->function ? code->function : NULL,
			    *code->file ? code->file : NULL, place->key.flags >> FRAME_LINE_SHIFT },
		.user = code->user,
	};

	/* What a library's line says is no part of the story. */
	if (code->user && source_line(code->file, NULL, getcwd(here, sizeof(here)) ? here : NULL,
				      line.source.line, text, sizeof(text)) > 0)
		line.text = text;
	trace_writer_location(locations->writer, &line);
}

static uint32_t code_number(struct locations *locations, const struct record_frame *frame)
{
	const struct code *code = locations->codes[frame->module];
	const struct place_key key = { frame->offset, code->serial, frame->flags };
	bool new;
	struct place *place = find_place(locations, &key, &new);

	if (new)
		write_code(locations, place, code);
	return place->number;
}

void locations_frames(struct locations *locations, const struct record_context *context,
		      uint32_t *numbers)
{
	const struct record_frame *frame;
	uint32_t i, beside = 0, flags;

	for (i = 0; i < context->count && !beside; i++)
		beside = context->frames[i].flags & FRAME_CODE ? BESIDE_CODE : 0;
	for (i = 0; i < context->count; i++) {
		frame = &context->frames[i];
		flags = frame->flags & FRAME_EXACT ? 0 : SYMBOLS_RETURN_ADDRESS;
		numbers[i] = frame->flags & FRAME_CODE
				     ? code_number(locations, frame)
				     : locations_number(locations, frame->module, frame->offset,
							flags | beside);
	}
}

uint32_t locations_address(struct locations *locations, uint64_t address, unsigned flags)
{
	uint32_t i;

	/* From the newest on: a library that was loaded later may lie where an old one was. */
	for (i = locations->modules_size; i-- > 0;) {
		const struct module *module = &locations->modules[i];

		if (module->path && address >= module->start && address < module->end)
			return locations_number(locations, i, address - module->base, flags);
	}
	return locations_number(locations, 0, address, flags);
}

const char *locations_module_path(const struct locations *locations, uint32_t module)
{
	if (module >= locations->modules_size || !locations->modules[module].path)
		return "?";
	return locations->modules[module].path;
}

struct symbols *locations_symbols(struct locations *locations)
{
	return locations->symbols;
}

const char *locations_data(struct locations *locations, uint32_t module, uint64_t offset)
{
	return symbols_data(locations->symbols, module, offset);
}
