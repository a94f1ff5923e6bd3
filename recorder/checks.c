/*
 * The probes of `doctor`, see checks.h.
 */
#include "recorder/checks.h"

#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/elf.h"
#include "recorder/filter.h"
#include "recorder/region.h"
#include "recorder/target.h"

#define SAY(result, ...) snprintf((result)->value, sizeof((result)->value), __VA_ARGS__)

/* Runs `body` in a child; its exit status, or -1 when it was killed. */
static int in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(body());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* First line of a small file, without its newline. False when it cannot be read. */
static bool read_line(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(text, (int)size, file);

	if (file)
		fclose(file);
	if (good)
		text[strcspn(text, "\n")] = '\0';
	return good;
}

static void check_runtime(struct check_result *result)
{
	char *argv[] = { (char *)(uintptr_t) "/proc/self/exe", NULL };
	struct target_config config = { .argv = argv };
	struct err err = { 0 };
	struct target *target = target_new(&config, &err);

	if (target) {
		SAY(result, "%s", target_library(target));
	} else {
		SAY(result, "%.250s", err.text);
		result->state = CHECK_MISSING;
		result->remedy = "install the command and its library from the same build";
	}
	target_free(target);
}

static void check_kernel(struct check_result *result)
{
	unsigned major = 0, minor = 0;
	struct utsname name;

	uname(&name);
	SAY(result, "Linux %s, %s", name.release, name.machine);
	if (sscanf(name.release, "%u.%u", &major, &minor) != 2 || major < 4 ||
	    (major == 4 && minor < 14)) {
		result->state = CHECK_MISSING;
		result->remedy = "Linux 4.14 or later is needed";
	}
}

static void check_libc(struct check_result *result)
{
	unsigned major = 0, minor = 0;

	SAY(result, "glibc %s", gnu_get_libc_version());
	sscanf(gnu_get_libc_version(), "%u.%u", &major, &minor);
	if (major < 2 || (major == 2 && minor < 34)) {
		result->state = CHECK_MISSING;
		result->remedy =
			"glibc 2.34 or later is needed (Debian 12, Ubuntu 22.04, Fedora 35)";
	}
}

static struct region_handle probe_region;

/* What the runtime does first: opens its parent's memfd through /proc. */
static int open_region(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getppid(), probe_region.fd);
	return open(path, O_RDWR | O_CLOEXEC) < 0 ? errno : 0;
}

static void check_region(struct check_result *result)
{
	struct err err;
	int error;

	result->state = CHECK_MISSING;
	if (region_create(&probe_region, &err)) {
		SAY(result, "%.250s", err.text);
		result->remedy =
			"memfd_create(2) must be allowed (seccomp profile of the container?)";
		return;
	}
	error = in_child(open_region);
	region_destroy(&probe_region);
	if (error) {
		SAY(result, "/proc does not show our descriptors: %s",
		    error > 0 ? strerror(error) : "the probe died");
		result->remedy = "mount /proc, without hidepid";
		return;
	}
	SAY(result, "memfd of %zu MB, reached through /proc", sizeof(struct region) >> 20);
	result->state = CHECK_OK;
}

static volatile sig_atomic_t trapped;

static void on_trap(int number)
{
	(void)number;
	trapped = 1;
}

static int install_filter(void)
{
	struct sock_filter *program;
	struct sock_fprog fprog;
	size_t count;

	if (filter_build(FILTER_ANSWERS, &program, &count, NULL))
		return EINVAL;
	fprog.len = (unsigned short)count;
	fprog.filter = program;
	signal(SIGSYS, on_trap);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog))
		return errno;
	syscall(SYS_poll, NULL, 0, 0);
	return trapped ? 0 : ENOTSUP;
}

static void check_filter(struct check_result *result)
{
	int error = in_child(install_filter);

	if (!error) {
		SAY(result, "system calls can be trapped");
		return;
	}
	SAY(result, "refused: %s", error > 0 ? strerror(error) : "the probe was killed");
	result->state = CHECK_LIMITED;
	result->remedy = "use --no-trap: blocking inside libc (stdio on pipes, system) is then not "
			 "covered; or allow seccomp(2) in the container";
}

static int fix_addresses(void)
{
	return personality(ADDR_NO_RANDOMIZE) < 0 || !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);
}

static void check_addresses(struct check_result *result)
{
	char text[16] = "?";

	read_line("/proc/sys/kernel/randomize_va_space", text, sizeof(text));
	if (!in_child(fix_addresses)) {
		SAY(result, "can be switched off for a program (randomize_va_space %s)", text);
		return;
	}
	SAY(result, "personality(2) is refused, randomize_va_space is %s", text);
	if (!strcmp(text, "0"))
		return;
	result->state = CHECK_LIMITED;
	result->remedy = "programs that compare or hash addresses may not replay: "
			 "docker run --security-opt seccomp=unconfined";
}

static int pin_to_one(void)
{
	cpu_set_t all, one;
	int cpu;

	if (sched_getaffinity(0, sizeof(all), &all))
		return 1;
	for (cpu = CPU_SETSIZE - 1; cpu > 0 && !CPU_ISSET(cpu, &all); cpu--)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) != 0;
}

