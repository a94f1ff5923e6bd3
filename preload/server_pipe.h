/*
 * Pipes whose both ends were open in the program at the fork point. Were they only inherited, the
 * server would have the ends open as well: a run that closes its own would never see the end of
 * file, nor EPIPE, and wait for ever. So the server keeps names of the pipes (O_PATH), which are no
 * ends, and each run opens its ends anew: the same inodes, empty.
 *
 *	server_pipe_note(fd, inode)	each end, at the look
 *	server_pipe_hold()		in the server, before it waits for runs
 *	server_pipe_open()		in each run, before the program goes on
 */
#ifndef PRELOAD_SERVER_PIPE_H
#define PRELOAD_SERVER_PIPE_H

#include <stdbool.h>
#include <stdint.h>

/* Forgets all ends. */
void server_pipe_clear(void);

/* `fd` is an end of the empty pipe `inode`; 0: not to be held. False: there are too many. */
bool server_pipe_note(int fd, uint64_t inode);

/*
 * Pipes of which the program has one end only, and those that cannot be opened by name (no /proc),
 * stay as they are.
 */
void server_pipe_hold(void);

/* Opens the ends of the pipes that are held, under their numbers and with their flags. */
void server_pipe_open(void);

/* Takes out what an earlier run has left in those that are not held. */
void server_pipe_drain(void);

#endif
