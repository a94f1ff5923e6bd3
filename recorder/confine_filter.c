/*
 * The system call filter of a confined program, see confine.h: a table of what is refused, and why.
 * The trap filter (filter.c) lies above it and wins, so what libc does for itself comes to the
 * scheduler first, and then here.
 *
 * What the kernel cannot read for a filter (structures that arguments point to) is refused as a
 * whole with ENOSYS, for which libc has another way: clone3(2), openat2(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "recorder/alloc.h"
#include "recorder/confine.h"
#include "recorder/filter.h"

/* The version of Landlock that makes a row needless. */
enum {
	BEFORE_FILES = 1,
	BEFORE_TRUNCATE = 3, /* LANDLOCK_ACCESS_FS_TRUNCATE */
	BEFORE_SIGNALS = 6,  /* LANDLOCK_SCOPE_SIGNAL */
};

#define KERNEL_KNOWN 450 /* set_mempolicy_home_node, Linux 5.17: newer calls than that are ENOSYS */

struct refusal {
	int call;
	int error;
	unsigned before; /* 0: always */
	bool ipc;        /* harmless with an IPC namespace of its own */
	unsigned conditions;
	struct scmp_arg_cmp condition[2]; /* all of them must hold */
};

/* clang-format off */
#define REFUSE(name) { .call = SCMP_SYS(name), .error = EPERM }
#define REFUSE_IPC(name) { .call = SCMP_SYS(name), .error = EPERM, .ipc = true }
#define REFUSE_BEFORE(version, name) { .call = SCMP_SYS(name), .error = EPERM, .before = version }
#define REFUSE_IF(name, ...) \
	{ .call = SCMP_SYS(name), .error = EPERM, .conditions = 1, .condition = { __VA_ARGS__ } }
#define REFUSE_IF_BOTH(name, ...) \
	{ .call = SCMP_SYS(name), .error = EPERM, .conditions = 2, .condition = { __VA_ARGS__ } }
#define REFUSE_IF_BEFORE(version, name, ...) \
	{ .call = SCMP_SYS(name), .error = EPERM, .before = version, \
	  .conditions = 1, .condition = { __VA_ARGS__ } }
#define NO_SUCH(name) { .call = SCMP_SYS(name), .error = ENOSYS }
#define NO_SUCH_BEFORE(version, name) \
	{ .call = SCMP_SYS(name), .error = ENOSYS, .before = version }
/* clang-format on */

/* The kernel looks at the lower half of an int only, so must we. */
#define INT 0xffffffffu
#define HAS(argument, bit)                             \
	{                                              \
		argument, SCMP_CMP_MASKED_EQ, bit, bit \
	}
#define IS(argument, value)                              \
	{                                                \
		argument, SCMP_CMP_MASKED_EQ, INT, value \
	}
#define READ_AND_TRUNCATE(argument)                                        \
	{                                                                  \
		argument, SCMP_CMP_MASKED_EQ, O_TRUNC | O_ACCMODE, O_TRUNC \
	}

#define TYPE 0xfu /* of a socket: SOCK_CLOEXEC and SOCK_NONBLOCK lie above */
#define TEMPORARY (__O_TMPFILE & ~O_DIRECTORY)

