/*
 * The trap layer, see trap.h. Nothing is trapped yet.
 */
#include "preload/trap.h"

int trap_init(void)
{
	return 0;
}
