/*
 * Children by number and by pid, see children.h. The trace is hostile: nothing that it says is an
 * index.
 */
#include "replayer/children.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "formats/record.h"
#include "recorder/alloc.h"

/* The newest that fits: pids are used again. */
static struct child *find(struct children *children, int64_t number, int64_t pid)
{
	size_t i;

	for (i = children->count; i > 0; i--)
		if (number ? children->child[i - 1].number == number
			   : children->child[i - 1].pid == pid)
			return &children->child[i - 1];
	return NULL;
}

static struct child *find_or_add(struct children *children, int64_t number)
{
	struct child *child = find(children, number, 0);

	if (child || number <= 0 || children->count == CHILDREN_MAX)
		return child;
	children->child = alloc_check(
		realloc(children->child, (children->count + 1) * sizeof(*children->child)));
	child = &children->child[children->count++];
	*child = (struct child){ .number = number };
	return child;
}

static void run(struct child *child, const struct trace_answer *answer)
{
	free(child->words);
	child->words = alloc_check(malloc(answer->got_len + 1));
	memcpy(child->words, answer->got, answer->got_len);
	child->words[answer->got_len] = '\0';
	child->words_len = answer->got_len;
	child->unseen = answer->args[0] == 1;
}

/* wait4(2): a status comes in first where the program asked for it. */
static void end(struct children *children, const struct trace_answer *answer)
{
	struct child *child = answer->result > 0 ? find(children, 0, answer->result) : NULL;

	if (!child || answer->got_len < sizeof(child->status))
		return;
	memcpy(&child->status, answer->got, sizeof(child->status));
	child->waited_for = true;
}

bool children_own(const struct trace_answer *answer)
{
	return (answer->flags & ANSWER_CHILD) && answer->call != SYS_write;
}

void children_add(struct children *children, const struct trace_answer *answer)
{
	struct child *child;

	if (answer->call == SYS_wait4 && !(answer->flags & ANSWER_NEXT))
		end(children, answer);
	if (!(answer->flags & ANSWER_CHILD))
		return;
	child = find_or_add(children, answer->args[1]);
	if (!child)
		return;
	if (answer->call == SYS_write) {
		child->printed += answer->got_len;
		return;
	}
	child->pid = answer->result;
	if (!child->words)
		child->maker = answer->args[2];
	if (answer->call == SYS_execve)
		run(child, answer);
}

void children_fini(struct children *children)
{
	size_t i;

	for (i = 0; i < children->count; i++)
		free(children->child[i].words);
	free(children->child);
	memset(children, 0, sizeof(*children));
}
