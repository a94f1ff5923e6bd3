/*
 * Before a search forks its runs: what each of them would do for itself is done once.
 */
#ifndef PRELOAD_WARM_H
#define PRELOAD_WARM_H

/*
 * Makes a fork cheap. Code and constants without a page of their own are left out by fork(2), and
 * each run faults them in again, 16 pages at a time: each gets such a page, with the contents
 * that it had, and where much of it is used the rest, too. Memory of which most is there is put
 * into huge pages, so that the fork copies one entry for 512. Where the kernel refuses, nothing is
 * lost; the program sees no difference. Raw system calls only.
 */
void warm_memory(void);

#endif
