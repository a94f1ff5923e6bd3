/*
 * Looks at a run that makes no progress, see watchdog.h. proc(5):
 * /proc/PID/task/TID/{stat,syscall}.
 */
#include "recorder/watchdog.h"

#include <dirent.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "formats/event.h"
#include "recorder/alloc.h"
#include "recorder/region.h"
#include "recorder/text.h"

#define LOOK_SECONDS 0.05 /* between two looks at /proc */
#define QUIET_SECONDS 0.1 /* without progress before the first look */
#define PREEMPT_LEAST 0.1 /* seconds; a program that had to be interrupted will need it again */
#define GONE_LOOKS 3      /* a thread must be missing so often in a row */

/* Of the flags in /proc/PID/task/TID/stat (include/linux/sched.h): it ends, killed or by itself. */
#define ENDS (0x4 | 0x400)

struct watchdog {
	const struct region *region;
	struct watchdog_limits limits;
	watchdog_note note;
	void *self;

	uint64_t progress;
	double since;      /* of the last progress */
	double looked;     /* last look at /proc */
	double preempted;  /* last signal, 0: none in this standstill */
	double patience;   /* seconds before the next signal: halved by each */
	uint32_t lane;     /* whose turn it was at the last look */
	unsigned gone;     /* looks in a row that did not find its thread */
	uint64_t ticks;    /* CPU time of its thread at the last look */
	uint64_t began;    /* and when this lane was looked at first, or interrupted */
	uint32_t beginner; /* this lane; 0: none was since the last progress */
	double asleep;     /* sleeping in the kernel since; 0: not */
	bool idle_told;    /* once in a run */
	bool told;         /* this standstill was named */

	/* Since the last operation, whoever did it. */
	uint64_t operations;
	uint32_t standstill; /* its number */
	double still;        /* nobody computes since; 0: somebody does */
	double sampled;      /* last call of watchdog_look() */
	double idle;         /* seconds before such calls at which nobody had the turn */
	/* By slot: the CPU time of the lane's thread when it was seen first in that standstill. */
	struct {
		uint32_t standstill;
		uint64_t ticks;
	} first[REGION_LANES];
};

