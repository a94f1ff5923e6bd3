/*
 * Facts about how this image was attached, for exec, which attaches the next one.
 */
#ifndef PRELOAD_ATTACH_H
#define PRELOAD_ATTACH_H

#include <stdbool.h>

/* In front of the value of REGION_ENV: for a child of the program. */
#define ATTACH_CHILD '+'

/*
 * Before an exec, and after one that failed (`next` false): the next image is to find the region's
 * descriptor. False: there was one, and the program has closed it.
 */
bool attach_pass_region(bool next);

/* Value that REGION_ENV had. */
const char *attach_region_variable(void);

#endif
