/*
 * See block_names.h.
 */
#include "recorder/block_names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/source.h"

#define FRAMES 8  /* of a stack that are kept */
#define CALLERS 3 /* of the user's code that are looked at: the others are allocators of its own */

struct stack {
	uint32_t count;
	struct record_frame frames[FRAMES];
};

struct block_names {
	struct symbols *symbols;
	struct stack **stacks; /* by number */
	uint32_t size;
	char text[1024];
};

struct block_names *block_names_new(struct symbols *symbols)
{
	struct block_names *names = alloc_check(calloc(1, sizeof(*names)));

	names->symbols = symbols;
	return names;
}

void block_names_free(struct block_names *names)
{
	uint32_t i;

	if (!names)
		return;
	for (i = 0; i < names->size; i++)
		free(names->stacks[i]);
	free(names->stacks);
	free(names);
}

void block_names_context(struct block_names *names, const struct record_context *record)
{
	struct stack *stack;

	if (record->number >= names->size) {
		uint32_t size = names->size ? names->size : 256;

		while (size <= record->number)
			size *= 2;
		names->stacks = alloc_check(reallocarray(names->stacks, size, sizeof(stack)));
		memset(names->stacks + names->size, 0, (size - names->size) * sizeof(stack));
		names->size = size;
	}
	stack = names->stacks[record->number];
	if (!stack)
		stack = names->stacks[record->number] = alloc_check(calloc(1, sizeof(*stack)));
	stack->count = record->count < FRAMES ? record->count : FRAMES;
	memcpy(stack->frames, record->frames, stack->count * sizeof(*stack->frames));
}

/*
 * "next" of `list->next = malloc(sizeof(*list));`: what stands before the last assignment that is
 * none of the call's arguments. False: there is none.
 */
static bool assigned(const char *line, char *name, size_t size)
{
	const char *end = line + strcspn(line, "("), *from, *at;

	for (at = strchr(line, '='); at && at < end && strchr("=<>!", at[1]);
	     at = strchr(at + 2, '='))
		;
	/* A cast, or a declaration of a pointer to a function, opens the first parenthesis. */
	if (!at || at == line)
		return false;
	while (at > line && isspace((unsigned char)at[-1]))
		at--;
	if (at > line && at[-1] == ']')
		while (at > line && *--at != '[')
			;
	for (from = at; from > line && (isalnum((unsigned char)from[-1]) || from[-1] == '_');
	     from--)
		;
	if (from == at || (size_t)(at - from) >= size)
		return false;
	memcpy(name, from, (size_t)(at - from));
	name[at - from] = '\0';
	return true;
}

/* By the line of one frame. */
static const char *by_line(struct block_names *names, const struct record_frame *frame,
			   const struct symbol_frame *at, uint64_t inside)
{
	char line[SOURCE_LINE_MAX + 1], here[4096], name[128];

	if (!at->line || source_line(at->path ? at->path : at->file, at->comp_dir,
				     getcwd(here, sizeof(here)) ? here : NULL, at->line, line,
				     sizeof(line)) <= 0)
		return NULL;
	return assigned(line, name, sizeof(name)) ? symbols_pointed(names->symbols, frame->module,
								    frame->offset - 1, name, inside)
						  : NULL;
}

static const char *by_place(struct block_names *names, const struct symbol_frame *at,
			    uint64_t inside)
{
	const char *slash = at->file ? strrchr(at->file, '/') : NULL;
	int n = snprintf(names->text, sizeof(names->text), "byte %llu of the block of %.200s",
			 (unsigned long long)inside, at->function ? at->function : "a function");

	if (at->file && n > 0 && (size_t)n < sizeof(names->text))
		snprintf(names->text + n, sizeof(names->text) - (size_t)n, " (%.200s:%u)",
			 slash ? slash + 1 : at->file, at->line);
	return names->text;
}

const char *block_names_of(struct block_names *names, uint32_t context, uint64_t inside)
{
	const struct stack *stack = context < names->size ? names->stacks[context] : NULL;
	struct symbol_location at, first;
	uint32_t i, callers = 0;
	const char *name;

	for (i = 0; stack && i < stack->count && callers < CALLERS; i++) {
		const struct record_frame *frame = &stack->frames[i];

		if (!frame->module || frame->flags & FRAME_CODE)
			continue;
		symbols_lookup(names->symbols, frame->module, frame->offset, SYMBOLS_RETURN_ADDRESS,
			       &at);
		if (!symbols_is_user(names->symbols, frame->module, &at))
			continue;
		name = by_line(names, frame, &at.frames[0], inside);
		if (name)
			return name;
		if (callers++ == 0)
			first = at;
	}
	return callers ? by_place(names, &first.frames[0], inside) : NULL;
}
