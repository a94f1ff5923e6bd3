/*
 * Process ids in what sockets say of a peer (unix(7)): the program's own, as getpid() tells them.
 */
#ifndef PRELOAD_CREDENTIALS_H
#define PRELOAD_CREDENTIALS_H

#include <sys/socket.h>

#define CREDENTIALS_CONTROL 512 /* bytes of control data that are looked at; longer ones pass */

struct credentials_copy {
	struct msghdr message;
	char control[CREDENTIALS_CONTROL] __attribute__((aligned(8)));
};

/* The message with the kernel's pids in its SCM_CREDENTIALS: itself, or `copy`. */
const struct msghdr *credentials_real(const struct msghdr *message, struct credentials_copy *copy);

/* A message that has been received: back to the program's pids. */
void credentials_shown(struct msghdr *message);

#endif
