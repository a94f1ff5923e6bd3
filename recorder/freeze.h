/*
 * Stops everything below this process, however fast it forks: who is stopped has no more children.
 * For the guardian, which could otherwise kill for ever. Allocates nothing; proc(5), pidfd_open(2).
 */
#ifndef RECORDER_FREEZE_H
#define RECORDER_FREEZE_H

/*
 * SIGSTOP to all descendants, again until none is found that runs, or for so many rounds. Without
 * pidfd_open(2) (Linux before 5.3) nothing is stopped. Takes a few milliseconds a round.
 */
void freeze_descendants(unsigned rounds);

#endif
