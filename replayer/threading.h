/*
 * CPython makes its synchronisation of plain locks (Lib/threading.py): a wait is a second attempt
 * on a lock made for it, a notify releases that lock, a thread that is joined holds one as long as
 * it lives. Here these become what they stand for, so that the rules about conditions and joins
 * need not know of them: cond_wait, cond_woken, cond_signal and cond_broadcast on what the program
 * calls the condition (else on its lock), thread_join on the thread. What the library does for
 * itself when a thread begins, and the attempt without waiting before each lock that has to wait,
 * are taken out. Traces without the locks of an interpreter stay as they are. Private to
 * replayer/history.c.
 */
#ifndef REPLAYER_THREADING_H
#define REPLAYER_THREADING_H

#include "replayer/history.h"

/* Rewrites the events of `history`, which has no lives yet. */
void threading_translate(struct history *history);

#endif
