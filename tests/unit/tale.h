/*
 * Traces for tests of stories, written down as one step a line, with no program behind them:
 *
 *	tale_write(path, "2 mutex_lock savings @read:17\n"	thread 2, at read (bank.c:17)
 *			 "2 mutex_unlock savings @read:19\n"
 *			 "2! mutex_lock savings @write:25\n"	it stands before that
 *			 "pick 2 3\n"				thread 3 goes on although 2 could
 *			 "3 cond_wait served savings @wait:30\n"
 *			 "3 cond_woken served savings r110 @wait:30\n"	result 110; v1: value 1
 *			 "signal 2 3\n",			the signal of 2 wakes 3
 *		   "exit", "{\"status\":1}");
 *
 * With "python" as its first line it is of an interpreted program: places are in bank.py, objects
 * are called by their ids, locks are locks of the interpreter, and thread 3 is "bob":
 *
 *	"python\n"
 *	"source 7 current = self.get_balance()\n"	what line 7 is, for places named later
 *	"2 load Account._balance =0 @get_balance:4<deposit:7\n"	a value, a call stack
 *	"2 store ITEMS =['a']~=~1 @add:9\n"			'~' is a blank
 *	"3 mutex_lock 1.2/lock.1 @Condition.wait<get:12\n"	no line: of the library
 *	"3 read file:/bank.db r16 @libdb<load:9\n"		by a C library without lines
 *	"2 load ITEMS @(listcomp)<add:9\n"			the function <listcomp>
 *
 * Thread 1 is main, 2 "alice", 3 and above run customer(); threads are created and joined where the
 * text says "1 thread_create T2". Objects are made when they are named, with the kind of their
 * first operation; a path is a file. A decision is about the thread's next operation.
 */
#ifndef TESTS_UNIT_TALE_H
#define TESTS_UNIT_TALE_H

/* Writes the trace; ends the test when the text is wrong. Source lines are of `cwd`/bank.c. */
void tale_write(const char *path, const char *cwd, const char *steps, const char *verdict,
		const char *outcome);

#endif
