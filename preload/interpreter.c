/*
 * The runtime's side of an agent, see interpreter.h and preload/python_interface.h.
 */
#include "preload/interpreter.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "preload/compose.h"
#include "preload/decide.h"
#include "preload/gate.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/loose.h"
#include "preload/python_interface.h"
#include "preload/raw.h"
#include "preload/sites.h"
#include "preload/spin.h"
#include "preload/tape.h"
#include "preload/variables.h"

#define OTHER_FRAMES 10 /* of any other operation */
#define CODES (1u << 18)
#define SLICE 1000     /* backward jumps: a loop that does so many may wait for another thread, */
#define SLICE_HALVED 4 /* ... and ever more so if it has changed nothing: so often */

bool interpreter_active;

static struct python_agent agent;
static struct python_runtime runtime;
static uint32_t code_base; /* number in the trace = the agent's + base: they go on over an exec */
static uint8_t announced[CODES / 8];

bool interpreter_frame(uint64_t place, struct record_frame *frame)
{
	uint32_t code = python_place_code(place), line = 0;

	if (!(place & PYTHON_PLACE))
		return false;
	if (code < CODES && !(announced[code / 8] >> (code % 8) & 1)) {
		const char *file, *name;
		uint64_t hash;
		bool user;

		announced[code / 8] |= (uint8_t)(1u << (code % 8));
		agent.code(code, &file, &name, &line, &hash, &user);
		log_code(code_base + code, file, name, line, hash, user);
	}
	agent.place(place, &frame->offset, &line);
	frame->module = code_base + code;
	frame->flags = FRAME_CODE | (line < FRAME_LINE_MAX ? line : FRAME_LINE_MAX)
					    << FRAME_LINE_SHIFT;
	return true;
}

uint32_t interpreter_stack(const uint64_t *pcs, uint32_t count, uint64_t *places, uint32_t room)
{
	uint32_t native = 0, own;

	while (native < count && native + OTHER_FRAMES < room &&
	       !gate_is_code((void *)(uintptr_t)pcs[native]))
		native++;
	if (native == count)
		return 0;
	native++; /* the interpreter's own function that did it */
	memcpy(places, pcs, native * sizeof *places);
	own = agent.stack(places + native, room - native);
	return own ? native + own : 0;
}

/* Nobody else uses it, as far as is known, and the plan says that nobody does at this place. */
static bool unseen(const struct lane *me, const struct python_access *access,
		   struct variable *variable)
{
	if (event_table[access->kind].access != ACCESS_READ)
		variable->written = true;
	if (!variable->lane)
		variable->lane = me->number;
	else if (variable->lane != me->number)
		variable->shared = true;
	return access->quiet && !(variable->shared && variable->written);
}

static struct object *object_of(struct lane *me, struct variable *variable,
				const struct python_access *access, uint32_t context)
{
	char name[PYTHON_TEXT];

	if (variable->object)
		return variable->object;
	agent.name(access, name);
	variable->object = object_variable(me, access->name ? OBJECT_VARIABLE : OBJECT_CONTAINER,
					   name, context);
	return variable->object;
}

static bool open_here(const struct lane *me, bool switchable)
{
	return gate_held(me) && (switchable || (runtime.flags & PLAN_RUN_ANY_ACCESS));
}

static void name_lane(struct lane *me)
{
	char name[PYTHON_TEXT];

	if (!me->name[0] && me->origin != LANE_MAIN && agent.thread(name))
		lane_rename(me, name);
}

static void done(struct lane *me, const struct python_access *access)
{
	struct python_value value; /* its text is not worth clearing */

	value.type = EVENT_VALUE_NONE;
	value.number = 0;
	if (runtime.flags & PLAN_RUN_VALUES) {
		name_lane(me);
		agent.value(access, &value);
	}
	if (value.type == EVENT_VALUE_TEXT)
		value.number = log_text(value.text);
	sched_done_as(me, access->switchable ? EVENT_SWITCHABLE : EVENT_UNSWITCHABLE, value.type,
		      value.number);
}

/* No other lane can go on here. */
static void stay(struct lane *me, unsigned kind, struct object *object, uint32_t context)
{
	sched_begin(me, kind, object, context);
	loose_put_off(me);
}

/* Does it wait? To come to the next item, or to look another one up, is to get on. */
static void look(struct lane *me, const struct python_access *access)
{
	if (event_table[access->kind].access != ACCESS_READ) {
		me->object->changes++;
		spin_changed(me);
	} else if (access->kind == EVENT_QUERY || (access->kind == EVENT_LOAD && access->name)) {
		spin_found_variable(me);
	} else {
		spin_found_new(me);
	}
}

static void take_access(const struct python_access *access)
{
	struct lane *me = thread_enter();
	struct variable *variable;
	struct object *object;
	uint32_t context;

	if (!me)
		return;
	variable = variable_find(access->address, access->name);
	if (!variable || unseen(me, access, variable)) {
		me->k++;
		schedule.steps++;
		thread_leave(me);
		return;
	}
	context = agent.context();
	object = object_of(me, variable, access, context);
	if (open_here(me, access->switchable))
		sched_open_point(me, access->kind, object, context,
				 spin_again(me, object, context));
	else
		stay(me, access->kind, object, context);
	look(me, access);
	done(me, access);
	thread_leave(me);
}

