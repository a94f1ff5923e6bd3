/*
 * Signals of the target, see signals.h. Handlers are not deferred yet.
 */
#include "preload/signals.h"

void signals_init(void)
{
}

bool signals_deliver(struct lane *me)
{
	(void)me;
	return false;
}

bool signals_awaited(void)
{
	return false;
}

void signals_child(void)
{
}