static const struct refusal refusals[] = {
	/*
	 * The network, and sockets of other programs. Pairs of stream sockets stay: they reach
	 * nobody else, while datagrams could be sent to any address.
	 */
	REFUSE(socket),
	REFUSE(connect),
	REFUSE(bind),
	REFUSE(listen),
	REFUSE(accept),
	REFUSE(accept4),
	REFUSE_IF(socketpair, { 0, SCMP_CMP_NE, AF_UNIX, 0 }),
	REFUSE_IF(socketpair, { 1, SCMP_CMP_MASKED_EQ, TYPE, SOCK_DGRAM }),
	REFUSE_IF(socketpair, { 1, SCMP_CMP_MASKED_EQ, TYPE, SOCK_RAW }),
	REFUSE_IF(sendto, { 4, SCMP_CMP_NE, 0, 0 }),
	/* System V and POSIX objects of other programs of the same user. */
	REFUSE_IPC(shmget),
	REFUSE_IPC(shmat),
	REFUSE_IPC(shmctl),
	REFUSE_IPC(semget),
	REFUSE_IPC(semop),
	REFUSE_IPC(semtimedop),
	REFUSE_IPC(semctl),
	REFUSE_IPC(msgget),
	REFUSE_IPC(msgsnd),
	REFUSE_IPC(msgrcv),
	REFUSE_IPC(msgctl),
	REFUSE_IPC(mq_open),
	REFUSE_IPC(mq_unlink),
	/* Other processes: their memory, their descriptors, their limits and places. */
	REFUSE_BEFORE(BEFORE_FILES, ptrace), /* LeakSanitizer looks at its own threads so */
	REFUSE_BEFORE(BEFORE_FILES, process_vm_readv),
	REFUSE_BEFORE(BEFORE_FILES, process_vm_writev),
	REFUSE_BEFORE(BEFORE_FILES, pidfd_getfd),
	REFUSE_BEFORE(BEFORE_FILES, kcmp),
	REFUSE_IF(ptrace, IS(0, PTRACE_TRACEME)), /* its parent is the guardian */
	REFUSE(process_madvise),
	REFUSE(process_mrelease),
	REFUSE(pidfd_send_signal),
	REFUSE(move_pages),
	REFUSE(migrate_pages),
	REFUSE(perf_event_open),
	REFUSE_IF_BOTH(prlimit64, { 0, SCMP_CMP_NE, 0, 0 }, { 2, SCMP_CMP_NE, 0, 0 }),
	/* Who runs when, which could stop the machine (SCHED_FIFO) or another program. */
	REFUSE(sched_setattr),
	REFUSE(sched_setparam),
	REFUSE(sched_setscheduler),
	REFUSE(ioprio_set),
	REFUSE_IF(setpriority, { 0, SCMP_CMP_NE, 0, 0 }), /* PRIO_PROCESS is 0 */
	REFUSE_IF(setpriority, { 1, SCMP_CMP_NE, 0, 0 }),
	/* pthread_setaffinity_np(3) must seem to work; threads are on one CPU anyway. */
	{ .call = SCMP_SYS(sched_setaffinity),
	  .error = 0,
	  .conditions = 1,
	  .condition = { { 0, SCMP_CMP_NE, 0, 0 } } },
	/* Signals to others, where Landlock does not look after them. */
	REFUSE_IF_BEFORE(BEFORE_SIGNALS, kill, { 0, SCMP_CMP_NE, CONFINE_PID, 0 }),
	REFUSE_IF_BEFORE(BEFORE_SIGNALS, tgkill, { 0, SCMP_CMP_NE, CONFINE_PID, 0 }),
	REFUSE_IF_BEFORE(BEFORE_SIGNALS, rt_sigqueueinfo, { 0, SCMP_CMP_NE, CONFINE_PID, 0 }),
	REFUSE_IF_BEFORE(BEFORE_SIGNALS, rt_tgsigqueueinfo, { 0, SCMP_CMP_NE, CONFINE_PID, 0 }),
	REFUSE_BEFORE(BEFORE_SIGNALS, tkill),
	REFUSE_IF_BEFORE(BEFORE_SIGNALS, fcntl, IS(1, F_SETOWN)),
	REFUSE_IF_BEFORE(BEFORE_SIGNALS, fcntl, IS(1, F_SETOWN_EX)),
	/* Holding up others who open a file. */
	REFUSE_IF(fcntl, IS(1, F_SETLEASE)),
	REFUSE(fanotify_init),
	/* What belongs to a file beside its content: Landlock does not look after it. */
	REFUSE(chmod),
	REFUSE(fchmod),
	REFUSE(fchmodat),
	REFUSE(chown),
	REFUSE(lchown),
	REFUSE(fchown),
	REFUSE(fchownat),
	REFUSE(utime),
	REFUSE(utimes),
	REFUSE(futimesat),
	REFUSE(utimensat),
	REFUSE(setxattr),
	REFUSE(lsetxattr),
	REFUSE(fsetxattr),
	REFUSE(removexattr),
	REFUSE(lremovexattr),
	REFUSE(fremovexattr),
	REFUSE(open_by_handle_at),
	REFUSE(quotactl),
	REFUSE(quotactl_fd),
	/* The fourth way to open a file, for commands to devices alone (open(2), Notes). */
	REFUSE_IF(open, HAS(1, O_ACCMODE)),
	REFUSE_IF(openat, HAS(2, O_ACCMODE)),
	/* Changing files, where Landlock does not look after it. */
	REFUSE_BEFORE(BEFORE_TRUNCATE, truncate),
	REFUSE_IF_BEFORE(BEFORE_TRUNCATE, open, READ_AND_TRUNCATE(1)),
	REFUSE_IF_BEFORE(BEFORE_TRUNCATE, openat, READ_AND_TRUNCATE(2)),
	NO_SUCH_BEFORE(BEFORE_TRUNCATE, openat2),
	REFUSE_IF_BEFORE(BEFORE_FILES, open, HAS(1, O_WRONLY)),
	REFUSE_IF_BEFORE(BEFORE_FILES, open, HAS(1, O_RDWR)),
	REFUSE_IF_BEFORE(BEFORE_FILES, open, HAS(1, O_CREAT)),
	REFUSE_IF_BEFORE(BEFORE_FILES, open, HAS(1, TEMPORARY)),
	REFUSE_IF_BEFORE(BEFORE_FILES, openat, HAS(2, O_WRONLY)),
	REFUSE_IF_BEFORE(BEFORE_FILES, openat, HAS(2, O_RDWR)),
	REFUSE_IF_BEFORE(BEFORE_FILES, openat, HAS(2, O_CREAT)),
	REFUSE_IF_BEFORE(BEFORE_FILES, openat, HAS(2, TEMPORARY)),
	REFUSE_BEFORE(BEFORE_FILES, creat),
	REFUSE_BEFORE(BEFORE_FILES, mkdir),
	REFUSE_BEFORE(BEFORE_FILES, mkdirat),
	REFUSE_BEFORE(BEFORE_FILES, mknod),
	REFUSE_BEFORE(BEFORE_FILES, mknodat),
	REFUSE_BEFORE(BEFORE_FILES, rename),
	REFUSE_BEFORE(BEFORE_FILES, renameat),
	REFUSE_BEFORE(BEFORE_FILES, renameat2),
	REFUSE_BEFORE(BEFORE_FILES, link),
	REFUSE_BEFORE(BEFORE_FILES, linkat),
	REFUSE_BEFORE(BEFORE_FILES, symlink),
	REFUSE_BEFORE(BEFORE_FILES, symlinkat),
	REFUSE_BEFORE(BEFORE_FILES, unlink),
	REFUSE_BEFORE(BEFORE_FILES, unlinkat),
	REFUSE_BEFORE(BEFORE_FILES, rmdir),
	/* Terminals: typing for the user, and what changes more than how the terminal looks. */
	REFUSE_IF(ioctl, IS(1, TIOCSTI)),
	REFUSE_IF(ioctl, IS(1, TIOCLINUX)),
	REFUSE_IF(ioctl, IS(1, TIOCCONS)),
	REFUSE_IF(ioctl, IS(1, TIOCSETD)),
	REFUSE(vhangup),
	/* Namespaces and mounts: another view of files would be another meaning of the rules. */
	NO_SUCH(clone3),
	REFUSE_IF(clone, HAS(0, CLONE_NEWNS)),
	REFUSE_IF(clone, HAS(0, CLONE_NEWCGROUP)),
	REFUSE_IF(clone, HAS(0, CLONE_NEWUTS)),
	REFUSE_IF(clone, HAS(0, CLONE_NEWIPC)),
	REFUSE_IF(clone, HAS(0, CLONE_NEWUSER)),
	REFUSE_IF(clone, HAS(0, CLONE_NEWPID)),
	REFUSE_IF(clone, HAS(0, CLONE_NEWNET)),
	REFUSE(unshare),
	REFUSE(setns),
	REFUSE(mount),
	REFUSE(umount2),
	REFUSE(mount_setattr),
	REFUSE(move_mount),
	REFUSE(open_tree),
	REFUSE(fsopen),
	REFUSE(fsconfig),
	REFUSE(fsmount),
	REFUSE(fspick),
	REFUSE(pivot_root),
	REFUSE(chroot),
	/* The kernel's larger surfaces; io_uring makes calls that no filter sees. */
	NO_SUCH(io_uring_setup),
	NO_SUCH(io_uring_enter),
	NO_SUCH(io_uring_register),
	REFUSE(bpf),
	REFUSE(userfaultfd),
	REFUSE(add_key),
	REFUSE(request_key),
	REFUSE(keyctl),
	/* The machine: for root. */
	REFUSE(acct),
	REFUSE(swapon),
	REFUSE(swapoff),
	REFUSE(reboot),
	REFUSE(kexec_load),
	REFUSE(kexec_file_load),
	REFUSE(init_module),
	REFUSE(finit_module),
	REFUSE(delete_module),
	REFUSE(iopl),
	REFUSE(ioperm),
	REFUSE(syslog),
	REFUSE(settimeofday),
	REFUSE(clock_settime),
	REFUSE(clock_adjtime),
	REFUSE(adjtimex),
	REFUSE(sethostname),
	REFUSE(setdomainname),
	REFUSE(nfsservctl),
};

