/*
 * Running gdb, see debugger.h.
 */
#include "replayer/debugger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "formats/event.h"
#include "formats/trace_reader.h"
#include "recorder/alloc.h"
#include "recorder/region.h"
#include "recorder/text.h"

enum { ARGUMENTS = 64, NAMES_BYTES = 65536, ATTACH_POLL_MS = 5 };

struct debugger {
	pid_t pid;
	int terminal;   /* -1: gdb has no terminal of its own */
	pid_t previous; /* foreground process group before */
};

static bool is_point(const struct trace_event *event)
{
	return event->kind < EVENT_COUNT && (event_table[event->kind].flags & EVENT_FLAG_POINT);
}

static void take(struct trace_file *file, const struct trace_line *line, struct debugger_stop *stop)
{
	struct trace_event wish = line->event;
	struct text text;

	stop->plan.lane = line->event.lane;
	stop->plan.k = line->event.k;
	stop->number = line->number + 1;
	wish.phase = PHASE_ANNOUNCED;
	wish.text = NULL;
	text_init(&text, stop->place, sizeof(stop->place));
	naming_lane(file->naming, &text, wish.lane);
	text_add(&text, " ");
	naming_step(file->naming, &text, &wish);
	if (!wish.context)
		return;
	text_add(&text, " at ");
	naming_site(file->naming, &text, wish.context);
}

int debugger_find_stop(struct trace_file *file, uint64_t wanted, struct debugger_stop *stop,
		       struct err *err)
{
	struct trace_line line;
	struct err damage = { 0 };
	uint64_t last = 0;

	memset(stop, 0, sizeof(*stop));
	trace_reader_filter(file->reader, TRACE_LINE_BIT(TRACE_LINE_EVENT));
	trace_reader_rewind(file->reader);
	while (trace_reader_next(file->reader, &line, &damage) > 0) {
		last = line.number + 1;
		if (last > wanted && stop->number)
			break;
		if (is_point(&line.event))
			take(file, &line, stop);
	}
	if (wanted != UINT64_MAX && last < wanted)
		return err_set(err, ERANGE, "the trace has %llu events", (unsigned long long)last);
	if (!stop->number)
		return err_set(err, ERANGE, "the trace has no scheduling point to stop at");
	return 0;
}

/* Letters that are harmless inside a Python string. */
static void add_name(struct text *text, const char *name)
{
	for (; *name; name++)
		text_addf(text, "%c", *name == '"' || *name == '\'' || *name == '\\' ? '_' : *name);
}

/*
 * Python for gdb: names by kernel thread id, the thread to begin with, and in it the first frame
 * that is not the runtime's. A gdb without Python says so and goes on. One line: `-ex` takes one.
 */
static void add_threads(struct text *text, const struct debugger_config *config,
			const struct region *region)
{
	struct region_lane lane;
	char space[256];
	struct text name;
	uint32_t slot, first = 0;

	text_add(text, "python names = {");
	for (slot = 0; slot < REGION_LANES; slot++) {
		if (!region_copy_lane(region, slot, &lane) || !lane.tid)
			continue;
		text_init(&name, space, sizeof(space));
		naming_lane_head(config->naming, &name, lane.number);
		text_addf(text, "%u: '", lane.tid);
		add_name(text, name.data);
		text_add(text, "', ");
		if (lane.number == config->lane)
			first = lane.tid;
	}
	text_addf(text,
		  "}; threads = gdb.selected_inferior().threads(); "
		  "[setattr(t, 'name', names[t.ptid[1]]) for t in threads if t.ptid[1] in names]; "
		  "[t.switch() for t in threads if t.ptid[1] == %u]; "
		  "ours = lambda f: f and 'libfrontrun' in (gdb.solib_name(f.pc()) or ''); "
		  "up = lambda f: up(f.older()) if ours(f) else f; "
		  "frame = up(gdb.selected_frame()); frame and frame.select()",
		  first);
}

/* On the terminal, in a foreground process group of its own, so that Ctrl-C is gdb's. */
static void take_terminal(struct debugger *debugger)
{
	debugger->terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (debugger->terminal < 0)
		return;
	debugger->previous = tcgetpgrp(debugger->terminal);
	signal(SIGTTOU, SIG_IGN);
	setpgid(debugger->pid, debugger->pid);
	tcsetpgrp(debugger->terminal, debugger->pid);
}

static void run(char *const *argv, bool interactive)
{
	static const int reset[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGTTOU };
	int terminal = open(interactive ? "/dev/tty" : "/dev/null", O_RDWR);
	size_t i;

	for (i = 0; i < sizeof(reset) / sizeof(*reset); i++)
		signal(reset[i], SIG_DFL);
	if (terminal >= 0) {
		dup2(terminal, STDIN_FILENO);
		if (interactive) {
			setpgid(0, 0);
			signal(SIGTTOU, SIG_IGN);
			tcsetpgrp(terminal, getpid());
			signal(SIGTTOU, SIG_DFL);
			dup2(terminal, STDOUT_FILENO);
			dup2(terminal, STDERR_FILENO);
		}
	}
	execvp(argv[0], argv);
	_exit(127);
}

