/*
 * See code_patterns.h.
 */
#include "recorder/code_patterns.h"

#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"

static char *add(char *patterns, uint32_t *length, char sign, const struct option_value *value)
{
	unsigned i;

	for (i = 0; i < value->count; i++) {
		size_t size = strlen(value->all[i]) + 1;

		patterns = alloc_check(realloc(patterns, *length + 1 + size));
		patterns[*length] = sign;
		memcpy(patterns + *length + 1, value->all[i], size);
		*length += (uint32_t)(1 + size);
	}
	return patterns;
}

char *code_patterns_of(const struct options *options, uint32_t *length)
{
	char *patterns;

	*length = 0;
	patterns = add(NULL, length, '+', &options->value[OPTION_INCLUDE]);
	return add(patterns, length, '-', &options->value[OPTION_EXCLUDE]);
}
