/*
 * Prepares and starts the target, see target.h. What runs between fork and execve is guardian.c.
 */
#include "recorder/target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/guardian.h"
#include "recorder/target_variables.h"

#define LIBRARY_NAME "libfrontrun.so"
#define GCC_TSAN "libtsan.so.2"              /* what it is called inside */
#define CLANG_LIBRARY "libfrontrun-clang.so" /* the same, called ... */
#define CLANG_TSAN "libclang_rt.tsan-x86_64.so"

extern char **environ;

struct target {
	const struct target_config *config;
	char *path;
	struct elf_info elf;
	char library[4096];
	char *preload; /* value of LD_PRELOAD for the target */
	size_t preload_added;
	const char *preload_before; /* value that it had, or NULL */
	unsigned long persona, persona_before;
	bool persona_kept;            /* addresses stay random although they should not */
	unsigned char affinity[1024]; /* of this process */
	unsigned char before[1024];   /* of the thread that left the target's CPU */
	long affinity_bytes;
	int cpu;    /* -1: not pinned */
	bool moved; /* we left that CPU */

	int link;
	pid_t guardian, pid;
	struct target_report report;
};

static bool needs(const struct elf_info *elf, const char *library)
{
	size_t i;

	for (i = 0; i < elf->n_needed; i++)
		if (!strcmp(elf->needed[i], library))
			return true;
	return false;
}

/* Refuses what LD_PRELOAD does not reach. `name` is what the user knows the file by. */
static int check_elf(const char *name, const struct elf_info *elf, struct err *err)
{
	const int code = TARGET_ERR_REFUSED;

	if (!elf->is_elf)
		return err_set(err, TARGET_ERR_NOT_EXECUTABLE,
			       "%s is neither a program nor a script with #!", name);
	if (!elf->is_x86_64)
		return err_set(err, code, "%s is not an x86_64 program: build it for 64-bit x86",
			       name);
	if (elf->is_go)
		return err_set(err, code,
			       "%s is a Go program: its threads make system calls of their own, "
			       "which frontrun cannot schedule",
			       name);
	if (!elf->is_dynamic)
		return err_set(err, code,
			       "%s is statically linked: link it dynamically (without -static)",
			       name);
	if (elf->interpreter && strstr(elf->interpreter, "ld-musl"))
		return err_set(err, code,
			       "%s uses the musl C library: build it against glibc 2.34 or later",
			       name);
	if (elf->is_secure)
		return err_set(
			err, code,
			"%s runs with other privileges (setuid, setgid or file capabilities): "
			"run a copy without them, or as its owner",
			name);
	if (elf->defines_tsan)
		return err_set(err, code,
			       "%s has the thread sanitizer's runtime in it, in whose place ours "
			       "has to be: build it with frontrun cc, or link it with "
			       "-shared-libsan (clang), without -static-libtsan (gcc)",
			       name);
	if (elf->needs_tsan && !needs(elf, GCC_TSAN) && !needs(elf, CLANG_TSAN))
		return err_set(err, code,
			       "%s needs a runtime of the thread sanitizer that is neither gcc's "
			       "(" GCC_TSAN ") nor clang's (" CLANG_TSAN "): build it with "
			       "frontrun cc",
			       name);
	return 0;
}

/* `#!/usr/bin/env NAME`: what env will run decides as well. A missing one is env's to report. */
static int check_env_program(const char *name, const char *path_env, struct err *err)
{
	struct elf_info elf;
	char *path;
	int rc;

	if (elf_find_program(name, path_env, &path, NULL))
		return 0;
	rc = elf_inspect(path, &elf, NULL);
	if (!rc) {
		rc = elf.is_elf ? check_elf(path, &elf, err) : 0;
		elf_info_fini(&elf);
	} else {
		rc = 0;
	}
	free(path);
	return rc;
}

