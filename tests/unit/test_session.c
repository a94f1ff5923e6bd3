/*
 * The run loop, with targets that play the runtime: they are this program again, map the region
 * as the runtime does and write what the test wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "formats/event.h"
#include "recorder/session.h"

#define MANY 400000u /* events: several times the ring */

static char self[4096], library[4096];

struct run {
	struct session_config config;
	struct session_hooks hooks;
	struct session_result result;
	char *argv[3];
	uint64_t events, wrong;
	unsigned lanes, notes, asked;
	char note[4096];
	uint32_t served; /* decisions */
	int interrupts;
};

static struct run run;

static int see_event(void *self_, const struct record_event *event, struct err *err)
{
	struct run *r = self_;

	(void)err;
	r->wrong += event->k != r->events;
	r->events++;
	return 0;
}

static int see_lane(void *self_, const struct record_lane *lane, struct err *err)
{
	(void)lane;
	(void)err;
	((struct run *)self_)->lanes++;
	return 0;
}

static const struct drain_sink sink = { .event = see_event, .lane = see_lane };

static void on_note(void *self_, const char *kind, const char *text)
{
	struct run *r = self_;

	r->notes++;
	snprintf(r->note, sizeof(r->note), "%s: %s", kind, text);
}

static int set_up(void **state)
{
	static struct run empty;

	run = empty;
	*state = &run;
	run.argv[0] = self;
	run.config.target.argv = run.argv;
	run.config.target.library = library;
	run.config.no_trap = true;
	session_run_defaults(&run.config.run);
	run.hooks.self = &run;
	run.hooks.note = on_note;
	return 0;
}

/* Runs this program as target `word`. Returns what session_run() did. */
static int go(const char *word, struct err *err)
{
	struct session *session;
	int rc;

	run.argv[1] = (char *)(uintptr_t)word;
	session = session_new(&run.config, &run.hooks, err);
	if (!session)
		fail_msg("%s", err->text);
	rc = session_run(session, &sink, &run, &run.result, err);
	session_free(session);
	return rc;
}

static void all_events_arrive(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(go("many", &err), 0);
	assert_int_equal(run.events, MANY);
	assert_int_equal(run.wrong, 0);
	assert_int_equal(run.lanes, 1);
	assert_int_equal(run.result.events, MANY);
	assert_int_equal(run.result.boot, BOOT_OK);
	assert_int_equal(run.result.verdict, VERDICT_EXIT);
	assert_int_equal(run.result.status, 5);
	assert_int_equal(run.result.switches, 3);
	assert_int_equal(run.result.order_hash, 0x1234);
	assert_int_equal(run.result.stderr_length, 4);
	assert_memory_equal(run.result.stderr_tail, "oops", 4);
}

static void sigkill_loses_nothing(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(go("killed", &err), 0);
	assert_int_equal(run.events, MANY);
	assert_int_equal(run.wrong, 0);
	assert_int_equal(run.result.verdict, VERDICT_SIGNAL);
	assert_int_equal(run.result.status, SIGKILL);
}

static void a_verdict_ends_the_run(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(go("deadlock", &err), 0);
	assert_int_equal(run.result.verdict, VERDICT_DEADLOCK);
	assert_int_equal(run.result.failure.edge_count, 2);
	assert_int_equal(run.result.failure.edges[1].owner, 2);
	assert_int_equal(run.events, 10);
}

static void damage_is_an_error(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(go("scribble", &err), -DRAIN_ERR_CORRUPT);
	assert_non_null(strstr(err.text, "damaged"));
	assert_int_equal(run.events, 10);
	/* It would have lived for ever. */
	assert_int_equal(run.result.wait_status, SIGKILL);
}

static void boot_errors_are_told(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(go("no_symbol", &err), 0);
	assert_int_equal(run.result.boot, BOOT_NO_SYMBOL);
	assert_string_equal(run.result.boot_detail, "pthread_frob");
	set_up(state);
	assert_int_equal(go("absent", &err), 0);
	assert_int_equal(run.result.boot, BOOT_NONE);
	assert_int_equal(run.result.status, 0);
}

