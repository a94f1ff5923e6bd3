/* A shared object to be opened and closed: one function that captures, one variable. */
#include "tests/unit/unwind/capture.h"

int plugin_variable = 7;
int plugin_run(void);

int plugin_run(void)
{
	capture();
	return plugin_variable;
}
