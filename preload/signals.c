/*
 * Delivery of signals at scheduling points, see signals.h. The interposers are in wrap_signal.c,
 * virtual timers in timers.c, fatal signals in signals_fatal.c.
 */
#include "preload/signals.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "preload/decide.h"
#include "preload/log.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/real.h"
#include "preload/sched.h"
#include "preload/signals_fatal.h"
#include "preload/thread_state.h"

#define SIGNALS 65
#define QUEUE 256
#define KERNEL_SIGSET 8
#define BETWEEN (1u << 31) /* added to the stage of what is delivered between operations */

/*
 * What waits to be delivered. A slot is taken by an atomic step, as handlers run in any thread at
 * any time.
 */
struct queued {
	uint32_t state; /* 0 free, 1 being written, 2 full; atomic */
	int number;
	struct lane *lane;
	uint64_t order;
	siginfo_t info;
};

static struct queued queue[QUEUE];
static uint64_t arrivals;
static struct sigaction actions[SIGNALS]; /* the program's, valid where `handled` */
static bool handled[SIGNALS];             /* a handler function is set */

static uint64_t bit(int number)
{
	return 1ull << (number - 1);
}

static bool is_fault(int number, const siginfo_t *info)
{
	return info->si_code > 0 && (number == SIGSEGV || number == SIGBUS || number == SIGFPE ||
				     number == SIGILL || number == SIGTRAP);
}

static void call_handler(int number, siginfo_t *info, void *context)
{
	const struct sigaction *action = &actions[number];

	if (action->sa_flags & SA_SIGINFO)
		action->sa_sigaction(number, info, context);
	else
		action->sa_handler(number);
}

static bool enqueue(struct lane *lane, int number, const siginfo_t *info)
{
	uint32_t i, free = 0;

	for (i = 0; i < QUEUE; i++) {
		free = 0;
		if (!__atomic_compare_exchange_n(&queue[i].state, &free, 1, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_RELAXED))
			continue;
		queue[i].number = number;
		queue[i].lane = lane;
		queue[i].order = __atomic_add_fetch(&arrivals, 1, __ATOMIC_RELAXED);
		queue[i].info = *info;
		__atomic_store_n(&queue[i].state, 2, __ATOMIC_RELEASE);
		__atomic_or_fetch(&lane->pending_signals, bit(number), __ATOMIC_RELEASE);
		sched_attention = 1;
		return true;
	}
	return false;
}

bool signals_waiting(const struct lane *lane)
{
	return __atomic_load_n(&lane->pending_signals, __ATOMIC_ACQUIRE) != 0;
}

/* A standard signal that waits already is not queued twice (signal(7)). */
static bool is_queued(const struct lane *lane, int number)
{
	uint32_t i;

	for (i = 0; i < QUEUE; i++)
		if (__atomic_load_n(&queue[i].state, __ATOMIC_ACQUIRE) == 2 &&
		    queue[i].lane == lane && queue[i].number == number)
			return true;
	return false;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	struct lane *me = thread_state.lane;
	int saved = errno;

	if (!me || is_fault(number, info))
		call_handler(number, info, context);
	else if (number >= SIGRTMIN || !is_queued(me, number)) {
		if (info->si_code == SI_USER || info->si_code == SI_TKILL)
			info->si_pid = process_shown_pid(info->si_pid);
		enqueue(me, number, info);
	}
	errno = saved;
}

void signals_sigsys(siginfo_t *info, void *context)
{
	static const struct sigaction standard = { .sa_handler = SIG_DFL };

	if (handled[SIGSYS]) {
		on_signal(SIGSYS, info, context);
	} else if (actions[SIGSYS].sa_handler == SIG_DFL) {
		raw(SYS_rt_sigaction, SIGSYS, &standard, 0, KERNEL_SIGSET);
		raw(SYS_tgkill, raw(SYS_getpid), raw(SYS_gettid), SIGSYS);
	}
}

/* The oldest for this lane, of this number unless 0; moved to `info`. 0: none. */
static int take(struct lane *lane, int wanted, siginfo_t *info)
{
	struct queued *oldest = NULL;
	uint64_t left = 0;
	uint32_t i;
	int number;

	for (i = 0; i < QUEUE; i++) {
		if (__atomic_load_n(&queue[i].state, __ATOMIC_ACQUIRE) != 2 ||
		    queue[i].lane != lane)
			continue;
		if ((!wanted || queue[i].number == wanted) &&
		    (!oldest || queue[i].order < oldest->order))
			oldest = &queue[i];
	}
	if (!oldest)
		return 0;
	number = oldest->number;
	*info = oldest->info;
	__atomic_store_n(&oldest->state, 0, __ATOMIC_RELEASE);
	for (i = 0; i < QUEUE; i++)
		if (__atomic_load_n(&queue[i].state, __ATOMIC_ACQUIRE) == 2 &&
		    queue[i].lane == lane)
			left |= bit(queue[i].number);
	__atomic_store_n(&lane->pending_signals, left, __ATOMIC_RELEASE);
	return number;
}

