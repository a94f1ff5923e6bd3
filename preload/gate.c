/*
 * The gate, see gate.h.
 */
#include "preload/gate.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>

#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/modules.h"
#include "preload/sched.h"

#define NAME "GIL"

uintptr_t gate_memory, gate_memory_size;
uintptr_t gate_code, gate_code_size;
struct object *gate_object;

static struct gate_keeper keeper;
void gate_look(void)
{
	const struct module *module;
	const ElfW(Sym) *symbol = NULL;
	void *runtime;
	Dl_info info;

	if (gate_code)
		return;
	runtime = dlsym(RTLD_DEFAULT, "_PyRuntime");
	if (!runtime || !dladdr1(runtime, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol)
		return;
	module = modules_lookup((uint64_t)runtime);
	if (!module)
		return;
	gate_code = module->start;
	gate_code_size = module->end - module->start;
	gate_memory_size = symbol->st_size;
	gate_memory = (uintptr_t)runtime;
}

void gate_start(struct lane *me, const struct gate_keeper *of, bool held)
{
	keeper = *of;
	gate_object = object_resource(me, gate_memory, OBJECT_OTHER, NAME, 0);
	gate_object->owner = held ? me : NULL;
	gate_need(me);
}

void gate_forget(void)
{
	gate_memory_size = 0;
}

void gate_need(struct lane *lane)
{
	if (!gate_object || lane->gated)
		return;
	lane->gated = true;
	schedule.gated++;
}

void gate_hurry(void)
{
	keeper.hurry();
}

void gate_open(void)
{
	sched_release(gate_object, SCHED_ANY);
}

void gate_close(void)
{
	sched_taken(gate_object, SCHED_ANY);
}

/* Inside the runtime: the interpreter's own calls pass. */
void gate_leave(struct lane *me)
{
	gate_object->owner = NULL;
	me->gate_state = keeper.leave();
}

void gate_enter(struct lane *me)
{
	keeper.enter(me->gate_state);
	gate_object->owner = me;
	gate_close();
}

/*
 * The operation is none of the trace: how often a lane waits here depends on the others, and the
 * numbers of its operations must not.
 */
int gate_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
	struct lane *me = thread_enter();

	if (!me || !gate_object) {
		if (me)
			thread_leave(me);
		return REAL(pthread_cond_wait)(condition, mutex);
	}
	gate_need(me);
	REAL(pthread_mutex_unlock)(mutex);
	sched_begin(me, EVENT_GATE, gate_object, 0);
	me->announced = true; /* it never is */
	sched_block(me, gate_object, SCHED_ANY, -1, 0);
	me->announced = false;
	REAL(pthread_mutex_lock)(mutex);
	INTERPOSE_LEAVE(me, 0);
}

int gate_signal(pthread_cond_t *condition)
{
	struct lane *me = thread_enter();

	if (me && gate_object) {
		gate_need(me);
		if ((const void *)condition == keeper.dropped) {
			gate_object->owner = NULL;
			gate_open();
		} else {
			gate_object->owner = me;
			gate_close();
		}
	}
	if (me)
		thread_leave(me);
	return REAL(pthread_cond_signal)(condition);
}
