/*
 * Pages of the fork server that its runs need as well, made theirs by the fork.
 */
#ifndef PRELOAD_SERVER_PAGES_H
#define PRELOAD_SERVER_PAGES_H

/*
 * Before the first run. A fork leaves out what is mapped of files, to be faulted in again, page by
 * page, by each run that needs it; but not from an area of which one page is private
 * (vma_needs_copy() in mm/memory.c of the kernel). So one page of the code and the constants of
 * each module becomes private, without a change, and what the server has used is there in each run.
 * Where the kernel refuses that, nothing is lost. Requires the turn.
 */
void server_pages_share(void);

#endif