/* The handler's operations are the lane's: the pending one is put aside meanwhile. */
static void run_handler(struct lane *me, int number, siginfo_t *info)
{
	static ucontext_t no_context; /* a handler at a point was not called from anywhere */
	uint32_t kind = me->kind, context = me->context;
	struct object *object = me->object, *object2 = me->object2;
	uint32_t answers = me->answers, stage = me->stage;
	bool yielding = me->yielding;
	uint64_t mask = 0, during;

	me->handled++;
	sched_event(me, EVENT_SIGNAL, NULL, context, number);
	memcpy(&during, &actions[number].sa_mask, KERNEL_SIGSET);
	if (!(actions[number].sa_flags & SA_NODEFER))
		during |= bit(number);
	during &= ~bit(SIGSYS);
	raw(SYS_rt_sigprocmask, SIG_BLOCK, &during, &mask, KERNEL_SIGSET);
	thread_state.inside = 0;
	if (actions[number].sa_flags & (int)SA_RESETHAND) {
		struct sigaction once = actions[number];

		handled[number] = false;
		if (once.sa_flags & SA_SIGINFO)
			once.sa_sigaction(number, info, &no_context);
		else
			once.sa_handler(number);
	} else {
		call_handler(number, info, &no_context);
	}
	thread_state.inside = 1;
	raw(SYS_rt_sigprocmask, SIG_SETMASK, &mask, 0, KERNEL_SIGSET);
	me->kind = kind;
	me->context = context;
	me->object = object;
	me->object2 = object2;
	me->answers = answers;
	me->stage = stage;
	me->yielding = yielding;
	me->announced = false;
}

/*
 * An operation that waits has several places where a signal can be delivered: the decision says in
 * which one.
 */
static int64_t delivery(const struct lane *me, int number)
{
	return number + (int64_t)me->stage * DECISION_STAGE;
}

/* The signal that the recording delivered here, or 0. */
static int forced_signal(struct lane *me)
{
	int64_t choice;
	int number;

	if (!decide_expects(me, DECISION_DELIVERY, &choice))
		return 0;
	number = (int)(choice % DECISION_STAGE);
	if (choice != delivery(me, number) || number < 1 || number >= SIGNALS)
		return 0;
	decide_forced(me, DECISION_DELIVERY, &choice);
	return number;
}

/*
 * The next one to deliver: in a replay the one the recording delivered here, made up if it has not
 * come.
 */
static int next_signal(struct lane *me, siginfo_t *info, bool *forced)
{
	int number;

	*forced = decide_scripted();
	if (!*forced)
		return take(me, 0, info);
	number = forced_signal(me);
	if (number && !take(me, number, info)) {
		memset(info, 0, sizeof *info);
		info->si_signo = number;
		info->si_code = SI_USER;
	}
	return number;
}

int signals_deliver(struct lane *me)
{
	siginfo_t info;
	int number, result = 0;
	bool forced;

	while ((number = next_signal(me, &info, &forced)) != 0) {
		if (!handled[number])
			continue; /* the program has taken its handler away meanwhile */
		log_decision(me, DECISION_DELIVERY, delivery(me, number), forced, NULL, 0);
		if (!(actions[number].sa_flags & SA_RESTART))
			result = 2;
		else if (!result)
			result = 1;
		run_handler(me, number, &info);
	}
	return result;
}

void signals_deliver_between(struct lane *me)
{
	uint32_t stage = me->stage;

	me->stage = BETWEEN + ++me->asides;
	if (signals_waiting(me) || decide_scripted())
		signals_deliver(me);
	me->stage = stage;
}

bool signals_awaited(void)
{
	static const int usual[] = { SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGIO, SIGCHLD, SIGALRM };
	size_t i;
	int number;

	for (i = 0; i < sizeof usual / sizeof *usual; i++)
		if (handled[usual[i]])
			return true;
	for (number = SIGRTMIN; number <= SIGRTMAX; number++)
		if (handled[number])
			return true;
	return false;
}

static bool blocks(const struct lane *lane, int number)
{
	return lane->signal_mask & bit(number);
}

