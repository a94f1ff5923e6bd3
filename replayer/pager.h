/*
 * Long output through a pager when it goes to a terminal: $PAGER, else `less -R`. Nothing else
 * about terminals.
 */
#ifndef REPLAYER_PAGER_H
#define REPLAYER_PAGER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct pager {
	FILE *out; /* to be written to; stdout when there is no pager */
	pid_t pid; /* 0: no pager */
};

/*
 * `wanted` false, stdout no terminal, or no pager on this machine: out is stdout. SIGPIPE is
 * ignored from now on: a pager that is left early shows as a write error of `out`, which the writer
 * should take as the end.
 */
void pager_begin(struct pager *pager, bool wanted);

/* Waits for the pager. Errors of stdout itself are the command layer's (recorder/command.c). */
void pager_end(struct pager *pager);

/* Columns of the terminal on stdout, or of COLUMNS when it is none; 0: unknown. */
unsigned pager_columns(void);

#endif