static int inspect(struct target *target, struct err *err)
{
	const struct target_config *config = target->config;
	const char *path_env = target_variable(config->envp ? config->envp : environ, "PATH");
	int rc = elf_find_program(config->program ? config->program : config->argv[0], path_env,
				  &target->path, err);

	if (rc) {
		if (err)
			err->code = elf_exit_status(rc) == 127 ? TARGET_ERR_NOT_FOUND
							       : TARGET_ERR_NOT_EXECUTABLE;
		return -TARGET_ERR_NOT_FOUND;
	}
	rc = elf_inspect(target->path, &target->elf, err);
	if (rc) {
		memset(&target->elf, 0, sizeof(target->elf));
		if (err)
			err->code = TARGET_ERR_NOT_EXECUTABLE;
		return rc;
	}
	rc = check_elf(target->elf.elf_path ? target->elf.elf_path : target->path, &target->elf,
		       err);
	if (!rc && target->elf.env_program)
		rc = check_env_program(target->elf.env_program, path_env, err);
	return rc;
}

static int find_library(struct target *target, struct err *err)
{
	const char *library = target->config->library;
	/* The loader must take ours for the sanitizer's. */
	const char *name = needs(&target->elf, CLANG_TSAN) ? CLANG_LIBRARY : LIBRARY_NAME;
	char self[PATH_MAX];
	ssize_t n;

	if (library) {
		snprintf(target->library, sizeof(target->library), "%s", library);
	} else {
		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		if (n < 0)
			return err_set(err, TARGET_ERR_LIBRARY, "cannot read /proc/self/exe: %s",
				       strerror(errno));
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		n = snprintf(target->library, sizeof(target->library), "%s/%s", self, name);
		if (n < (ssize_t)sizeof(target->library) && access(target->library, R_OK))
			snprintf(target->library, sizeof(target->library), FRONTRUN_LIBDIR "/%s",
				 name);
	}
	if (access(target->library, R_OK))
		return err_set(err, TARGET_ERR_LIBRARY,
			       "the runtime library is missing (%s): install frontrun again",
			       target->library);
	if (strpbrk(target->library, ": "))
		return err_set(err, TARGET_ERR_LIBRARY,
			       "LD_PRELOAD cannot hold %s: install frontrun in a folder whose path "
			       "has neither blanks nor colons",
			       target->library);
	return 0;
}

/* AddressSanitizer refuses to start unless its shared runtime comes first. */
static const char *sanitizer_runtime(const struct elf_info *elf)
{
	size_t i;

	for (i = 0; i < elf->n_needed; i++)
		if (!strncmp(elf->needed[i], "libasan.so", 10) ||
		    !strncmp(elf->needed[i], "libclang_rt.asan", 16))
			return elf->needed[i];
	return NULL;
}

static void prepare_preload(struct target *target)
{
	char *const *envp = target->config->envp ? target->config->envp : environ;
	const char *sanitizer = sanitizer_runtime(&target->elf);
	const char *before = target_variable(envp, "LD_PRELOAD");
	int n;

	n = asprintf(&target->preload, "%s%s%s%s%s", sanitizer ? sanitizer : "",
		     sanitizer ? ":" : "", target->library, before && *before ? ":" : "",
		     before ? before : "");
	alloc_check(n < 0 ? NULL : target->preload);
	target->preload_before = before;
	target->preload_added = (size_t)n - (before ? strlen(before) : 0);
}

static bool may_use(const struct target *target, int cpu)
{
	return target->affinity[cpu / 8] & (1u << (cpu % 8));
}

/* The index-th CPU that we may use, counted from the last; -1: none is known. */
static int choose_cpu(const struct target *target, unsigned index)
{
	int most = (int)target->affinity_bytes * 8, cpu;
	unsigned count = 0;

	for (cpu = 0; cpu < most; cpu++)
		count += may_use(target, cpu);
	if (!count)
		return -1;
	index %= count;
	for (cpu = most - 1; cpu > 0; cpu--)
		if (may_use(target, cpu) && !index--)
			break;
	return cpu;
}

/* The CPUs that this process may use, as it was started: threads of ours move to fewer. */
static struct {
	unsigned char mask[1024];
	long bytes;
} machine;

static void look_at_machine(void)
{
	long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(machine.mask), machine.mask);

	machine.bytes = bytes > 0 ? bytes : 0;
}