/* Somebody traces this thread. */
static bool is_traced(int task, const char *thread)
{
	char path[300], line[256];
	long tracer = 0;
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "%s/status", thread);
	fd = openat(task, path, O_RDONLY | O_CLOEXEC);
	file = fd >= 0 ? fdopen(fd, "r") : NULL;
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "TracerPid: %ld", &tracer) == 1)
			break;
	if (file)
		fclose(file);
	return tracer > 0;
}

/* All threads are traced: none can go on but by the will of gdb. */
static bool is_attached(pid_t pid)
{
	struct dirent *entry;
	bool all = true;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while (all && (entry = readdir(dir)) != NULL)
		if (*entry->d_name != '.')
			all = is_traced(dirfd(dir), entry->d_name);
	closedir(dir);
	return all;
}

/* True when gdb has the target, or has had it; false when it failed. */
static bool wait_attached(struct debugger *debugger, pid_t target, int *status)
{
	struct timespec pause = { .tv_nsec = ATTACH_POLL_MS * 1000000 };

	while (!is_attached(target)) {
		if (waitpid(debugger->pid, status, WNOHANG) == debugger->pid) {
			debugger->pid = 0;
			return WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
		}
		nanosleep(&pause, NULL);
	}
	return true;
}

static void give_terminal_back(struct debugger *debugger)
{
	if (debugger->terminal < 0)
		return;
	if (debugger->previous > 0)
		tcsetpgrp(debugger->terminal, debugger->previous);
	close(debugger->terminal);
	signal(SIGTTOU, SIG_DFL);
}

static unsigned arguments(char **argv, const struct debugger_config *config, char *pid,
			  char *threads)
{
	/* SIGSYS is how the trap layer works, the real-time signal is the watchdog's. */
	static const char *const always[] = {
		"-iex", "set debuginfod enabled off",
		"-iex", "set pagination off",
		"-ex",  "handle SIGSYS SIG63 nostop noprint pass",
	};
	unsigned i, n = 0;

	argv[n++] = "gdb";
	argv[n++] = "-q";
	if (config->count)
		argv[n++] = "-batch";
	for (i = 0; i < sizeof(always) / sizeof(*always); i++)
		argv[n++] = (char *)always[i];
	argv[n++] = "-ex";
	argv[n++] = threads;
	if (config->go_on) {
		argv[n++] = "-ex";
		argv[n++] = "continue";
	}
	for (i = 0; i < config->count && n + 5 < ARGUMENTS; i++) {
		argv[n++] = "-ex";
		argv[n++] = (char *)config->commands[i];
	}
	argv[n++] = "-p";
	argv[n++] = pid;
	argv[n] = NULL;
	return n;
}

static void explain_refusal(int status, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		err_set(err, ENOENT,
			"gdb was not found: install it, or use --stop-at without --gdb");
	else
		err_set(err, EPERM,
			"gdb ended without attaching to the program: tracing may be forbidden here "
			"(/proc/sys/kernel/yama/ptrace_scope, or the container's seccomp profile)");
}

struct debugger *debugger_attach(const struct debugger_config *config, struct session *session,
				 struct err *err)
{
	struct debugger *debugger = alloc_check(calloc(1, sizeof(*debugger)));
	char *space = alloc_check(malloc(NAMES_BYTES)), pid[16], *argv[ARGUMENTS];
	pid_t target = target_pid(session_target(session));
	struct text threads;
	int status = 0;

	text_init(&threads, space, NAMES_BYTES);
	add_threads(&threads, config, session_region(session));
	snprintf(pid, sizeof(pid), "%d", (int)target);
	arguments(argv, config, pid, threads.data);
	debugger->terminal = -1;
	fflush(NULL);
	debugger->pid = fork();
	if (debugger->pid == 0)
		run(argv, config->count == 0);
	if (debugger->pid > 0 && config->count == 0)
		take_terminal(debugger);
	free(space);
	if (debugger->pid > 0 && wait_attached(debugger, target, &status))
		return debugger;
	if (debugger->pid < 0)
		err_set(err, errno, "cannot start gdb: %s", strerror(errno));
	else
		explain_refusal(status, err);
	give_terminal_back(debugger);
	free(debugger);
	return NULL;
}

void debugger_wait(struct debugger *debugger)
{
	if (!debugger)
		return;
	while (debugger->pid && waitpid(debugger->pid, NULL, 0) < 0 && errno == EINTR)
		;
	give_terminal_back(debugger);
	free(debugger);
}