static int add(scmp_filter_ctx context, const struct refusal *row)
{
	return seccomp_rule_add_array(context, SCMP_ACT_ERRNO((uint32_t)row->error), row->call,
				      row->conditions, row->condition);
}

/*
 * Calls that are newer than the table, and requests that are none of a terminal or a descriptor:
 * file systems have some that change a file open for reading (chattr, snapshots).
 */
static const struct sock_filter prefix[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, KERNEL_KNOWN, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 16 /* ioctl */, 0, 4),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
	BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'T' << 8, 1, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
};
#define PREFIX (sizeof(prefix) / sizeof(*prefix))

static int build(scmp_filter_ctx context, unsigned abi, bool own_ipc)
{
	size_t i;
	/* 32-bit and x32 calls have other numbers: there are none. */
	int rc = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));

	if (!rc)
		rc = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (i = 0; !rc && i < sizeof(refusals) / sizeof(*refusals); i++)
		if ((!refusals[i].before || abi < refusals[i].before) &&
		    !(own_ipc && refusals[i].ipc))
			rc = add(context, &refusals[i]);
	return rc;
}

int confine_filter_build(unsigned abi, bool own_ipc, struct sock_filter **program, size_t *count,
			 struct err *err)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	struct sock_filter *body = NULL;
	size_t length = 0;
	int rc = context ? build(context, abi, own_ipc) : -ENOMEM;

	if (!rc)
		rc = filter_export(context, &body, &length);
	seccomp_release(context);
	if (rc)
		return err_set(err, -rc, "cannot compile the filter of a confined program: %s",
			       strerror(-rc));
	*count = PREFIX + length;
	*program = alloc_check(malloc(*count * sizeof(**program)));
	memcpy(*program, prefix, sizeof(prefix));
	memcpy(*program + PREFIX, body, length * sizeof(*body));
	free(body);
	return 0;
}