static void before_lock(const void *lock, unsigned kind, bool switchable, void *detail,
			void (*name)(void *detail, char text[PYTHON_TEXT]))
{
	struct lane *me = thread_enter();
	struct object *object = me ? object_peek(lock, OBJECT_LOCK) : NULL;
	char text[PYTHON_TEXT];

	if (!me)
		return;
	if (object && !object->named && (runtime.flags & PLAN_RUN_VALUES)) {
		name(detail, text);
		object_rename(object, text);
		name_lane(me);
	}
	if (object && open_here(me, switchable))
		sched_open_point(me, kind, object, agent.context(), false);
	thread_leave(me);
}

/* An interpreter gives its lock away from time to time: a loop may wait for what others do. */
static uint32_t breathe(void)
{
	struct lane *me = thread_enter();
	uint32_t idle;

	if (!me)
		return SLICE;
	if (gate_held(me)) {
		sched_open_point(me, EVENT_YIELD, NULL, agent.context(), true);
		sched_done(me, 0);
	}
	idle = me->idle_slices < SLICE_HALVED ? me->idle_slices++ : SLICE_HALVED;
	thread_leave(me);
	return SLICE >> idle;
}

static void forget(uint64_t address)
{
	struct lane *me = thread_enter();

	if (!me)
		return;
	variables_forget(address);
	thread_leave(me);
}

static uint32_t lane_number(void)
{
	return thread_state.lane ? thread_state.lane->number : 0;
}

static uint32_t living(void)
{
	return schedule.live;
}

static void note(const char *text)
{
	log_note(NOTE_INFO, thread_state.lane ? thread_state.lane->number : 0, text);
}

/* As the return of main does it, without what exit(3) calls then. */
static void leave(int status)
{
	struct lane *me = thread_enter();

	fflush(NULL);
	if (me) {
		sched_point(me, EVENT_EXIT, NULL, 0, 0);
		if (tape_mode != TAPE_OFF)
			log_loaded_modules();
		sched_done(me, status & 0xff);
	}
	for (;;)
		raw(SYS_exit_group, status);
}

static bool is_private(uint64_t site)
{
	return sites_any && sites_has(site);
}

static void read_plan(void)
{
	uint32_t length;

	runtime.flags = decide_run()->flags;
	runtime.patterns = decide_section(PLAN_CODE_PATTERNS, &length);
	runtime.patterns_length = runtime.patterns ? length : 0;
}

void interpreter_run(void)
{
	if (!interpreter_active)
		return;
	read_plan();
	agent.run();
}

/* "/usr/lib/frontrun/libfrontrun-python3.11.so" */
static bool agent_path(char *path, size_t size)
{
	uint32_t length;
	const struct plan_environment *given = decide_section(PLAN_ENVIRONMENT, &length);
	const unsigned long *version = dlsym(RTLD_DEFAULT, "Py_Version"); /* since 3.11 */
	const char *slash = given ? strrchr(given->library, '/') : NULL;
	size_t at;

	if (!slash || !version)
		return false;
	at = compose_bytes(path, size, 0, given->library, (size_t)(slash - given->library));
	at = compose(path, size, at, "/libfrontrun-python");
	at = compose_number(path, size, at, *version >> 24);
	at = compose(path, size, at, ".");
	at = compose_number(path, size, at, *version >> 16 & 0xff);
	return compose(path, size, at, ".so") + 1 < size;
}

static int load(const char **reason)
{
	static char detail[256];
	char path[4096 + 64];
	python_start *start;
	void *library;

	*reason = "this version of the interpreter is not known";
	if (!agent_path(path, sizeof path))
		return -ENOSYS;
	library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		compose(detail, sizeof detail, 0, dlerror());
		if (!strstr(detail, "No such file"))
			*reason = detail;
		return -ENOSYS;
	}
	start = (python_start *)dlsym(library, PYTHON_START);
	*reason = "it has not started where the first thread is made";
	return start ? start(&runtime, &agent) : -ENOSYS;
}

void interpreter_start(struct lane *me)
{
	static bool tried;
	char text[512];
	const char *reason = NULL;
	size_t at;
	int result;
	struct gate_keeper keeper;

	gate_look();
	if (!gate_code || tried)
		return;
	tried = true;
	if (decide_run()->flags & PLAN_RUN_NO_AGENT) {
		gate_forget();
		return;
	}
	code_base = region->numbers.code;
	runtime = (struct python_runtime){
		.version = PYTHON_INTERFACE,
		.access = take_access,
		.before_lock = before_lock,
		.context = log_places,
		.breathe = breathe,
		.forget = forget,
		.is_private = is_private,
		.lane = lane_number,
		.living = living,
		.note = note,
		.leave = leave,
	};
	read_plan();
	result = load(&reason);
	if (result < 0) {
		at = compose(text, sizeof text, 0, "no points at accesses to variables: ");
		at = compose(text, sizeof text, at, reason);
		compose(text, sizeof text, at, "; locks and files are points");
		log_note(NOTE_INFO, me->number, text);
		gate_forget();
		return;
	}
	keeper = (struct gate_keeper){
		.dropped = agent.dropped,
		.leave = agent.leave,
		.enter = agent.enter,
		.hurry = agent.hurry,
	};
	gate_start(me, &keeper, result != PYTHON_FREE);
	interpreter_active = true;
}
