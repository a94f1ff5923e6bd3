/*
 * Variables are kept by their 8-byte word and the bytes of it that they begin in (variables.h). One
 * that is longer than a word is cut there.
 */
#include "preload/memory/bytes.h"

#include <stddef.h>

#include "formats/hash.h"
#include "preload/context.h"
#include "preload/log.h"
#include "preload/memory/oracle.h"
#include "preload/variables.h"

#define WORD 8u
#define MANY_WORDS 65536u /* not worth asking for each */

struct bytes_remembered bytes_remembered[BYTES_REMEMBERED] SMALL;

static uint32_t known; /* variables */

/* First byte in the word, and how many: what variable_find() takes for a name. */
static uint64_t name_of(uint32_t first, uint32_t bytes)
{
	return first | bytes << 4;
}

static bool covers(const struct variable *variable, uint32_t byte)
{
	uint32_t first = variable->name & 15, bytes = (uint32_t)variable->name >> 4;

	return byte >= first && byte < first + bytes;
}

static struct variable *at_byte(uint64_t word, uint32_t byte)
{
	struct variable *variable = variables_first(word);

	while (variable && !covers(variable, byte))
		variable = variables_next(variable);
	return variable;
}

/* A new one of the bytes from `byte` on that nobody has, at most to `end`. */
static struct variable *claim(uint64_t word, uint32_t byte, uint32_t end)
{
	uint32_t to = byte + 1;
	struct variable *variable;

	while (to < end && !at_byte(word, to))
		to++;
	variable = variable_find(word, name_of(byte, to - byte));
	known += variable != NULL;
	return variable;
}

/*
 * A variable on a stack ends with the function that it belongs to, of which nobody tells: it is
 * another one when the frame there has another caller, or another place. 0: it is in no stack.
 */
static uint32_t frame_at(const struct lane *me, uint64_t address, struct context_frame *frame)
{
	const struct lane *owner = oracle_stack_of(me, address);

	if (!owner || !log_frame_of(owner, address, frame))
		return 0;
	return (uint32_t)(hash_id(5, frame->caller, frame->cfa) | 1);
}

uint32_t bytes_objects(struct lane *me, uint64_t address, uint64_t size, uint32_t context,
		       struct object *found[BYTES_OBJECTS])
{
	uint64_t at = address;
	struct context_frame frame;
	uint32_t count = 0, stack = frame_at(me, address, &frame);

	while (at < address + size && count < BYTES_OBJECTS) {
		uint64_t word = at & ~(uint64_t)(WORD - 1), left = address + size - word;
		uint32_t byte = (uint32_t)(at - word), end = left < WORD ? (uint32_t)left : WORD;
		struct variable *variable = at_byte(word, byte);

		if (variable && stack && variable->frame != stack) {
			variables_forget(word);
			variable = NULL;
		}
		if (!variable)
			variable = claim(word, byte, end);
		if (!variable)
			break; /* too many: not watched */
		variable->frame = stack;
		byte = variable->name & 15;
		if (!variable->object)
			variable->object =
				object_memory(me, word + byte, context, stack ? &frame : NULL);
		found[count++] = variable->object;
		at = word + byte + (variable->name >> 4);
	}
	if (count == 1 && at >= address + size && address < ORACLE_STACKS)
		*bytes_place(address) = (struct bytes_remembered){
			.address = address,
			.size = (uint32_t)size,
			.ended = variables_ended + 1,
			.object = found[0],
		};
	return count;
}

void bytes_forget(uint64_t start, uint64_t size)
{
	uint64_t word = start & ~(uint64_t)(WORD - 1);

	if (!known)
		return;
	if (size / WORD > MANY_WORDS) {
		variables_forget_range(start, size);
		return;
	}
	for (; word < start + size; word += WORD)
		variables_forget(word);
}
