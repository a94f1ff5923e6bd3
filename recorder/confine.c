/*
 * Landlock, the scratch directory, and what the child does to itself: see confine.h. The filter is
 * confine_filter.c.
 */
#include "recorder/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <dirent.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recorder/alloc.h"
#include "recorder/tree.h"

/*
 * linux/landlock.h of the build may be older than the kernel of the run: the interface as of
 * version 7, landlock(7).
 */
enum { CALL_CREATE = 444, CALL_ADD = 445, CALL_RESTRICT = 446 };
enum { RULE_PATH = 1, GET_VERSION = 1 };
enum {
	RIGHT_EXECUTE = 1 << 0,
	RIGHT_WRITE = 1 << 1,
	RIGHT_READ = 1 << 2,
	RIGHT_LIST = 1 << 3,
	RIGHT_REMOVE_DIRECTORY = 1 << 4,
	RIGHT_REMOVE = 1 << 5,
	RIGHT_MAKE_CHAR = 1 << 6,
	RIGHT_MAKE_DIRECTORY = 1 << 7,
	RIGHT_MAKE = 1 << 8,
	RIGHT_MAKE_SOCKET = 1 << 9,
	RIGHT_MAKE_FIFO = 1 << 10,
	RIGHT_MAKE_BLOCK = 1 << 11,
	RIGHT_MAKE_LINK = 1 << 12,
	RIGHT_REFER = 1 << 13,    /* version 2: into another directory */
	RIGHT_TRUNCATE = 1 << 14, /* 3 */
	RIGHT_IOCTL = 1 << 15,    /* 5: of devices */
};

#define RIGHTS_READING (RIGHT_EXECUTE | RIGHT_READ | RIGHT_LIST)
#define RIGHTS_FILE (RIGHT_WRITE | RIGHT_READ | RIGHT_TRUNCATE | RIGHT_IOCTL)
#define RIGHTS_SCRATCH                                                                           \
	(RIGHTS_READING | RIGHT_WRITE | RIGHT_TRUNCATE | RIGHT_REMOVE_DIRECTORY | RIGHT_REMOVE | \
	 RIGHT_MAKE_DIRECTORY | RIGHT_MAKE | RIGHT_MAKE_FIFO | RIGHT_MAKE_LINK | RIGHT_REFER)

/* That it may add: a program that does nothing but fork stays within what the guardian can end. */
#define PROCESSES 4096u

struct ruleset {
	uint64_t files, network, scoped;
};

struct path_rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

struct confine {
	unsigned abi;
	bool own_namespaces;
	int rules; /* descriptor of the rule set, -1: no Landlock */
	uint64_t handled;
	rlim_t processes; /* that this user may have */
	struct sock_filter *filter;
	size_t filter_count;
	char *scratch;
};

unsigned confine_landlock(void)
{
	long version = syscall(CALL_CREATE, NULL, 0, GET_VERSION);

	return version > 0 ? (unsigned)version : 0;
}

static struct ruleset everything(unsigned abi)
{
	static const unsigned bits[] = { 0, 13, 14, 15, 15, 16 };
	struct ruleset all = { 0 };

	all.files = (1ull << bits[abi < 5 ? abi : 5]) - 1;
	if (abi >= 4)
		all.network = 3; /* bind and connect, TCP */
	if (abi >= 6)
		all.scoped = 3; /* abstract sockets, signals */
	return all;
}

/* 0, or negative errno. What the kernel does not know it does not forbid either. */
static int allow(const struct confine *confine, int fd, uint64_t rights)
{
	struct path_rule rule = { .rights = rights & confine->handled, .fd = fd };

	return syscall(CALL_ADD, confine->rules, RULE_PATH, &rule, 0) ? -errno : 0;
}

static int allow_path(const struct confine *confine, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = allow(confine, fd, rights);
	close(fd);
	return rc;
}

/* The standard streams by their names, too: "echo >/dev/stderr". */
static void allow_streams(const struct confine *confine)
{
	struct stat status;
	int fd, flags;

	for (fd = 0; fd <= STDERR_FILENO; fd++) {
		flags = fcntl(fd, F_GETFL);
		if (flags < 0 || fstat(fd, &status) || S_ISDIR(status.st_mode))
			continue;
		/* Pipes are no files of a directory: they need no rule, and take none. */
		allow(confine, fd,
		      (flags & O_ACCMODE) == O_RDONLY ? RIGHT_READ | RIGHT_IOCTL : RIGHTS_FILE);
	}
}

