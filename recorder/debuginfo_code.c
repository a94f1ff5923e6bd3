/*
 * From an address of code to functions, inlined ones included, and lines.
 */
#include "recorder/debuginfo.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/debuginfo_internal.h"
#include "recorder/demangle.h"
#include "recorder/source.h"
#include "recorder/symbols_user.h"

#define SCAN_BACK 16 /* ranges that start before an address and may still enclose it */

struct debuginfo_unit *debuginfo_unit_at(struct debuginfo *info, uint64_t address)
{
	size_t low = 0, high = info->n_ranges, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (info->ranges[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low > SCAN_BACK ? low - SCAN_BACK : 0; low > high; low--)
		if (address < info->ranges[low - 1].high)
			return info->ranges[low - 1].unit;
	return NULL;
}

static struct debuginfo_function *find_function(struct debuginfo_unit *unit, uint64_t address)
{
	size_t low = 0, high = unit->n_functions, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (unit->functions[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* Functions inside functions: the enclosing one starts earlier and ends later. */
	for (high = low > SCAN_BACK ? low - SCAN_BACK : 0; low > high; low--)
		if (address < unit->functions[low - 1].high)
			return &unit->functions[low - 1];
	return NULL;
}

/*
 * The inlined functions around `address` below `function`, outermost first. Returns their number.
 * Descends one path only; offsets grow on it, so that it ends in any file.
 */
static unsigned find_inlined(Dwarf_Die *function, uint64_t address,
			     Dwarf_Die chain[SYMBOLS_FRAMES_MAX - 1])
{
	Dwarf_Die parent = *function, die;
	Dwarf_Off seen = dwarf_dieoffset(function);
	unsigned n = 0, depth;
	int more, tag;

	for (depth = 0; depth < DEBUGINFO_DEPTH_MAX * 2; depth++) {
		for (more = dwarf_child(&parent, &die); more == 0;
		     more = dwarf_siblingof(&die, &die)) {
			if (dwarf_dieoffset(&die) <= seen)
				return n;
			seen = dwarf_dieoffset(&die);
			tag = dwarf_tag(&die);
			if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
			     tag == DW_TAG_try_block || tag == DW_TAG_catch_block) &&
			    dwarf_haspc(&die, address) == 1)
				break;
		}
		if (more != 0)
			return n;
		if (tag == DW_TAG_inlined_subroutine) {
			if (n == SYMBOLS_FRAMES_MAX - 1)
				return n;
			chain[n++] = die;
		}
		parent = die;
	}
	return n;
}

static void set_file(struct debuginfo *info, const struct debuginfo_unit *unit, const char *file,
		     struct symbol_frame *frame)
{
	char path[SOURCE_PATH_MAX];
	const char *dir = unit->comp_dir;
	size_t length;

	if (!file)
		return;
	source_path(file, dir, path, sizeof(path));
	frame->path = pool_string(info->pool, path);
	frame->file = frame->path;
	frame->comp_dir = dir;
	/* "library/std/src/..." below /rustc would look like the user's. */
	if (!dir || symbols_is_system_path(path))
		return;
	/* The same normal form, so that one can be the beginning of the other. */
	source_path(".", dir, path, sizeof(path));
	length = strlen(path);
	if (length > 1 && strncmp(frame->path, path, length) == 0 && frame->path[length] == '/')
		frame->file = pool_string(info->pool, frame->path + length + 1);
}

/*
 * Line of the row that covers the address. A row with line 0 stands for code that belongs to no
 * line (clang): then the row before it in the function.
 */
static void set_line(struct debuginfo *info, struct debuginfo_unit *unit, uint64_t address,
		     uint64_t floor, struct symbol_frame *frame)
{
	size_t n, low = 0, high, middle;
	int number = 0, column = 0;
	Dwarf_Lines *lines;
	Dwarf_Line *line;
	Dwarf_Addr at;
	bool end;

	if (dwarf_getsrclines(&unit->head, &lines, &n) != 0)
		return;
	high = n;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (dwarf_lineaddr(dwarf_onesrcline(lines, middle), &at) == 0 && at <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low > 0; low--) {
		line = dwarf_onesrcline(lines, low - 1);
		if (dwarf_lineendsequence(line, &end) != 0 || end ||
		    dwarf_lineaddr(line, &at) != 0 || at < floor ||
		    dwarf_lineno(line, &number) != 0)
			return;
		if (number > 0)
			break;
	}
	if (low == 0)
		return;
	frame->line = (uint32_t)number;
	if (dwarf_linecol(line, &column) == 0 && column > 0)
		frame->column = (uint32_t)column;
	set_file(info, unit, dwarf_linesrc(line, NULL, NULL), frame);
}

static uint32_t number_of(Dwarf_Die *die, unsigned attribute_name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, attribute_name, &attribute) ||
	    dwarf_formudata(&attribute, &value) != 0 || value > INT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* Where the inlined function was called: the line of the next outer frame. */
static void set_call_line(struct debuginfo *info, struct debuginfo_unit *unit, Dwarf_Die *inlined,
			  struct symbol_frame *frame)
{
	uint32_t file = number_of(inlined, DW_AT_call_file);
	Dwarf_Files *files;
	size_t n;

	frame->line = number_of(inlined, DW_AT_call_line);
	frame->column = number_of(inlined, DW_AT_call_column);
	if (dwarf_getsrcfiles(&unit->head, &files, &n) == 0 && file < n)
		set_file(info, unit, dwarf_filesrc(files, file, NULL, NULL), frame);
}

static const char *function_name(struct debuginfo *info, Dwarf_Die *die)
{
	const char *name = debuginfo_name(info, die), *symbol;
	Dwarf_Attribute attribute;
	char *readable;

	if (name)
		return name;
	symbol = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
	if (!symbol)
		return name;
	readable = demangle_function(symbol);
	name = pool_string(info->pool, readable);
	free(readable);
	return name;
}

unsigned debuginfo_frames(struct debuginfo *info, uint64_t address,
			  struct symbol_frame frames[SYMBOLS_FRAMES_MAX])
{
	struct debuginfo_unit *unit = debuginfo_unit_at(info, address);
	Dwarf_Die inlined[SYMBOLS_FRAMES_MAX - 1];
	struct debuginfo_function *function;
	unsigned n, i;

	memset(frames, 0, SYMBOLS_FRAMES_MAX * sizeof(*frames));
	if (!unit)
		return 0;
	debuginfo_index(info, unit);
	function = find_function(unit, address);
	set_line(info, unit, address, function ? function->low : address, &frames[0]);
	if (!function)
		return frames[0].line ? 1 : 0;
	n = find_inlined(&function->die, address, inlined);
	for (i = 0; i < n; i++) {
		frames[i].function = function_name(info, &inlined[n - 1 - i]);
		frames[i].is_inlined = true;
		set_call_line(info, unit, &inlined[n - 1 - i], &frames[i + 1]);
	}
	frames[n].function = function_name(info, &function->die);
	return n + 1;
}