static void the_time_limit_kills(void **state)
{
	struct err err;

	(void)state;
	run.config.time_limit = 0.05;
	assert_int_equal(go("rest", &err), 0);
	assert_true(run.result.time_limit);
	assert_int_equal(run.result.wait_status, SIGKILL);
}

static void interrupt_once(void *self_, struct session *session)
{
	struct run *r = self_;

	(void)session;
	if (r->events == 10 && r->interrupts < 2) {
		r->interrupts++;
		raise(SIGINT);
	}
}

static void the_second_interrupt_kills(void **state)
{
	struct sigaction standard = { .sa_handler = SIG_DFL }, before, after;
	struct err err;

	(void)state;
	sigaction(SIGINT, &standard, &before);
	run.hooks.tick = interrupt_once;
	assert_int_equal(go("rest", &err), 0);
	assert_int_equal(run.result.interrupted, SIGINT);
	assert_int_equal(run.interrupts, 2);
	sigaction(SIGINT, &before, &after);
	assert_ptr_equal(after.sa_handler, SIG_DFL);
}

static int32_t answer(void *self_, struct session *session, const struct region_mailbox *request)
{
	struct run *r = self_;

	(void)session;
	r->asked++;
	assert_int_equal(request->type, MAILBOX_PAUSED);
	assert_int_equal(request->lane, 1);
	return 11;
}

static void requests_are_answered(void **state)
{
	struct err err;

	(void)state;
	run.hooks.mailbox = answer;
	assert_int_equal(go("paused", &err), 0);
	assert_int_equal(run.asked, 1);
	assert_int_equal(run.result.status, 11);
}

/* 3 decisions in all, at most 2 at once. */
static uint32_t next_decisions(void *self_, struct plan_decision *out, uint32_t max, bool *more)
{
	struct run *r = self_;
	uint32_t n = 0;

	assert_true(max > 1000);
	while (n < 2 && r->served < 3) {
		out[n++] = (struct plan_decision){
			.kind = DECISION_PICK, .lane = 1, .k = r->served, .choice = 100 + r->served
		};
		r->served++;
	}
	*more = r->served < 3;
	return n;
}

static void the_plan_comes_in_parts(void **state)
{
	struct err err;

	(void)state;
	run.hooks.decisions = next_decisions;
	assert_int_equal(go("prefix", &err), 0);
	assert_int_equal(run.result.verdict, VERDICT_EXIT);
	assert_int_equal(run.result.status, 3);
}

static void a_lost_thread_is_noticed(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(go("lost", &err), 0);
	assert_int_equal(run.result.verdict, VERDICT_LOST_THREAD);
	assert_int_equal(run.result.failure.lane, 1);
}

static void a_busy_lane_is_interrupted(void **state)
{
	struct err err;

	(void)state;
	run.config.preempt_after = 0.3;
	assert_int_equal(go("busy", &err), 0);
	assert_int_equal(run.result.verdict, VERDICT_EXIT);
	assert_int_equal(run.result.status, 9);
}

static int stop_after_note_seen;

static void stop_after_note(void *self_, struct session *session)
{
	struct run *r = self_;

	if (r->notes) {
		stop_after_note_seen = 1;
		session_kill(session);
	}
}

static void a_blocked_call_is_named(void **state)
{
	struct err err;

	(void)state;
	run.hooks.tick = stop_after_note;
	assert_int_equal(go("blocked", &err), 0);
	assert_true(stop_after_note_seen);
	assert_int_equal(run.notes, 1);
	assert_memory_equal(run.note, "uncontrolled: ", 14);
	assert_non_null(strstr(run.note, "T1 is in read("));
	assert_non_null(strstr(run.note, "on pipe:"));
	assert_non_null(strstr(run.note, "T2 blocked: mutex_lock o3"));
}

/* The targets. */

static struct region *region;