/* What /proc says about a thread. */
struct thread_look {
	char state; /* 'R', 'S', 'D', 'T', 't', 'Z', ...; 0: no such thread */
	unsigned flags;
	uint64_t ticks;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct watchdog *watchdog_new(const struct region *region, const struct watchdog_limits *limits,
			      watchdog_note note, void *self)
{
	struct watchdog *watchdog = alloc_check(calloc(1, sizeof(*watchdog)));

	watchdog->region = region;
	watchdog->limits = *limits;
	watchdog->patience = limits->preempt_after;
	watchdog->note = note;
	watchdog->self = self;
	watchdog_reset(watchdog);
	return watchdog;
}

void watchdog_free(struct watchdog *watchdog)
{
	free(watchdog);
}

static void go_on(struct watchdog *watchdog)
{
	watchdog->since = watchdog->looked = now();
	watchdog->preempted = watchdog->asleep = 0;
	watchdog->gone = 0;
	watchdog->beginner = 0;
	watchdog->told = false;
}

static void end_standstill(struct watchdog *watchdog)
{
	watchdog->standstill++;
	watchdog->still = 0;
}

void watchdog_reset(struct watchdog *watchdog)
{
	go_on(watchdog);
	watchdog->sampled = watchdog->since;
	watchdog->idle = 0;
	end_standstill(watchdog);
}

/*
 * Reads a small file of /proc into `text`, NUL-terminated. Returns the length, 0 when it cannot be
 * read.
 */
static size_t read_proc(pid_t pid, uint32_t tid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%u/%s", (int)pid, tid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void look_at_thread(pid_t pid, uint32_t tid, struct thread_look *look)
{
	unsigned long long user, system;
	char text[1024], *end;

	memset(look, 0, sizeof(*look));
	if (!read_proc(pid, tid, "stat", text, sizeof(text)))
		return;
	/*
	 * "tid (name) S ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime
	 * stime": any name.
	 */
	end = strrchr(text, ')');
	if (!end || sscanf(end, ") %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %llu %llu",
			   &look->state, &look->flags, &user, &system) != 4)
		return;
	look->ticks = user + system;
}

/* The kernel has sent it the signal that ends it with its process; it had no CPU since. */
static bool is_killed(pid_t pid, uint32_t tid)
{
	unsigned long long pending;
	char text[4096], *line;

	if (!read_proc(pid, tid, "status", text, sizeof(text)))
		return true;
	line = strstr(text, "\nSigPnd:");
	return line && sscanf(line, "\nSigPnd: %llx", &pending) == 1 &&
	       pending & 1ull << (SIGKILL - 1);
}

/*
 * The whole process ends, or has ended and its parent has not been told yet. Its threads need a CPU
 * each for that: on a busy machine who ended it is gone long before the last one (proc(5): a leader
 * that ended first stays as a zombie).
 */
static bool is_ending(pid_t pid)
{
	struct thread_look look;
	struct dirent *entry;
	bool ending = true;
	char path[64];
	DIR *directory;
	uint32_t tid;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	directory = opendir(path);
	while (ending && directory && (entry = readdir(directory))) {
		if (*entry->d_name == '.')
			continue;
		tid = (uint32_t)strtoul(entry->d_name, NULL, 10);
		look_at_thread(pid, tid, &look);
		ending = !look.state || look.state == 'Z' || look.state == 'X' ||
			 look.flags & ENDS || is_killed(pid, tid);
	}
	if (directory)
		closedir(directory);
	return ending;
}

/* Arguments that are descriptors worth naming. */
static bool takes_descriptor(int call)
{
	static const int calls[] = {
		SCMP_SYS(read),     SCMP_SYS(write),    SCMP_SYS(readv),      SCMP_SYS(writev),
		SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),  SCMP_SYS(sendto),     SCMP_SYS(sendmsg),
		SCMP_SYS(accept),   SCMP_SYS(accept4),  SCMP_SYS(connect),    SCMP_SYS(flock),
		SCMP_SYS(fcntl),    SCMP_SYS(ioctl),    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
		SCMP_SYS(fsync),    SCMP_SYS(openat),   SCMP_SYS(sendfile),   SCMP_SYS(splice),
		SCMP_SYS(pread64),  SCMP_SYS(pwrite64), SCMP_SYS(fdatasync),
	};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i] == call)
			return true;
	return false;
}

/* "read(5) on pipe:[123]", as far as the kernel lets us see it. */
static void name_call(struct text *out, pid_t pid, uint32_t tid)
{
	char text[512], path[64], target[256];
	unsigned long long argument;
	char *name;
	ssize_t n;
	int call;

	if (!read_proc(pid, tid, "syscall", text, sizeof(text)) ||
	    sscanf(text, "%d 0x%llx", &call, &argument) != 2) {
		text_add(out, "a call that the kernel does not show");
		return;
	}
	name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, call);
	text_addf(out, "%s", name ? name : "system call ");
	if (!name)
		text_addf(out, "%d", call);
	free(name);
	if (!takes_descriptor(call))
		return;
	text_addf(out, "(%d)", (int)argument);
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, (int)argument);
	n = readlink(path, target, sizeof(target) - 1);
	if (n > 0) {
		text_add(out, " on ");
		text_add_clean_n(out, target, (size_t)n);
	}
}

/* What each lane is about to do: "T1 blocked in mutex_lock o3". */
static void name_lanes(const struct watchdog *watchdog, struct text *out)
{
	static const char *const states[] = { "free", "can run", "blocked", "outside", "done" };
	struct region_lane lane;
	unsigned slot;

	for (slot = 0; slot < REGION_LANES; slot++) {
		if (!region_copy_lane(watchdog->region, slot, &lane) || lane.state == LANE_DONE)
			continue;
		text_addf(out, "; T%u %s", lane.number, states[lane.state]);
		if (lane.kind && lane.kind < EVENT_COUNT)
			text_addf(out, ": %s", event_kind_name(lane.kind));
		if (lane.object)
			text_addf(out, " o%u", lane.object);
	}
}

