/*
 * Builds the system call filter, see filter.h. The filter is not installed here: an interposed
 * function of the runtime makes the same calls from its own text, where they are allowed.
 */
#include "recorder/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder/alloc.h"

/*
 * What may block in the kernel, and what libc uses to reach its own signal bookkeeping. Not preadv
 * and pwritev: they act on seekable files only.
 */
static const int calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(connect),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(wait4),
	SCMP_SYS(waitid),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(flock),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(pause),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(msgrcv),
	SCMP_SYS(msgsnd),
	SCMP_SYS(semop),
	SCMP_SYS(semtimedop),
	SCMP_SYS(mq_timedsend),
	SCMP_SYS(mq_timedreceive),
};

static const unsigned lock_commands[] = { F_SETLKW, F_OFD_SETLKW };

static const unsigned futex_operations[] = {
	FUTEX_WAIT,        FUTEX_WAKE,        FUTEX_REQUEUE,
	FUTEX_CMP_REQUEUE, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET,
};

/* FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME lie above. */
#define FUTEX_OPERATION 127u

/* What brings in something from the outside. Of fcntl all, of mmap only what maps a file. */
static const struct {
	int call;
	const char *sort;
} answered[] = {
#define ANSWER(call, count, addresses, sort, name, sent, got) { SCMP_SYS(call), #sort },
#include "formats/answers.def"
#undef ANSWER
};

static int add_answers(scmp_filter_ctx context)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(answered) / sizeof(*answered); i++) {
		if (!strcmp(answered[i].sort, "CHILD"))
			continue; /* made by interposers, and never by a handler of a signal */
		if (answered[i].call == SCMP_SYS(mmap))
			rc = seccomp_rule_add(context, SCMP_ACT_TRAP, SCMP_SYS(mmap), 1,
					      SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, 0));
		else
			rc = seccomp_rule_add(context, SCMP_ACT_TRAP, answered[i].call, 0);
		if (rc == -EEXIST)
			rc = 0;
	}
	return rc;
}

/* What a child could write to the standard streams by; masks, as a blocked SIGSYS kills. */
static const int child_calls[] = {
	SCMP_SYS(write),          SCMP_SYS(writev),       SCMP_SYS(sendfile),
	SCMP_SYS(splice),         SCMP_SYS(tee),          SCMP_SYS(copy_file_range),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(ppoll),          SCMP_SYS(pselect6),     SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
};

static int add_child_rules(scmp_filter_ctx context)
{
	size_t i;
	int rc = 0;

	for (i = 0; !rc && i < sizeof(child_calls) / sizeof(*child_calls); i++)
		rc = seccomp_rule_add(context, SCMP_ACT_TRAP, child_calls[i], 0);
	return rc;
}

static int add_rules(scmp_filter_ctx context, enum filter_kind kind)
{
	bool answers = kind == FILTER_ANSWERS;
	size_t i;
	int rc;

	if (kind == FILTER_CHILD)
		return add_child_rules(context);
	rc = answers ? add_answers(context) : 0;
	if (rc)
		return rc;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		rc = seccomp_rule_add(context, SCMP_ACT_TRAP, calls[i], 0);
		if (rc && rc != -EEXIST)
			return rc;
	}
	/* The kernel looks at the lower half of an int argument only, so must we. */
	for (i = 0; !answers && i < sizeof(lock_commands) / sizeof(*lock_commands); i++) {
		rc = seccomp_rule_add(context, SCMP_ACT_TRAP, SCMP_SYS(fcntl), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, lock_commands[i]));
		if (rc)
			return rc;
	}
	for (i = 0; i < sizeof(futex_operations) / sizeof(*futex_operations); i++) {
		rc = seccomp_rule_add(context, SCMP_ACT_TRAP, SCMP_SYS(futex), 1,
				      SCMP_A1(SCMP_CMP_MASKED_EQ, FUTEX_OPERATION,
					      futex_operations[i]));
		if (rc)
			return rc;
	}
	return 0;
}

int filter_export(void *context, struct sock_filter **program, size_t *count)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), rc;
	struct stat st;

	if (fd < 0)
		return -errno;
	rc = seccomp_export_bpf(context, fd);
	if (!rc && fstat(fd, &st))
		rc = -errno;
	if (!rc && (st.st_size <= 0 || st.st_size % (off_t)sizeof(**program)))
		rc = -EINVAL;
	if (!rc) {
		*program = alloc_check(malloc((size_t)st.st_size));
		*count = (size_t)st.st_size / sizeof(**program);
		if (pread(fd, *program, (size_t)st.st_size, 0) != st.st_size) {
			free(*program);
			rc = -EIO;
		}
	}
	close(fd);
	return rc;
}

int filter_build(enum filter_kind kind, struct sock_filter **program, size_t *count,
		 struct err *err)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int rc;

	if (!context)
		return err_set(err, ENOMEM, "libseccomp gives no filter");
	rc = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	/* A binary tree by number: most calls of a program are not in the list. */
	if (!rc)
		rc = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!rc)
		rc = add_rules(context, kind);
	if (!rc)
		rc = filter_export(context, program, count);
	seccomp_release(context);
	return rc ? err_set(err, -rc, "cannot compile the system call filter: %s", strerror(-rc))
		  : 0;
}
