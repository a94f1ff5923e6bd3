/*
 * Sockets as objects: what a socket talks to. What is sent to one address over whatever connection
 * acts on one object, as others see what it does there; what comes in concerns the connection.
 *
 *	socket:127.0.0.1:5432   the peer of a connected socket; a listener by its own address
 *	unix:/run/redis.sock    the same of UNIX sockets; "unix:@name" of abstract ones
 *	socket:127.0.0.1:*      a port that the kernel chose for this program; later ones "*#1f9a"
 *
 * These names are ids: none has a port or an inode that may be another in the next run. Requires
 * the turn.
 */
#ifndef PRELOAD_SOCKETS_H
#define PRELOAD_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "preload/lane.h"
#include "preload/object.h"

/*
 * The object of the socket `fd`: of what it is connected to when the call is a `request` (it sends,
 * or connects), else of the connection. `to`, of `size` bytes, is where the call connects or sends
 * to, or NULL. NULL: nothing is known but the inode (socketpair, not yet connected).
 */
struct object *sockets_object(struct lane *me, long fd, const struct stat *status, bool request,
			      const struct sockaddr *to, long size, uint32_t context);

/* The program has bound this socket to a port; `chosen`: by the kernel. */
void sockets_bound(struct lane *me, long fd, bool chosen);

/*
 * A server answers requests in the order in which they are made only if each is answered before the
 * next is made. So before a lane is put off where it waits for an answer of another process, the
 * answer is waited for in real time, up to SETTLE_MS: sockets_sent() is told of what goes out,
 * sockets_settle() comes before the scheduling point of what reads or waits. Not in recordings
 * under `natural`.
 */
void sockets_sent(struct lane *me, long fd);
void sockets_settle(struct lane *me);

#endif
