/*
 * Facts about how this image was attached, for exec, which attaches the next one.
 */
#ifndef PRELOAD_ATTACH_H
#define PRELOAD_ATTACH_H

/* In front of the value of REGION_ENV: for a child of the program. */
#define ATTACH_CHILD '+'

/* Value that REGION_ENV had. */
const char *attach_region_variable(void);

#endif