static int make_rules(struct confine *confine, struct err *err)
{
	static const char *const devices[] = {
		"/dev/null",
		"/dev/zero",
		"/dev/full",
		"/dev/tty",
	};
	const struct ruleset all = everything(confine->abi);
	size_t size = confine->abi >= 6   ? sizeof(all)
		      : confine->abi >= 4 ? offsetof(struct ruleset, scoped)
					  : offsetof(struct ruleset, network);
	size_t i;
	int rc;

	confine->handled = all.files;
	confine->rules = (int)syscall(CALL_CREATE, &all, size, 0);
	rc = confine->rules < 0 ? -errno : allow_path(confine, "/", RIGHTS_READING);
	if (!rc)
		rc = allow_path(confine, confine->scratch, RIGHTS_SCRATCH);
	if (rc)
		return err_set(err, CONFINE_ERR_KERNEL, "cannot make rules for Landlock: %s",
			       strerror(-rc));
	for (i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		allow_path(confine, devices[i], RIGHTS_FILE);
	allow_streams(confine);
	return 0;
}

static int make_scratch(struct confine *confine, struct err *err)
{
	const char *where = getenv("TMPDIR");
	char *path, *real;

	alloc_check(asprintf(&path, "%s/frontrun-replay-XXXXXX", where && *where ? where : "/tmp") <
				    0
			    ? NULL
			    : path);
	if (!mkdtemp(path)) {
		err_set(err, errno, "cannot make a temporary directory %s: %s (set TMPDIR)", path,
			strerror(errno));
		free(path);
		return -err->code;
	}
	real = realpath(path, NULL);
	confine->scratch = real ? real : path;
	if (real)
		free(path);
	return 0;
}

/* Threads of this user, as RLIMIT_NPROC counts them. */
static rlim_t count_processes(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	struct stat status;
	char path[300];
	rlim_t count = 0;

	while (proc && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/task", entry->d_name);
		/* A directory has two links more than it has directories in it. */
		if (*entry->d_name >= '1' && *entry->d_name <= '9' && !stat(path, &status) &&
		    status.st_uid == getuid())
			count += status.st_nlink - 2;
	}
	if (proc)
		closedir(proc);
	return count;
}

static bool has_capability(unsigned number)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	return !syscall(SYS_capget, &head, data) &&
	       data[number / 32].effective & (1u << number % 32);
}

struct confine *confine_new(unsigned most, struct err *err)
{
	struct confine *confine = alloc_check(calloc(1, sizeof(*confine)));
	unsigned abi = confine_landlock();

	confine->rules = -1;
	confine->abi = abi < most ? abi : most;
	confine->processes = count_processes() + PROCESSES;
	confine->own_namespaces = has_capability(CAP_SYS_ADMIN);
	if (make_scratch(confine, err) ||
	    confine_filter_build(confine->abi, confine->own_namespaces, &confine->filter,
				 &confine->filter_count, err) ||
	    (confine->abi && make_rules(confine, err))) {
		confine_free(confine);
		return NULL;
	}
	return confine;
}

void confine_free(struct confine *confine)
{
	if (!confine)
		return;
	if (confine->rules >= 0)
		close(confine->rules);
	if (confine->scratch)
		tree_remove(confine->scratch);
	free(confine->scratch);
	free(confine->filter);
	free(confine);
}

const char *confine_scratch(const struct confine *confine)
{
	return confine->scratch;
}

const char *confine_gap(const struct confine *confine, unsigned index)
{
	static const struct {
		unsigned before; /* the version of Landlock that closes it */
		const char *sentence;
	} gaps[] = {
		{ 1, "it can read the memory of your other processes (no Landlock: Linux 5.13 or "
		     "later, with landlock in lsm=)" },
		{ 5, "it can give commands to devices that it may read (Landlock of Linux 6.10 or "
		     "later prevents that)" },
	};
	size_t i;

	for (i = 0; i < sizeof(gaps) / sizeof(*gaps); i++)
		if (confine->abi < gaps[i].before && !index--)
			return gaps[i].sentence;
	return NULL;
}

/*
 * Root without its powers: it still reads all files and becomes another user, as programs that
 * begin as root do.
 */
static int drop_capabilities(void)
{
	static const uint64_t kept = 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_DAC_READ_SEARCH |
				     1ull << CAP_SETUID | 1ull << CAP_SETGID | 1ull << CAP_SETPCAP;
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	int i;

	/* EINVAL behind the last one; EPERM for those who have nothing to drop. */
	for (i = 0; i < 64; i++)
		if (!(kept & 1ull << i))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	if (syscall(SYS_capget, &head, data))
		return -errno;
	for (i = 0; i < 2; i++) {
		data[i].effective &= (uint32_t)(kept >> 32 * i);
		data[i].permitted &= (uint32_t)(kept >> 32 * i);
		data[i].inheritable = 0;
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

int confine_enter(const struct confine *confine)
{
	struct sock_fprog program = { .len = (unsigned short)confine->filter_count,
				      .filter = confine->filter };
	struct rlimit processes;
	int rc;
	size_t i;

	/* The kernel does not apply it to root. */
	if (!getrlimit(RLIMIT_NPROC, &processes) && processes.rlim_cur > confine->processes) {
		processes.rlim_cur = processes.rlim_max = confine->processes;
		setrlimit(RLIMIT_NPROC, &processes);
	}
	/* Ours alone: this is the memory of a forked process. */
	for (i = 0; i < confine->filter_count; i++)
		if (confine->filter[i].k == CONFINE_PID)
			confine->filter[i].k = (uint32_t)getpid();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	if (confine->own_namespaces && unshare(CLONE_NEWNET | CLONE_NEWIPC))
		return -errno;
	rc = drop_capabilities();
	if (rc)
		return rc;
	if (confine->rules >= 0 && syscall(CALL_RESTRICT, confine->rules, 0))
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) ? -errno : 0;
}