static void check_cpus(struct check_result *result)
{
	cpu_set_t cpus;
	int count = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);

	SAY(result, "%d usable, of %ld", count, sysconf(_SC_NPROCESSORS_ONLN));
	if (in_child(pin_to_one)) {
		result->state = CHECK_LIMITED;
		result->remedy =
			"programs cannot be pinned to one CPU: recording is several times slower";
	} else if (count == 1) {
		result->state = CHECK_LIMITED;
		result->remedy =
			"the recorder shares the only CPU with the program: recording is slower";
	}
}

static void check_children(struct check_result *result)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (!access(path, R_OK)) {
		SAY(result, "what a program leaves behind can be found");
		return;
	}
	SAY(result, "the kernel lists no children (CONFIG_PROC_CHILDREN)");
	result->state = CHECK_INFO;
}

static void check_descriptors(struct check_result *result)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	SAY(result, "%llu (at most %llu)", (unsigned long long)limit.rlim_cur,
	    (unsigned long long)limit.rlim_max);
	if (limit.rlim_cur < 64) {
		result->state = CHECK_LIMITED;
		result->remedy = "raise it: ulimit -n 1024";
	}
}

static void check_debugger(struct check_result *result)
{
	char *path;

	if (!elf_find_program("gdb", getenv("PATH"), &path, NULL)) {
		SAY(result, "%.250s", path);
		free(path);
		return;
	}
	SAY(result, "not found");
	result->state = CHECK_LIMITED;
	result->remedy = "replay --gdb needs it: apt-get install gdb";
}

/* What `frontrun cc` becomes; that it can instrument is its own to say. */
static void check_compiler(struct check_result *result)
{
	const char *given = getenv("FRONTRUN_CC"), *name = given && *given ? given : "cc";
	char *path;

	if (!elf_find_program(name, getenv("PATH"), &path, NULL)) {
		SAY(result, "uses %.240s", path);
		free(path);
		return;
	}
	if (given && strchr(given, ' ')) {
		SAY(result, "uses %.240s", given);
		return;
	}
	SAY(result, "%.200s not found", name);
	result->state = CHECK_LIMITED;
	result->remedy = "races on plain memory are found in programs that it builds: "
			 "apt-get install gcc, or name a compiler with FRONTRUN_CC";
}

static void check_ptrace(struct check_result *result)
{
	char text[16];

	if (!read_line("/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text))) {
		SAY(result, "not restricted");
		return;
	}
	SAY(result, "ptrace_scope %s", text);
	if (!strcmp(text, "0") || (!geteuid() && strcmp(text, "3")))
		return;
	result->state = CHECK_LIMITED;
	result->remedy = "replay --gdb cannot attach: sysctl kernel.yama.ptrace_scope=0";
}

static void check_container(struct check_result *result)
{
	static const char *const marks[][2] = {
		{ "/.dockerenv", "Docker" },
		{ "/run/.containerenv", "Podman" },
		{ "/run/systemd/container", "systemd-nspawn or another container" },
		{ "/var/run/secrets/kubernetes.io", "Kubernetes" },
	};
	size_t i;

	result->state = CHECK_INFO;
	for (i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (!access(marks[i][0], F_OK)) {
			SAY(result, "%s", marks[i][1]);
			return;
		}
	}
	SAY(result, "none that is known");
}

static void check_fsgsbase(struct check_result *result)
{
	/* HWCAP2_FSGSBASE, arch/x86/include/uapi/asm/hwcap2.h */
	SAY(result, getauxval(AT_HWCAP2) & 2 ? "available" : "not available");
	result->state = CHECK_INFO;
}

static void check_userfaultfd(struct check_result *result)
{
	/* linux/userfaultfd.h of older systems lacks the flag and the feature. */
	enum { USER_MODE_ONLY = 1, WP_ASYNC = 1 << 15 };
	struct {
		uint64_t api, features, ioctls;
	} request = { .api = 0xAA };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | USER_MODE_ONLY);

	result->state = CHECK_INFO;
	if (fd < 0) {
		SAY(result, "userfaultfd(2): %s", strerror(errno));
		return;
	}
	if (ioctl(fd, _IOWR(0xAA, 0x3F, request), &request))
		SAY(result, "userfaultfd(2): %s", strerror(errno));
	else
		SAY(result,
		    request.features & WP_ASYNC ? "available" : "userfaultfd(2) without WP_ASYNC");
	close(fd);
}

static void check_landlock(struct check_result *result)
{
	long version = syscall(444 /* landlock_create_ruleset */, NULL, 0, 1 /* VERSION */);

	result->state = CHECK_INFO;
	if (version < 0)
		SAY(result, "not available: %s", strerror(errno));
	else
		SAY(result, "ABI %ld", version);
}

const struct check checks[] = {
	{ "runtime library", check_runtime },
	{ "kernel", check_kernel },
	{ "C library", check_libc },
	{ "shared memory", check_region },
	{ "system call filter", check_filter },
	{ "address randomisation", check_addresses },
	{ "CPUs", check_cpus },
	{ "orphan processes", check_children },
	{ "open files", check_descriptors },
	{ "gdb", check_debugger },
	{ "attaching gdb", check_ptrace },
	{ "frontrun cc", check_compiler },
	{ "container", check_container },
	{ "FSGSBASE", check_fsgsbase },
	{ "write tracking", check_userfaultfd },
	{ "Landlock", check_landlock },
};

const size_t checks_count = sizeof(checks) / sizeof(*checks);
