/*
 * Directories with all that is in them: copied, removed, and put back as they were, in place. Links
 * are copied, removed and put back as such, never followed; sockets, pipes and devices are not
 * copied. These functions block for as long as file systems do.
 */
#ifndef RECORDER_TREE_H
#define RECORDER_TREE_H

#include <time.h>

/*
 * Copies `from` to the directory `to`, which is made when it is not there; without the directory
 * `without` (may be NULL), which may be where the copy goes. 0, or negative errno.
 */
int tree_copy(const char *from, const char *to, const char *without);

/* Removes it, as far as that is possible; also what has no permissions for us. */
void tree_remove(const char *path);

/*
 * Makes `live` as `base`, a copy of it as it was; NULL: empty. A file that did not change is left
 * alone, one that did is written again into the same inode, as somebody may have it open. What says
 * that it did not is size, mode and time; of files not older than `fresh` the content, as they may
 * change twice within one tick of the clock that file systems use. 0, or negative errno.
 */
int tree_restore(const char *base, const char *live, time_t fresh);

#endif
