/*
 * Start of the runtime in a program: finds and maps the region, takes its traces out of the
 * environment, makes the first lane. Runs before every other constructor (-z initfirst), so it
 * uses raw system calls and the constructor's own envp. Without REGION_ENV it stays inactive, and
 * all interposers pass everything on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/attach.h"
#include "preload/children.h"
#include "preload/decide.h"
#include "preload/files.h"
#include "preload/gate.h"
#include "preload/foreign.h"
#include "preload/interpose.h"
#include "preload/log.h"
#include "preload/memory.h"
#include "preload/memory/access.h"
#include "preload/process.h"
#include "preload/raw.h"
#include "preload/signals.h"
#include "preload/streams.h"
#include "preload/tape.h"
#include "preload/threads.h"
#include "preload/trap.h"
#include "preload/vdso.h"

static char region_path[64];
static long region_fd = -1; /* of a region that was open already */
static struct stat region_file;

const char *attach_region_variable(void)
{
	return region_path;
}

static const char *variable(char **environment, const char *name)
{
	size_t length = strlen(name);

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
			return *environment + length + 1;
	return NULL;
}

static void remove_variable(char **environment, const char *name)
{
	size_t length = strlen(name);
	char **to = environment;

	for (; *environment; environment++)
		if (strncmp(*environment, name, length) != 0 || (*environment)[length] != '=')
			*to++ = *environment;
	*to = NULL;
}

bool attach_pass_region(bool next)
{
	struct stat now;

	if (region_fd < 0)
		return true;
	if (raw(SYS_fstat, region_fd, &now) < 0 || now.st_ino != region_file.st_ino ||
	    now.st_dev != region_file.st_dev)
		return false;
	raw(SYS_fcntl, region_fd, F_SETFD, next ? 0 : FD_CLOEXEC);
	return true;
}

/* Descriptor of the region, or negative errno. */
static long open_region(const char *path)
{
	const char *number = path + strlen(REGION_OPEN);

	if (strncmp(path, REGION_OPEN, strlen(REGION_OPEN)) != 0)
		return raw(SYS_open, path, O_RDWR | O_CLOEXEC, 0);
	for (region_fd = 0; *number; number++)
		region_fd = region_fd * 10 + (*number - '0');
	raw(SYS_fcntl, region_fd, F_SETFD, FD_CLOEXEC);
	return raw(SYS_fstat, region_fd, &region_file) < 0 ? -1 : region_fd;
}

/* "/proc/PID/fd/N:NONCE", the nonce in hexadecimal. */
static struct region *map_region(const char *value)
{
	const char *colon = strchr(value, ':');
	struct region *mapped;
	uint64_t nonce = 0;
	const char *p;
	long fd, address;

