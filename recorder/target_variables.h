/*
 * The environment of the target: the program's, with what brings the runtime in. The runtime takes
 * it out again before the program looks.
 */
#ifndef RECORDER_TARGET_VARIABLES_H
#define RECORDER_TARGET_VARIABLES_H

#include <stdbool.h>

#include "recorder/region.h"

struct target_variables {
	char *const *envp;        /* NULL: that of this process */
	const char *preload;      /* value of LD_PRELOAD */
	const char *library_path; /* in front of LD_LIBRARY_PATH; NULL or "": nothing */
	bool open;                /* the region is an open descriptor of the target */
};

/* Up to three pointers more than the original, the new ones at the end. */
char **target_variables_new(const struct target_variables *variables,
			    const struct region_handle *region);
void target_variables_free(char **envp);

/* The descriptor that it is then. */
int target_region_number(void);

/* Value of a variable, NULL: not there. */
const char *target_variable(char *const *envp, const char *name);

#endif