static struct lane *receiver(int number)
{
	uint32_t i;

	for (i = 0; i < schedule.lane_slots; i++)
		if (lanes[i].number && lanes[i].state != LANE_DONE && !blocks(&lanes[i], number))
			return &lanes[i];
	return NULL;
}

/* Lanes that wait for a signal to be pending (sigwait, signalfd) look again. */
static void let_waiters_look(void)
{
	sched_outside_changed();
}

long signals_send(struct lane *me, struct lane *to, int number, const siginfo_t *info)
{
	long pid = raw(SYS_getpid), result;
	struct lane *target = to ? to : receiver(number);

	if (number < 0 || number >= SIGNALS)
		return -EINVAL;
	if (number && handled[number] && target && !blocks(target, number) &&
	    target->state != LANE_DONE) {
		if (number >= SIGRTMIN || !is_queued(target, number))
			if (!enqueue(target, number, info))
				return -EAGAIN;
		if (target != me)
			sched_wake_lane(target, WAKE_SIGNAL);
		return 0;
	}
	/* Blocked, ignored or default: the kernel knows what to do, and when does not matter. */
	if (to && info->si_code == SI_QUEUE)
		result = raw(SYS_rt_tgsigqueueinfo, pid, to->tid, number, info);
	else if (to)
		result = raw(SYS_tgkill, pid, to->tid, number);
	else if (info->si_code == SI_QUEUE)
		result = raw(SYS_rt_sigqueueinfo, pid, number, info);
	else
		result = raw(SYS_kill, pid, number);
	if (to && number && result == 0) {
		to->sent_signals |= bit(number);
		/* A signalfd is ready for that thread alone: nobody else can ask for it. */
		if (to->outside && !to->outside->attempt)
			sched_wake_lane(to, WAKE_NORMAL);
	}
	let_waiters_look();
	return result;
}

bool signals_pending_in(uint64_t set)
{
	uint64_t pending = 0;

	raw(SYS_rt_sigpending, &pending, KERNEL_SIGSET);
	return pending & set;
}

void signals_mask_changed(struct lane *me, uint64_t mask)
{
	me->signal_mask = mask;
}

long signals_action(int number, const struct sigaction *action, struct sigaction *old)
{
	struct sigaction mine, before;
	bool was_handled;
	int result;

	if (number < 1 || number >= SIGNALS || number == SIGKILL || number == SIGSTOP)
		return -EINVAL;
	was_handled = handled[number];
	before = actions[number];
	if (!action) {
		if (was_handled)
			*old = before;
		else if (signals_fatal_is_ours(number))
			memset(old, 0, sizeof *old); /* SIG_DFL, as far as the program knows */
		else if (REAL(sigaction)(number, NULL, old) != 0)
			return -errno;
		return 0;
	}
	mine = *action;
	sigdelset(&mine.sa_mask, SIGSYS); /* blocked, the trap layer's signal would kill */
	if (number == SIGSYS) {           /* the trap layer's, which hands on what is not its own */
		actions[number] = *action;
		actions[number].sa_mask = mine.sa_mask;
		handled[number] = action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
		if (old)
			*old = before;
		return 0;
	}
	if (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN) {
		mine.sa_sigaction = on_signal;
		mine.sa_flags |= SA_SIGINFO;
		mine.sa_flags &= ~(int)SA_RESETHAND;
		actions[number] = *action;
		actions[number].sa_mask = mine.sa_mask;
		handled[number] = true;
	} else {
		handled[number] = false;
		if (action->sa_handler == SIG_DFL && signals_fatal_restore(number)) {
			if (old)
				*old = was_handled ? before : *action;
			return 0;
		}
	}
	result = REAL(sigaction)(number, &mine, old);
	if (result != 0) {
		handled[number] = was_handled;
		actions[number] = before;
		return -errno;
	}
	if (old && was_handled)
		*old = before;
	else if (old && old->sa_sigaction == signals_fatal_handler)
		memset(old, 0, sizeof *old);
	signals_fatal_taken(number);
	return 0;
}

void signals_init(void)
{
	uint64_t mask = 0;

	raw(SYS_rt_sigprocmask, SIG_SETMASK, 0, &mask, KERNEL_SIGSET);
	signals_mask_changed(thread_state.lane, mask);
	signals_fatal_init();
}

void signals_child(void)
{
	int number;

	for (number = 1; number < SIGNALS; number++)
		if (handled[number])
			REAL(sigaction)(number, &actions[number], NULL);
	signals_fatal_child();
}