	if (!colon || (size_t)(colon - value) >= sizeof region_path)
		return NULL;
	memcpy(region_path, value, (size_t)(colon - value));
	region_path[colon - value] = '\0';
	for (p = colon + 1; *p; p++)
		nonce = nonce * 16 + (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
	fd = open_region(region_path);
	if (fd < 0)
		return NULL;
	address = raw(SYS_mmap, 0, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (region_fd < 0)
		raw(SYS_close, fd);
	if (address < 0 && address > -4096)
		return NULL;
	mapped = (struct region *)address;
	if (mapped->header.magic != REGION_MAGIC || mapped->header.nonce != nonce)
		return NULL;
	strncpy(region_path, value, sizeof region_path - 1);
	return mapped;
}

static void report(enum boot_code code, const char *detail)
{
	if (detail)
		strncpy(region->header.boot_detail, detail, sizeof region->header.boot_detail - 1);
	region->header.boot = code;
	log_ring_doorbell();
}

/* Where nothing was set before there is no colon: what was added is longer than the value. */
static void restore_library_path(char **environment, uint32_t added)
{
	char *path = (char *)(uintptr_t)variable(environment, "LD_LIBRARY_PATH");

	if (!path || !added)
		return;
	if (strlen(path) < added)
		remove_variable(environment, "LD_LIBRARY_PATH");
	else
		memmove(path, path + added, strlen(path + added) + 1);
}

/* LD_PRELOAD as it was before the CLI put us in front, and the other changes made for our start. */
static void restore_environment(char **environment)
{
	uint32_t length;
	const struct plan_environment *given = decide_section(PLAN_ENVIRONMENT, &length);
	char *preload;

	remove_variable(environment, REGION_ENV);
	if (!given)
		return;
	preload = (char *)(uintptr_t)variable(environment, "LD_PRELOAD");
	if (preload && !given->has_preload)
		remove_variable(environment, "LD_PRELOAD");
	else if (preload && strlen(preload) >= given->preload_added)
		memmove(preload, preload + given->preload_added,
			strlen(preload + given->preload_added) + 1);
	restore_library_path(environment, given->library_path_added);
	if (!given->personality_kept)
		raw(SYS_personality, given->personality);
}

/* A row of its own for each image. */
static bool take_process_row(void)
{
	process_index = region->numbers.process;
	if (process_index >= REGION_PROCESSES)
		return false;
	region->numbers.process++;
	region->process[process_index].pid = (uint32_t)raw(SYS_getpid);
	region->process[process_index].state = PROCESS_ATTACHED;
	region->header.boot_count++;
	return true;
}

static void start(void)
{
	const char *missing = real_init();
	struct lane *lane;

	if (missing) {
		report(BOOT_NO_SYMBOL, missing);
		raw(SYS_exit_group, 125);
	}
	if (!take_process_row() || decide_init() != 0 || threads_init() != 0) {
		report(BOOT_NO_MEMORY, "plan");
		raw(SYS_exit_group, 125);
	}
	schedule.order_hash = HASH_START;
	schedule.hb_hash = 0;
	if (process_index > 0) /* time goes on over an exec */
		schedule.now = region->process[process_index - 1].virtual_ns;
	thread_state.inside = 1;
	log_init(region);
	gate_look();
	lane = lane_new(NULL, LANE_MAIN, NULL);
	threads_enter(lane);
	schedule.current = lane;
	region->process[process_index].turn = lane->number;
	signals_init();
	memory_init();
	memory_start();
	process_init();
	report(BOOT_OK, NULL);
	tape_init();
	vdso_replace();
	streams_init();
	sched_begin(lane, EVENT_THREAD_START, object_of_lane(lane), 0);
	sched_done_value(lane, 0,
			 process_pid()); /* what a replay tells the program that its pid is */
	if (tape_mode != TAPE_OFF)
		trap_start(lane, false);
	thread_state.inside = 0;
}

/* A child of the program whose output is recorded. False: it is not. */
static bool start_child(void)
{
	if (decide_init() != 0 || !(decide_run()->flags & PLAN_RUN_KEEP_ANSWERS) || real_init())
		return false;
	children_attach();
	foreign_child();
	process_init_child();
	trap_start_child();
	return true;
}

static void attach(int argc, char **argv, char **environment)
{
	const char *value = variable(environment, REGION_ENV);
	bool child;

	(void)argc;
	(void)argv;
	if (!value)
		return;
	child = *value == ATTACH_CHILD;
	region = map_region(value + child);
	if (!region && child) {
		remove_variable(environment, REGION_ENV);
		return;
	}
	if (!region) {
		static const char text[] =
			"frontrun: the runtime could not open the shared region (is /proc mounted?)\n";

		raw(SYS_write, 2, text, sizeof text - 1);
		raw(SYS_exit_group, 125);
	}
	if (region->header.abi != REGION_ABI || region->header.size < sizeof *region) {
		report(BOOT_ABI, NULL);
		raw(SYS_exit_group, 125);
	}
	files_init(variable(environment, "TMPDIR"));
	restore_environment(environment);
	if (region->numbers.process && region->process[0].pid != (uint32_t)raw(SYS_getpid)) {
		if (!child || !start_child())
			region = NULL; /* it inherited the variables: not ours */
		return;
	}
	start();
}

/*
 * Not by __attribute__((constructor)): only an entry of our own in .init_array is sure to get the
 * arguments (link-time optimisation merges constructors into one without any).
 */
__attribute__((section(".init_array"), used)) static void (*const attach_entry)(int, char **,
										char **) = attach;

static int (*program_main)(int, char **, char **);

/* The return of main is a scheduling point: other threads may still run before the process ends. */
static int main_and_exit(int argc, char **argv, char **environment)
{
	int status = program_main(argc, argv, environment);
	struct lane *me = thread_enter();

	if (me) {
		sched_point(me, EVENT_EXIT, NULL, 0, 0);
		if (tape_mode != TAPE_OFF)
			log_loaded_modules();
		sched_done(me, status & 0xff);
		thread_leave(me);
	}
	return status;
}

EXPORT int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
			     void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
			     void *stack_end);

EXPORT int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv,
			     void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
			     void *stack_end)
{
	program_main = main;
	return REAL(__libc_start_main)(region ? main_and_exit : main, argc, argv, init, fini,
				       rtld_fini, stack_end);
}
