/*
 * The table of words: one row for each row of event.def (a unit test holds that none is missing).
 * To add an event kind, say what a lane does ("locks @") and what it waits to do ("lock @").
 */
#include "recorder/words.h"

#define PLAIN WORDS_RESULT_PLAIN
#define ERROR WORDS_RESULT_ERROR
#define CALL WORDS_RESULT_CALL
#define COUNT WORDS_RESULT_COUNT

const struct words_row words_table[EVENT_COUNT] = {
	[EVENT_NONE] = { "does something unknown[ with @]", "do something unknown[ with @]",
			 PLAIN },
	/* threads */
	[EVENT_THREAD_START] = { "starts", "start", PLAIN },
	[EVENT_THREAD_END] = { "ends", "end", PLAIN },
	[EVENT_THREAD_CREATE] = { "creates @", "create a thread", ERROR },
	[EVENT_THREAD_JOIN] = { "joins @", "join @", ERROR },
	[EVENT_THREAD_TRYJOIN] = { "tries to join @", "try to join @", ERROR },
	[EVENT_THREAD_TIMEDJOIN] = { "joins @ (timed)", "join @ (timed)", ERROR },
	[EVENT_THREAD_DETACH] = { "detaches @", "detach @", ERROR },
	[EVENT_THREAD_EXIT] = { "leaves by pthread_exit", "leave by pthread_exit", PLAIN },
	[EVENT_THREAD_CANCEL] = { "cancels @", "cancel @", ERROR },
	/* mutexes */
	[EVENT_MUTEX_INIT] = { "initialises @", "initialise @", ERROR },
	[EVENT_MUTEX_DESTROY] = { "destroys @", "destroy @", ERROR },
	[EVENT_MUTEX_LOCK] = { "locks @", "lock @", ERROR },
	[EVENT_MUTEX_TRYLOCK] = { "tries to lock @", "try to lock @", ERROR },
	[EVENT_MUTEX_TIMEDLOCK] = { "locks @ (timed)", "lock @ (timed)", ERROR },
	[EVENT_MUTEX_UNLOCK] = { "unlocks @", "unlock @", ERROR },
	/* condition variables */
	[EVENT_COND_INIT] = { "initialises @", "initialise @", ERROR },
	[EVENT_COND_DESTROY] = { "destroys @", "destroy @", ERROR },
	[EVENT_COND_WAIT] = { "waits on @[, releasing #]", "wait on @[, releasing #]", ERROR },
	[EVENT_COND_TIMEDWAIT] = { "waits on @ (timed)[, releasing #]",
				   "wait on @ (timed)[, releasing #]", ERROR },
	[EVENT_COND_WOKEN] = { "comes back from waiting on @", "come back from waiting on @",
			       ERROR },
	[EVENT_COND_SIGNAL] = { "signals @", "signal @", ERROR },
	[EVENT_COND_BROADCAST] = { "broadcasts @", "broadcast @", ERROR },
	/* read-write locks */
	[EVENT_RWLOCK_INIT] = { "initialises @", "initialise @", ERROR },
	[EVENT_RWLOCK_DESTROY] = { "destroys @", "destroy @", ERROR },
	[EVENT_RWLOCK_RDLOCK] = { "read-locks @", "read-lock @", ERROR },
	[EVENT_RWLOCK_TRYRDLOCK] = { "tries to read-lock @", "try to read-lock @", ERROR },
	[EVENT_RWLOCK_TIMEDRDLOCK] = { "read-locks @ (timed)", "read-lock @ (timed)", ERROR },
	[EVENT_RWLOCK_WRLOCK] = { "write-locks @", "write-lock @", ERROR },
	[EVENT_RWLOCK_TRYWRLOCK] = { "tries to write-lock @", "try to write-lock @", ERROR },
	[EVENT_RWLOCK_TIMEDWRLOCK] = { "write-locks @ (timed)", "write-lock @ (timed)", ERROR },
	[EVENT_RWLOCK_UNLOCK] = { "unlocks @", "unlock @", ERROR },
	/* spin locks, barriers, once, guards */
	[EVENT_SPIN_INIT] = { "initialises @", "initialise @", ERROR },
	[EVENT_SPIN_LOCK] = { "locks @", "lock @", ERROR },
	[EVENT_SPIN_TRYLOCK] = { "tries to lock @", "try to lock @", ERROR },
	[EVENT_SPIN_UNLOCK] = { "unlocks @", "unlock @", ERROR },
	[EVENT_BARRIER_INIT] = { "initialises @", "initialise @", ERROR },
	[EVENT_BARRIER_DESTROY] = { "destroys @", "destroy @", ERROR },
	[EVENT_BARRIER_WAIT] = { "passes barrier @", "pass barrier @", PLAIN },
	[EVENT_ONCE] = { "calls once @", "call once @", PLAIN },
	[EVENT_ONCE_DONE] = { "has done once @", "finish once @", PLAIN },
	[EVENT_GUARD_ACQUIRE] = { "enters the initialisation of @", "enter the initialisation of @",
				  PLAIN },
	[EVENT_GUARD_RELEASE] = { "has initialised @", "finish the initialisation of @", PLAIN },
	[EVENT_GUARD_ABORT] = { "gives up initialising @", "give up initialising @", PLAIN },
	/* semaphores */
	[EVENT_SEM_INIT] = { "initialises @", "initialise @", ERROR },
	[EVENT_SEM_DESTROY] = { "destroys @", "destroy @", ERROR },
	[EVENT_SEM_WAIT] = { "takes from @", "take from @", ERROR },
	[EVENT_SEM_TRYWAIT] = { "tries to take from @", "try to take from @", ERROR },
	[EVENT_SEM_TIMEDWAIT] = { "takes from @ (timed)", "take from @ (timed)", ERROR },
	[EVENT_SEM_POST] = { "posts @", "post @", ERROR },
	/* futexes */
	[EVENT_FUTEX_WAIT] = { "waits on @", "wait on @", CALL },
	[EVENT_FUTEX_WAKE] = { "wakes waiters of @", "wake waiters of @", COUNT },
	[EVENT_FUTEX_REQUEUE] = { "requeues waiters of @[ to #]", "requeue waiters of @[ to #]",
				  COUNT },
	/* time */
	[EVENT_YIELD] = { "yields", "yield", PLAIN },
	[EVENT_SLEEP] = { "sleeps", "sleep", CALL },
	[EVENT_CLOCK] = { "reads the clock", "read the clock", PLAIN },
	[EVENT_TIMER] = { "sets a timer[ @]", "set a timer[ @]", CALL },
	/* descriptors */
	[EVENT_READ] = { "reads[ from @]", "read[ from @]", COUNT },
	[EVENT_WRITE] = { "writes[ to @]", "write[ to @]", COUNT },
	[EVENT_RECV] = { "receives[ from @]", "receive[ from @]", COUNT },
	[EVENT_SEND] = { "sends[ to @]", "send[ to @]", COUNT },
	[EVENT_ACCEPT] = { "accepts[ from @]", "accept[ from @]", COUNT },
	[EVENT_CONNECT] = { "connects[ @]", "connect[ @]", CALL },
	[EVENT_POLL] = { "polls", "poll", COUNT },
	[EVENT_SELECT] = { "selects", "select", COUNT },
	[EVENT_EPOLL_WAIT] = { "waits for events[ of @]", "wait for events[ of @]", COUNT },
	[EVENT_CLOSE] = { "closes[ @]", "close[ @]", CALL },
	[EVENT_SHUTDOWN] = { "shuts down[ @]", "shut down[ @]", CALL },
	[EVENT_FILE_LOCK] = { "locks the file[ @]", "lock the file[ @]", CALL },
	[EVENT_TRANSFER] = { "transfers data[ @]", "transfer data[ @]", COUNT },
	[EVENT_IPC] = { "uses the queue[ @]", "use the queue[ @]", CALL },
	[EVENT_RANDOM] = { "draws random bytes", "draw random bytes", PLAIN },
	/* processes and signals */
	[EVENT_FORK] = { "forks", "fork", COUNT },
	[EVENT_SPAWN] = { "starts a program", "start a program", CALL },
	[EVENT_EXEC] = { "executes another program", "execute another program", CALL },
	[EVENT_WAIT_CHILD] = { "waits for a child", "wait for a child", COUNT },
	[EVENT_EXIT] = { "exits", "exit", PLAIN },
	[EVENT_KILL] = { "sends a signal[ to @]", "send a signal[ to @]", CALL },
	[EVENT_SIGNAL_WAIT] = { "waits for a signal", "wait for a signal", COUNT },
	[EVENT_SIGNAL] = { "handles a signal", "handle a signal", COUNT },
	/* what the scheduler itself had to do */
	[EVENT_PREEMPTED] = { "is interrupted", "be interrupted", PLAIN },
	/* files by path */
	[EVENT_FILE_OPEN] = { "opens @", "open @", CALL },
	[EVENT_FILE_CREATE] = { "creates @", "create @", CALL },
	[EVENT_FILE_STAT] = { "looks at @", "look at @", CALL },
	[EVENT_FILE_RENAME] = { "renames[ #] to @", "rename[ #] to @", CALL },
	[EVENT_FILE_MOVED] = { "has moved @", "move @", PLAIN },
	[EVENT_FILE_LINK] = { "links[ #] as @", "link[ #] as @", CALL },
	[EVENT_FILE_REMOVE] = { "removes @", "remove @", CALL },
	[EVENT_FILE_CHANGE] = { "changes @", "change @", CALL },
	/* variables of an interpreted program */
	[EVENT_LOAD] = { "reads @", "read @", PLAIN },
	[EVENT_STORE] = { "writes @", "write @", PLAIN },
	[EVENT_DELETE] = { "deletes @", "delete @", PLAIN },
	[EVENT_ITERATE] = { "iterates over @", "iterate over @", PLAIN },
	[EVENT_QUERY] = { "looks at @", "look at @", PLAIN },
	[EVENT_CALL] = { "uses @", "use @", PLAIN },
	[EVENT_UPDATE] = { "updates @", "update @", PLAIN },
	[EVENT_FREE] = { "frees @", "free @", PLAIN },
	[EVENT_GATE] = { "goes on interpreting", "go on interpreting", PLAIN },
};

/* Of each store in a trace: text_addf() would take longer than all the rest. */
static void add_number(struct text *text, int32_t number)
{
	char digits[12], *at = digits + sizeof(digits) - 1;
	uint32_t left = number < 0 ? -(uint32_t)number : (uint32_t)number;

	*at = '\0';
	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (number < 0)
		*--at = '-';
	text_add(text, at);
}

void words_change(struct text *text, int64_t change)
{
	add_number(text, (int32_t)change);
	text_add(text, " (was ");
	add_number(text, (int32_t)((uint64_t)change >> 32));
	text_add(text, ")");
}
