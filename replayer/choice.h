/*
 * Which trace a command works on when the user named none: the newest failing one of ./trace.zst
 * and ./frontrun-failures, else ./trace.zst. Opens traces only to see how they ended.
 */
#ifndef REPLAYER_CHOICE_H
#define REPLAYER_CHOICE_H

#include "formats/err.h"

/*
 * The path, malloc'ed; NULL with `err` set when there is neither. Traces that cannot be read are
 * passed over. Looks at the newest CHOICE_FILES files of the directory.
 */
char *choice_find(struct err *err);

enum { CHOICE_FILES = 1000 };

#endif
