/*
 * See strategy_parameters.h.
 */
#include "recorder/strategy_parameters.h"

#include <errno.h>
#include <string.h>

static const struct {
	uint32_t strategy;
	unsigned index;
	const char *name;
} known[] = {
#define PARAMETER(symbol, index, name, otherwise) { STRATEGY_##symbol, index, name },
#include "formats/strategy.def"
};

void strategy_parameter_defaults(struct plan_strategy *strategy)
{
#define PARAMETER_OR_0(symbol, index, name, otherwise) \
	if (strategy->id == STRATEGY_##symbol)         \
		strategy->parameters[index] = otherwise;
#include "formats/strategy.def"
}

int strategy_parameter_set(struct plan_strategy *strategy, const char *name, size_t length,
			   uint64_t value)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].strategy != strategy->id || strlen(known[i].name) != length ||
		    strncmp(known[i].name, name, length))
			continue;
		strategy->parameters[known[i].index] = value;
		return 0;
	}
	return -ENOENT;
}