static void attach(void)
{
	char path[64];
	int pid, fd;

	if (sscanf(getenv(REGION_ENV), "/proc%*[/]%d/fd/%d:", &pid, &fd) != 2)
		_exit(90);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	region = mmap(NULL, sizeof(*region), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (region == MAP_FAILED)
		_exit(91);
	close(fd);
	region->process[0].pid = (uint32_t)getpid();
	region->process[0].state = PROCESS_ATTACHED;
	region->numbers.process = 1;
	region->header.boot_count = 1;
	region->header.boot = BOOT_OK;
}

static void ring(void)
{
	__atomic_add_fetch(&region->header.doorbell, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &region->header.doorbell, FUTEX_WAKE, 1000, NULL, NULL, 0);
}

static void put(const void *record, uint32_t size)
{
	struct region_ring *log = &region->ring[0];
	uint32_t to_end = REGION_RING_BYTES - (uint32_t)(log->head % REGION_RING_BYTES);
	uint32_t need = size > to_end ? size + to_end : size;

	for (;;) {
		uint32_t seen = __atomic_load_n(&log->space, __ATOMIC_SEQ_CST);

		__atomic_store_n(&log->waiting, 1, __ATOMIC_SEQ_CST);
		if (log->head + need - __atomic_load_n(&log->tail, __ATOMIC_SEQ_CST) <=
		    REGION_RING_BYTES)
			break;
		ring();
		syscall(SYS_futex, &log->space, FUTEX_WAIT, seen, NULL, NULL, 0);
	}
	__atomic_store_n(&log->waiting, 0, __ATOMIC_SEQ_CST);
	if (size > to_end) {
		struct record_head pad = { RECORD_PAD, 0, to_end };

		memcpy(log->bytes + log->head % REGION_RING_BYTES, &pad, sizeof(pad));
		__atomic_add_fetch(&log->head, to_end, __ATOMIC_RELEASE);
	}
	memcpy(log->bytes + log->head % REGION_RING_BYTES, record, size);
	__atomic_add_fetch(&log->head, size, __ATOMIC_RELEASE);
}

static void put_events(uint32_t count)
{
	struct record_lane lane = { .head = { RECORD_LANE, 0, sizeof(lane) }, .number = 1 };
	uint32_t i;

	put(&lane, sizeof(lane));
	for (i = 0; i < count; i++) {
		struct record_event event = { .head = { RECORD_EVENT, 0, sizeof(event) },
					      .kind = EVENT_YIELD,
					      .lane = 1,
					      .k = i };

		put(&event, sizeof(event));
	}
}

static int ask(uint32_t type)
{
	struct region_mailbox *mailbox = &region->mailbox;

	mailbox->type = type;
	mailbox->lane = 1;
	__atomic_store_n(&mailbox->state, 1, __ATOMIC_SEQ_CST);
	ring();
	while (__atomic_load_n(&mailbox->state, __ATOMIC_SEQ_CST) == 1)
		syscall(SYS_futex, &mailbox->state, FUTEX_WAIT, 1, NULL, NULL, 0);
	__atomic_store_n(&mailbox->state, 0, __ATOMIC_SEQ_CST);
	return mailbox->answer;
}

static const struct plan_prefix *find_prefix(void)
{
	uint32_t at = 0;

	while (at < region->plan.length) {
		const struct plan_section *section = (const void *)(region->plan.bytes + at);

		if (section->type == PLAN_PREFIX)
			return (const void *)(section + 1);
		at += (uint32_t)sizeof(*section) + ((section->length + 7) & ~7u);
	}
	return NULL;
}

/* Exit status: how many decisions came, all of them right; else 80. */
static int be_prefix(void)
{
	const struct plan_prefix *prefix;
	uint32_t count = 0, i, more;

	do {
		prefix = find_prefix();
		if (!prefix)
			return 80;
		for (i = 0; i < prefix->count; i++, count++)
			if (prefix->decisions[i].k != count ||
			    prefix->decisions[i].choice != 100 + count)
				return 80;
		more = prefix->more;
		if (more && ask(MAILBOX_PLAN_REQUEST))
			return 80;
	} while (more);
	return (int)count;
}

static void take_turn(uint32_t tid)
{
	region->lane[0].number = 1;
	region->lane[0].state = LANE_RUNNABLE;
	region->lane[0].tid = tid;
	region->lane[1].number = 2;
	region->lane[1].state = LANE_BLOCKED;
	region->lane[1].kind = EVENT_MUTEX_LOCK;
	region->lane[1].object = 3;
	region->lane[1].deadline = 1000;
	region->process[0].turn = 1;
}

static void on_preempt(int number)
{
	_exit(number == SIGUSR2 ? 9 : 80);
}

static void *nothing(void *tid)
{
	*(uint32_t *)tid = (uint32_t)gettid();
	return NULL;
}

static _Noreturn void rest(void)
{
	for (;;)
		pause();
}

static _Noreturn void be_lost(void)
{
	pthread_t thread;
	uint32_t tid = 0;

	pthread_create(&thread, NULL, nothing, &tid);
	pthread_join(thread, NULL);
	take_turn(tid);
	rest();
}

static _Noreturn void be_busy(void)
{
	volatile unsigned spin = 0;

	signal(SIGUSR2, on_preempt);
	region->process[0].preempt_signal = SIGUSR2;
	take_turn((uint32_t)getpid());
	for (;;)
		spin++;
}

static int be_blocked(void)
{
	int ends[2];
	char byte;

	if (pipe(ends))
		return 80;
	take_turn((uint32_t)getpid());
	return (int)read(ends[0], &byte, 1);
}

static int be_deadlock(void)
{
	put_events(10);
	region->failure.edge_count = 2;
	region->failure.cycle_length = 2;
	region->failure.edges[1].owner = 2;
	region->failure.kind = VERDICT_DEADLOCK;
	ask(MAILBOX_RUN_END);
	return 80;
}

static int be(const char *word)
{
	if (!strcmp(word, "absent"))
		return 0;
	attach();
	if (!strcmp(word, "no_symbol")) {
		strcpy(region->header.boot_detail, "pthread_frob");
		region->header.boot = BOOT_NO_SYMBOL;
		rest();
	}
	if (!strcmp(word, "many") || !strcmp(word, "killed")) {
		put_events(MANY);
		region->process[0].switches = 3;
		region->process[0].order_hash = 0x1234;
		memcpy(region->errors.bytes, "oops", 4);
		region->errors.written = 4;
		if (*word == 'k')
			kill(getpid(), SIGKILL);
		return 5;
	}
	if (!strcmp(word, "deadlock"))
		return be_deadlock();
	if (!strcmp(word, "paused"))
		return ask(MAILBOX_PAUSED);
	if (!strcmp(word, "prefix"))
		return be_prefix();
	if (!strcmp(word, "lost"))
		be_lost();
	if (!strcmp(word, "busy"))
		be_busy();
	if (!strcmp(word, "blocked"))
		return be_blocked();
	put_events(10);
	if (!strcmp(word, "scribble")) {
		memset(region->ring[0].bytes + region->ring[0].head, 0xa5, 4096);
		region->ring[0].head += 4096;
	}
	rest();
}

#define WITH_RUN(test) cmocka_unit_test_setup(test, set_up)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_RUN(all_events_arrive),          WITH_RUN(sigkill_loses_nothing),
		WITH_RUN(a_verdict_ends_the_run),     WITH_RUN(damage_is_an_error),
		WITH_RUN(boot_errors_are_told),       WITH_RUN(the_time_limit_kills),
		WITH_RUN(the_second_interrupt_kills), WITH_RUN(requests_are_answered),
		WITH_RUN(the_plan_comes_in_parts),    WITH_RUN(a_lost_thread_is_noticed),
		WITH_RUN(a_busy_lane_is_interrupted), WITH_RUN(a_blocked_call_is_named),
	};
	Dl_info info;
	ssize_t n;

	if (argc == 2)
		return be(argv[1]);
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0 || !dladdr(dlsym(RTLD_DEFAULT, "getpid"), &info))
		return 1;
	snprintf(library, sizeof(library), "%s", info.dli_fname);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