/* `lane` NULL: nobody has the turn. */
static void tell(struct watchdog *watchdog, const char *kind, const char *what, pid_t pid,
		 const struct region_lane *lane, bool in_kernel)
{
	char space[4096];
	struct text out;

	text_init(&out, space, sizeof(space));
	text_add(&out, what);
	if (lane)
		text_addf(&out, ": T%u", lane->number);
	if (in_kernel) {
		text_add(&out, " is in ");
		name_call(&out, pid, lane->tid);
	}
	name_lanes(watchdog, &out);
	if (watchdog->note)
		watchdog->note(watchdog->self, kind, out.data);
	watchdog->told = true;
}

/* Another lane could use the turn, now or when its time comes. */
static bool others_wait(const struct watchdog *watchdog, uint32_t turn)
{
	struct region_lane lane;
	unsigned slot;

	for (slot = 0; slot < REGION_LANES; slot++)
		if (region_copy_lane(watchdog->region, slot, &lane) && lane.number != turn &&
		    (lane.state == LANE_RUNNABLE ||
		     (lane.state == LANE_BLOCKED && lane.deadline >= 0)))
			return true;
	return false;
}

/* The lane that has the turn in the newest image of process `pid`. False when nobody has it. */
/* The lane that has the turn, with the kernel thread that it is now. */
static bool find_turn(const struct watchdog *watchdog, pid_t pid, struct region_lane *lane,
		      unsigned *slot, int *preempt)
{
	unsigned n = region_processes(watchdog->region);
	struct region_process process;

	if (!n)
		return false;
	region_copy_process(watchdog->region, n - 1, &process);
	*preempt = process.preempt_signal <= 64 ? (int)process.preempt_signal : 0;
	if (!process.turn)
		return false;
	for (*slot = 0; *slot < REGION_LANES; ++*slot)
		if (region_copy_lane(watchdog->region, *slot, lane) && lane->number == process.turn)
			break;
	if (*slot == REGION_LANES || !lane->tid)
		return false;
	if (process.state == PROCESS_REPLACED)
		lane->tid = (uint32_t)pid;
	return lane->state == LANE_RUNNABLE;
}

/*
 * The lane has had its time. Not only by the clock: on a busy machine a short computation takes
 * long, and what could be repeated exactly must not be interrupted. Nothing is known of its CPU
 * time before the first look.
 */
static bool is_due(struct watchdog *watchdog, const struct region_lane *lane, double time)
{
	double last = watchdog->preempted ? watchdog->preempted : watchdog->since;
	double used = (double)(watchdog->ticks - watchdog->began) / (double)sysconf(_SC_CLK_TCK);

	if (watchdog->beginner != lane->number) {
		watchdog->beginner = lane->number;
		watchdog->began = watchdog->ticks;
		used = 0;
	}
	return time - last >= watchdog->patience && used >= watchdog->patience - QUIET_SECONDS;
}

static void look_busy(struct watchdog *watchdog, pid_t pid, const struct region_lane *lane,
		      int preempt, double time)
{
	watchdog->asleep = 0;
	if (!others_wait(watchdog, lane->number))
		return;
	if (preempt && watchdog->limits.preempt_after > 0) {
		if (!is_due(watchdog, lane, time))
			return;
		watchdog->preempted = time;
		watchdog->began = watchdog->ticks;
		watchdog->patience /= 2;
		if (watchdog->patience < PREEMPT_LEAST)
			watchdog->patience = PREEMPT_LEAST;
		syscall(SYS_tgkill, pid, lane->tid, preempt);
	} else if (!watchdog->told && time - watchdog->since >= WATCHDOG_SPIN_SECONDS) {
		tell(watchdog, "spinning", "one thread computes and keeps the others waiting", pid,
		     lane, false);
	}
}

/* All wait for the outside: right for a server, worth a word once for everything else. */
static void look_idle(struct watchdog *watchdog, pid_t pid, double time)
{
	watchdog->looked = time;
	watchdog->gone = 0;
	watchdog->asleep = 0;
	if (watchdog->idle_told || time - watchdog->since < WATCHDOG_IDLE_SECONDS)
		return;
	watchdog->idle_told = true;
	tell(watchdog, "waiting", "all threads wait for something outside", pid, NULL, false);
}