static void prepare_machine(struct target *target)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int now = personality(0xffffffff);

	pthread_once(&once, look_at_machine);
	target->cpu = -1;
	target->affinity_bytes = machine.bytes;
	memcpy(target->affinity, machine.mask, sizeof(target->affinity));
	if (!target->config->keep_affinity)
		target->cpu = choose_cpu(target, target->config->cpu_index);

	/* Containers may refuse: found out here, where it can still be said. */
	target->persona_before = target->persona = now < 0 ? 0 : (unsigned long)now;
	if (target->config->keep_addresses)
		return;
	target->persona |= ADDR_NO_RANDOMIZE;
	if (personality(target->persona) < 0 ||
	    !((unsigned)personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		target->persona_kept = true;
		target->persona = target->persona_before;
	}
	personality(target->persona_before);
}

struct target *target_new(const struct target_config *config, struct err *err)
{
	struct target *target = alloc_check(calloc(1, sizeof(*target)));

	target->config = config;
	target->link = -1;
	if (inspect(target, err) || find_library(target, err)) {
		target_free(target);
		return NULL;
	}
	prepare_preload(target);
	prepare_machine(target);
	return target;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	/* The guardian takes the end of the link as an order to kill. */
	if (target->link >= 0)
		close(target->link);
	if (target->guardian > 0)
		while (waitpid(target->guardian, NULL, 0) < 0 && errno == EINTR)
			;
	if (target->moved)
		syscall(SYS_sched_setaffinity, 0, target->affinity_bytes, target->before);
	elf_info_fini(&target->elf);
	free(target->preload);
	free(target->path);
	free(target);
}

const char *target_path(const struct target *target)
{
	return target->path;
}

const struct elf_info *target_elf(const struct target *target)
{
	return &target->elf;
}

const char *target_library(const struct target *target)
{
	return target->library;
}

struct plan_environment *target_environment(const struct target *target, uint32_t *length)
{
	const char *preload = target->preload_before ? target->preload_before : "";
	size_t bytes = strlen(preload) + 1;
	struct plan_environment *environment;

	*length = (uint32_t)(sizeof(*environment) + bytes);
	environment = alloc_check(calloc(1, *length));
	environment->personality = (uint32_t)target->persona_before;
	environment->personality_kept = target->persona_kept;
	if (target->cpu >= 0) {
		environment->affinity_bytes = (uint32_t)target->affinity_bytes;
		environment->cpu = (uint32_t)target->cpu;
	}
	memcpy(environment->affinity, target->affinity, sizeof(environment->affinity));
	environment->has_preload = target->preload_before != NULL;
	environment->preload_added = (uint32_t)target->preload_added;
	if (target->config->library_path && *target->config->library_path)
		environment->library_path_added =
			(uint32_t)strlen(target->config->library_path) + 1;
	memcpy(environment->library, target->library, sizeof(environment->library));
	memcpy(environment->preload, preload, bytes);
	return environment;
}

/* To the CPU of the target (`own`), or to the others, if there are any. */
static bool move(const struct target *target, bool own)
{
	unsigned char mask[sizeof(target->affinity)];
	unsigned any = 0;
	long i;

	if (target->cpu < 0)
		return false;
	for (i = 0; i < target->affinity_bytes; i++) {
		unsigned char bit = i == target->cpu / 8 ? (unsigned char)(1u << target->cpu % 8)
							 : 0;

		mask[i] = own ? bit : target->affinity[i] & (unsigned char)~bit;
		any |= mask[i];
	}
	return any && !syscall(SYS_sched_setaffinity, 0, target->affinity_bytes, mask);
}

/* The CLI leaves the target's CPU to it, where there is another one. */
static void prefer_other_cpus(struct target *target)
{
	if (syscall(SYS_sched_getaffinity, 0, sizeof(target->before), target->before) > 0)
		target->moved = move(target, false);
}

bool target_join_cpu(const struct target *target, bool join)
{
	return move(target, join);
}

