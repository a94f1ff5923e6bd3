/*
 * What the parts of a story share: story.c and story_waits.c. Not for others.
 */
#ifndef RECORDER_STORY_PART_H
#define RECORDER_STORY_PART_H

#include "recorder/story.h"
#include "recorder/text.h"

struct line {
	char space[1024];
	struct text text;
};

static inline struct text *line_begin(struct line *line)
{
	text_init(&line->text, line->space, sizeof(line->space));
	return &line->text;
}

/* Where context `number` is, in one line; or with -v the stack. */
void story_place(const struct story *story, uint32_t number, unsigned indent);

/* The endings VERDICT_DEADLOCK and VERDICT_STUCK. */
void story_deadlock(const struct story *story, const cJSON *outcome);
void story_stuck(const struct story *story, const cJSON *outcome);

#endif
