/*
 * Call stacks of the interpreted program: from the innermost frame that executes code outwards.
 */
#include "preload/python/agent.h"

/* A frame that stands for C code, or is not complete, executes nothing yet. */
static inline bool executes(const frame_t *frame)
{
#if IS_312
	if (frame->owner == FRAME_OWNED_BY_CSTACK)
		return false;
#endif
#if IS_313
	return frame->f_executable && PyCode_Check(frame->f_executable) &&
	       _PyInterpreterFrame_LASTI((frame_t *)frame) >= 0;
#else
	return frame->f_code && _PyInterpreterFrame_LASTI((frame_t *)frame) >= 0;
#endif
}

static inline frame_t *executing(frame_t *frame)
{
	while (frame && !executes(frame))
		frame = frame->previous;
	return frame;
}

static PyThreadState *thread_state(void)
{
	return PyGILState_GetThisThreadState();
}

static frame_t *innermost(PyThreadState *thread)
{
	if (!thread)
		return NULL;
#if IS_313
	return executing(thread->current_frame);
#else
	return thread->cframe ? executing(thread->cframe->current_frame) : NULL;
#endif
}

frame_t *frame_of_thread(void)
{
	return innermost(thread_state());
}

#if IS_312
/* The interpreter's own variable is a call away. */
static __thread PyThreadState *state __attribute__((tls_model("initial-exec")));

void frame_thread_changed(void)
{
	state = PyThreadState_Get();
}

frame_t *frame_here(void)
{
	if (__builtin_expect(!state, 0))
		frame_thread_changed();
	return innermost(state);
}
#else
frame_t *frame_here(void)
{
	return innermost(_PyThreadState_GET());
}
#endif

frame_t *frame_next(frame_t *frame)
{
	return executing(frame->previous);
}

/* The last place is the innermost one of the user's code when a library has taken all others. */
uint32_t stack_places(uint64_t *places, uint32_t room)
{
	frame_t *frame = frame_of_thread();
	const struct code *code;
	bool user = false;
	uint32_t count = 0;

	for (; frame && room && (count < room || !user); frame = frame_next(frame)) {
		code = code_find(frame_code(frame));
		user = user || code->user;
		if (count == room && !code->user)
			continue;
		places[count < room ? count++ : room - 1] =
			python_place(code->number, (uint32_t)_PyInterpreterFrame_LASTI(frame));
	}
	return count;
}

/*
 * Contexts that were found before, by the instructions of their frames. Code that was met stays, so
 * an address is one instruction for ever.
 */
#define REMEMBERED 64

static struct remembered {
	const void *at[PYTHON_ACCESS_FRAMES];
	uint32_t count;
	uint32_t context; /* 0: none */
} remembered[REMEMBERED];

static inline const void *instruction_of(const frame_t *frame)
{
#if IS_313
	return frame->instr_ptr;
#else
	return frame->prev_instr;
#endif
}

static uint32_t find_context(frame_t *frame, struct remembered *memory)
{
	uint64_t places[PYTHON_ACCESS_FRAMES];
	uint32_t count = stack_places(places, PYTHON_ACCESS_FRAMES), i;
	uint32_t context = runtime->context(places, count);
	bool user = false;

	memory->context = 0;
	memory->count = count;
	for (i = 0; i < count && frame; i++, frame = frame_next(frame)) {
		user = user || code_find(frame_code(frame))->user;
		memory->at[i] = instruction_of(frame);
	}
	/* Else the last place is not that of the frame there. */
	if (user)
		memory->context = context;
	return context;
}

uint32_t stack_context(void)
{
	frame_t *frame = frame_here(), *at;
	struct remembered *memory;
	uint32_t i = 0;

	if (!frame)
		return find_context(frame, &remembered[0]);
	memory = &remembered[((uintptr_t)instruction_of(frame) >> 1) % REMEMBERED];
	if (!memory->context)
		return find_context(frame, memory);
	for (at = frame; at && i < PYTHON_ACCESS_FRAMES; at = frame_next(at), i++)
		if (i == memory->count || memory->at[i] != instruction_of(at))
			return find_context(frame, memory);
	return i == memory->count ? memory->context : find_context(frame, memory);
}
