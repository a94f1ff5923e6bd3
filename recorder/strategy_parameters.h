/*
 * Parameters of strategies by their names in formats/strategy.def.
 */
#ifndef RECORDER_STRATEGY_PARAMETERS_H
#define RECORDER_STRATEGY_PARAMETERS_H

#include <stddef.h>
#include <stdint.h>

#include "formats/plan.h"

/* Fills in the defaults of those where 0 is a value; elsewhere the runtime takes them for 0. */
void strategy_parameter_defaults(struct plan_strategy *strategy);

/* Sets the parameter `name` (`length` bytes) of strategy->id. 0, or -ENOENT: it has none such. */
int strategy_parameter_set(struct plan_strategy *strategy, const char *name, size_t length,
			   uint64_t value);

#endif
