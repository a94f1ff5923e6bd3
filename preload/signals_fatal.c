/*
 * Fatal signals and the watchdog's, see signals_fatal.h. Async-signal-safe: writes to the region
 * only, never to the ring, which may be in the middle of a record.
 */
#include "preload/signals_fatal.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "preload/gate.h"
#include "preload/log.h"
#include "preload/memory/settle.h"
#include "preload/memory/value.h"
#include "preload/raw.h"
#include "preload/real.h"
#include "preload/sched.h"
#include "preload/signals.h"
#include "preload/thread_state.h"
#include "preload/unwind.h"

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
static bool ours[65];

#define WATCHDOG_SIGNAL (SIGRTMAX - 1)

/* A value of ours that could not be read: the program did nothing. */
static bool is_peek(ucontext_t *context)
{
	return value_peek_failed((uint64_t *)&context->uc_mcontext.gregs[REG_RIP]);
}

/* The store before this one took place, unless it is the one that faults. */
static void settle(struct lane *me, const siginfo_t *info)
{
	uint64_t address = (uint64_t)(uintptr_t)info->si_addr;

	if (me && me->stored && !thread_state.inside &&
	    address - (uint64_t)(uintptr_t)me->stored >= me->stored_bytes)
		memory_settle(me);
}

void signals_fatal_handler(int number, siginfo_t *info, void *context)
{
	struct region_failure *failure = &region->failure;
	struct lane *me = thread_state.lane;
	struct sigaction action;
	int count = 0;

	if (is_peek(context))
		return;
	settle(me, info);
	if (failure->kind == VERDICT_NONE) {
		if (me)
			count = unwind_from_ucontext(context, &me->stack, failure->frames,
						     REGION_FRAMES);
		failure->frame_count = (uint32_t)count;
		failure->address = (uint64_t)info->si_addr;
		log_failure(VERDICT_SIGNAL, me ? me->number : 0, me ? me->k : 0, number, "");
	}
	memset(&action, 0, sizeof action);
	REAL(sigaction)(number, &action, NULL);
	if (info->si_code <= 0) { /* sent, not a fault: the instruction will not do it again */
		uint64_t set = 1ull << (number - 1);

		raw(SYS_tgkill, raw(SYS_getpid), raw(SYS_gettid), number);
		raw(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, 0, 8);
	}
}

/*
 * A lane that computes, or spins on plain memory, is made to let others run. Inexact by nature: the
 * trace says so.
 */
static void on_watchdog(int number, siginfo_t *info, void *context)
{
	struct lane *me = thread_state.lane;
	struct unwind_start start;
	uint32_t stack;

	(void)number;
	(void)info;
	if (!me || thread_state.inside || schedule.current != me)
		return;
	thread_state.inside = 1;
	start = unwind_interrupted(context, &me->stack);
	stack = runtime_context(&start);
	log_note(
		NOTE_INEXACT, me->number,
		"a thread ran for long without any operation and was interrupted; replay may differ from here");
	if (gate_held(me))
		gate_hurry();
	sched_yield_point(me, EVENT_PREEMPTED, stack);
	sched_done(me, 0);
	thread_state.inside = 0;
}

static void install(int number, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_sigaction = handler;
	action.sa_flags = SA_SIGINFO | flags;
	REAL(sigaction)(number, &action, NULL);
}

static bool is_fatal(int number)
{
	size_t i;

	for (i = 0; i < sizeof fatal / sizeof *fatal; i++)
		if (fatal[i] == number)
			return true;
	return false;
}

void signals_fatal_init(void)
{
	struct sigaction before;
	size_t i;

	for (i = 0; i < sizeof fatal / sizeof *fatal; i++) {
		/* An ignored signal stays ignored, a sanitizer's handler stays. */
		if (REAL(sigaction)(fatal[i], NULL, &before) != 0 || before.sa_handler != SIG_DFL)
			continue;
		install(fatal[i], signals_fatal_handler, SA_ONSTACK | SA_NODEFER);
		ours[fatal[i]] = true;
	}
	install(WATCHDOG_SIGNAL, on_watchdog, SA_RESTART);
	region->process[process_index].preempt_signal = (uint32_t)WATCHDOG_SIGNAL;
}

bool signals_fatal_is_ours(int number)
{
	return number == WATCHDOG_SIGNAL || ours[number];
}

bool signals_fatal_restore(int number)
{
	if (number == WATCHDOG_SIGNAL)
		return true;
	if (!is_fatal(number))
		return false;
	install(number, signals_fatal_handler, SA_ONSTACK | SA_NODEFER);
	ours[number] = true;
	return true;
}

void signals_fatal_taken(int number)
{
	ours[number] = false;
}

void signals_fatal_child(void)
{
	struct sigaction action;
	int number;

	memset(&action, 0, sizeof action);
	for (number = 1; number < 65; number++)
		if (ours[number])
			REAL(sigaction)(number, &action, NULL);
	REAL(sigaction)(WATCHDOG_SIGNAL, &action, NULL);
}