/* Nobody computes, and nothing has happened for too long. */
static enum watchdog_finding stands_still(struct watchdog *watchdog, double time)
{
	double limit = watchdog->limits.hang_after;

	if (!watchdog->still)
		watchdog->still = time;
	return limit > 0 && time - watchdog->still >= limit ? WATCHDOG_HANG : WATCHDOG_NOTHING;
}

/*
 * The thread of that slot has computed for too long since the last operation. Others may have
 * computed in turns with it: only its own time counts.
 */
static enum watchdog_finding computes(struct watchdog *watchdog, unsigned slot, uint64_t ticks)
{
	double limit = watchdog->limits.hang_after * (double)sysconf(_SC_CLK_TCK);

	watchdog->still = 0;
	if (watchdog->first[slot].standstill != watchdog->standstill) {
		watchdog->first[slot].standstill = watchdog->standstill;
		watchdog->first[slot].ticks = ticks;
	}
	return limit > 0 && (double)(ticks - watchdog->first[slot].ticks) >= limit
		       ? WATCHDOG_HANG
		       : WATCHDOG_NOTHING;
}

static void sample(struct watchdog *watchdog)
{
	unsigned n = region_processes(watchdog->region);
	struct region_process process;
	double time = now();

	if (n)
		region_copy_process(watchdog->region, n - 1, &process);
	if (watchdog->still || (n && !process.turn))
		watchdog->idle += time - watchdog->sampled;
	watchdog->sampled = time;
}

double watchdog_used(const struct watchdog *watchdog, pid_t pid)
{
	struct timespec time = { 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9 + watchdog->idle;
}

enum watchdog_finding watchdog_look(struct watchdog *watchdog, pid_t pid, const struct drain *drain,
				    uint32_t *lane_number)
{
	uint64_t progress = drain_events(drain) + drain_decisions(drain);
	struct region_lane lane;
	struct thread_look look;
	unsigned slot;
	double time;
	bool burns;
	int preempt;

	*lane_number = 0;
	sample(watchdog);
	if (drain_operations(drain) != watchdog->operations) {
		watchdog->operations = drain_operations(drain);
		end_standstill(watchdog);
	}
	if (progress != watchdog->progress) {
		watchdog->progress = progress;
		go_on(watchdog);
		return WATCHDOG_NOTHING;
	}
	time = now();
	if (time - watchdog->since < QUIET_SECONDS || time - watchdog->looked < LOOK_SECONDS)
		return WATCHDOG_NOTHING;
	/* We were stopped ourselves (job control): what the target did meanwhile says nothing. */
	if (time - watchdog->looked > 1) {
		go_on(watchdog);
		watchdog->still = 0;
		return WATCHDOG_NOTHING;
	}
	if (!find_turn(watchdog, pid, &lane, &slot, &preempt)) {
		look_idle(watchdog, pid, time);
		return stands_still(watchdog, time);
	}
	*lane_number = lane.number;
	look_at_thread(pid, lane.tid, &look);
	burns = lane.number == watchdog->lane && look.ticks > watchdog->ticks;
	if (lane.number != watchdog->lane)
		watchdog->gone = 0;
	watchdog->looked = time;
	watchdog->lane = lane.number;
	watchdog->ticks = look.ticks;
	if (look.state == 'T' || look.state == 't') {
		go_on(watchdog);
		watchdog->still = 0;
	} else if (!look.state || look.state == 'Z' || look.state == 'X') {
		if (!is_ending(pid) && ++watchdog->gone >= GONE_LOOKS)
			return WATCHDOG_LOST;
	} else if (look.state == 'R' || burns) {
		watchdog->gone = 0;
		look_busy(watchdog, pid, &lane, preempt, time);
		return computes(watchdog, slot, look.ticks);
	} else {
		watchdog->gone = 0;
		if (!watchdog->asleep)
			watchdog->asleep = time;
		if (!watchdog->told && time - watchdog->asleep >= WATCHDOG_BLOCKED_SECONDS)
			tell(watchdog, "uncontrolled",
			     "a call blocks outside the scheduler, nobody else can go on", pid,
			     &lane, true);
		return stands_still(watchdog, time);
	}
	return WATCHDOG_NOTHING;
}