static int wait_started(struct target *target, struct err *err)
{
	struct guardian_message message;
	pid_t forked = 0;
	ssize_t n;

	for (;;) {
		n = recv(target->link, &message, sizeof(message), 0);
		if (n < 0 && (errno == EINTR || errno == ECONNRESET))
			continue;
		if (n != sizeof(message)) {
			/* The target has killed it already: target_poll() says so. */
			if (forked)
				break;
			return err_set(err, ECHILD,
				       "the guardian process died before it started %s",
				       target->path);
		}
		if (message.event == GUARDIAN_CONFINE_FAILED)
			return err_set(err, TARGET_ERR_CONFINE,
				       "this machine does not let %s run confined: %s (see "
				       "`frontrun doctor`)",
				       target->path, strerror(message.value));
		if (message.event == GUARDIAN_EXEC_FAILED) {
			errno = message.value;
			return err_set(err,
				       elf_exit_status(-message.value) == 127
					       ? TARGET_ERR_NOT_FOUND
					       : TARGET_ERR_NOT_EXECUTABLE,
				       "cannot run %s: %s", target->path, strerror(errno));
		}
		forked = message.value;
		if (message.event == GUARDIAN_STARTED)
			break;
	}
	target->pid = forked;
	return 0;
}

/*
 * The path to execute: where the target runs in another directory a relative one is that of the
 * program there, and where there is none (../bank) the one that was found from here.
 */
static void settle_path(struct target *target)
{
	const char *directory = target->config->directory;
	char *there, *here, *absolute;

	if (!directory || target->path[0] == '/')
		return;
	alloc_check(asprintf(&there, "%s/%s", directory, target->path) < 0 ? NULL : there);
	if (access(there, X_OK)) {
		here = alloc_check(getcwd(NULL, 0));
		alloc_check(asprintf(&absolute, "%s/%s", here, target->path) < 0 ? NULL : absolute);
		free(target->path);
		free(here);
		target->path = absolute;
	}
	free(there);
}

int target_start(struct target *target, const struct region_handle *region, const sigset_t *mask,
		 struct err *err)
{
	struct guardian_job job = {
		.argv = target->config->argv,
		.mask = mask,
		.region = region->map,
		.cpu = target->cpu,
		.persona = target->persona,
		.grace_ms = TARGET_ORPHAN_GRACE_MS,
		.own_group = target->config->own_group,
		.stdio = target->config->redirect ? target->config->stdio : NULL,
		.directory = target->config->directory,
		.inherited = target->config->inherited,
		.confine = target->config->confine,
		.region_fd = region->fd,
		.region_number = target_region_number(),
	};
	const struct target_variables variables = {
		.envp = target->config->envp,
		.preload = target->preload,
		.library_path = target->config->library_path,
		.open = target->config->confine,
	};
	sigset_t all, before;
	char **envp;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return err_set(err, errno, "cannot make a socket pair: %s", strerror(errno));
	settle_path(target);
	job.path = target->path;
	envp = target_variables_new(&variables, region);
	job.envp = envp;
	job.link = ends[1];
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	target->guardian = fork();
	if (!target->guardian) {
		close(ends[0]);
		guardian_main(&job);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	target_variables_free(envp);
	close(ends[1]);
	target->link = ends[0];
	if (target->guardian < 0)
		return err_set(err, errno, "cannot start a process: %s", strerror(errno));
	prefer_other_cpus(target);
	return wait_started(target, err);
}

pid_t target_pid(const struct target *target)
{
	return target->pid;
}

void target_kill(struct target *target)
{
	char order = 'k';
	int error = errno;

	if (target->link >= 0 && send(target->link, &order, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = error;
}

bool target_poll(struct target *target, struct target_report *report)
{
	struct guardian_message message;
	ssize_t n;

	while (!target->report.cleaned) {
		n = recv(target->link, &message, sizeof(message), MSG_DONTWAIT);
		/*
		 * ECONNRESET: the guardian ended without reading an order. Its messages come after
		 * it.
		 */
		if (n < 0 && (errno == EINTR || errno == ECONNRESET))
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n != sizeof(message)) {
			target->report.guardian_lost = true;
			target->report.cleaned = true;
		} else if (message.event == GUARDIAN_ENDED) {
			target->report.ended = true;
			target->report.wait_status = message.value;
		} else if (message.event == GUARDIAN_CLEANED) {
			target->report.orphans = (unsigned)message.value;
			target->report.cleaned = true;
		}
	}
	*report = target->report;
	return target->report.cleaned;
}
