/*
 * The fork server in the target, see server.h. It waits in a futex of the region and in wait4(2),
 * both by raw system calls; between two runs it changes nothing in its own memory but what it knows
 * of stack frames, so all runs start from the same state. What belongs to one run in the region is
 * reset by the CLI.
 */
#include "preload/server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/decide.h"
#include "preload/interpose.h"
#include "preload/interpreter.h"
#include "preload/log.h"
#include "preload/memory/access.h"
#include "preload/raw.h"
#include "preload/server_fit.h"
#include "preload/server_pipe.h"
#include "preload/thread_state.h"
#include "preload/trap.h"
#include "preload/warm.h"

#define KERNEL_SIGSET 8 /* bytes */
#define CHILD_BIT (1ull << (SIGCHLD - 1))

static bool is_run;

/* rt_sigaction(2), the kernel's own structure. */
struct child_action {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

static struct child_action child_action; /* of the program, for SIGCHLD */
static uint64_t program_mask;

bool server_is_run(void)
{
	return is_run;
}

void server_end_run(void)
{
	if (is_run)
		raw(SYS_exit_group, 125);
}

/*
 * The ends of runs are the server's own business: no handler of the program sees them, and they are
 * not reaped behind its back (SIG_IGN).
 */
static void take_child_signal(void)
{
	struct child_action action;
	uint64_t block = CHILD_BIT;

	raw(SYS_rt_sigprocmask, SIG_BLOCK, &block, &program_mask, KERNEL_SIGSET);
	raw(SYS_rt_sigaction, SIGCHLD, 0, &child_action, KERNEL_SIGSET);
	action = child_action;
	action.handler = (uint64_t)SIG_DFL;
	raw(SYS_rt_sigaction, SIGCHLD, &action, 0, KERNEL_SIGSET);
}

static void give_child_signal_back(void)
{
	raw(SYS_rt_sigaction, SIGCHLD, &child_action, 0, KERNEL_SIGSET);
	raw(SYS_rt_sigprocmask, SIG_SETMASK, &program_mask, 0, KERNEL_SIGSET);
}

/* Stands ready for the next run until the CLI answers. */
static uint32_t ask(void)
{
	struct region_server *server = &region->server;
	uint32_t number = server->asked + 1, granted;

	/* A run that was killed may have left a question there. */
	region->mailbox.state = 0;
	server->pid = 0;
	__atomic_store_n(&server->asked, number, __ATOMIC_SEQ_CST);
	log_ring_doorbell();
	while ((granted = __atomic_load_n(&server->granted, __ATOMIC_SEQ_CST)) != number)
		raw(SYS_futex, &server->granted, FUTEX_WAIT, granted, 0, 0, 0);
	return server->order;
}

/* The children of the server, each a run's that outlived it; how many were killed. */
static uint32_t kill_orphans(void)
{
	char text[4096];
	uint32_t killed = 0;
	siginfo_t info;
	long fd, n, i, pid;

	while (raw(SYS_waitid, P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL, 0) !=
	       -ECHILD) {
		fd = raw(SYS_open, "/proc/thread-self/children", O_RDONLY | O_CLOEXEC, 0);
		n = fd < 0 ? 0 : raw(SYS_read, fd, text, sizeof text);
		if (fd >= 0)
			raw(SYS_close, fd);
		for (i = pid = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
			} else if (pid) {
				killed += raw(SYS_kill, pid, SIGKILL) == 0;
				pid = 0;
			}
		}
		if (raw(SYS_wait4, -1, 0, n > 0 ? __WALL : __WALL | WNOHANG, 0) == 0)
			return killed; /* no list of children in this kernel: they stay */
	}
	return killed;
}

/*
 * The end is announced while the process is still a zombie: as long as its pid stands in the
 * region, it names no other process.
 */
static void wait_for_run(long pid)
{
	struct region_server *server = &region->server;
	int status = 0;
	siginfo_t info;

	while (raw(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT | __WALL, 0) == -EINTR)
		;
	__atomic_store_n(&server->pid, 0, __ATOMIC_SEQ_CST);
	raw(SYS_wait4, pid, &status, __WALL, 0);
	server->wait_status = status;
	server->killed = kill_orphans();
}

/* In the process of a run: it is the program from here on. */
static void begin_run(struct lane *me)
{
	uint32_t pid = (uint32_t)raw(SYS_getpid);

	raw(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	give_child_signal_back();
	server_pipe_open();
	is_run = true;
	me->tid = pid;
	region->lane[me->slot].tid = pid;
	region->process[process_index].pid = pid;
	decide_restart();
	memory_run();
	interpreter_run();
}

static void serve(struct lane *me)
{
	struct region_server *server = &region->server;

	server->unfit = server_fit_look(server->detail, sizeof server->detail);
	raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	take_child_signal();
	if (server->unfit == UNFIT_NONE) {
		server_pipe_hold();
		warm_memory();
		log_note_walks();
	}
	for (;;) {
		uint32_t order = ask();
		long pid;

		if (order == SERVER_QUIT)
			raw(SYS_exit_group, 0);
		if (order == SERVER_ONCE) {
			raw(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
			give_child_signal_back();
			server_pipe_open();
			decide_restart();
			memory_run();
			interpreter_run();
			return;
		}
		server_fit_restore();
		/* Without the program's atfork handlers: it is meant not to notice. */
		pid = _Fork();
		if (pid == 0) {
			begin_run(me);
			return;
		}
		server->error = pid < 0 ? errno : 0;
		if (pid < 0)
			continue;
		server->pid = (uint32_t)pid;
		wait_for_run(pid);
		log_learn_walks();
	}
}

void server_fork_point(struct lane *me)
{
	uint32_t flags = decide_run()->flags;

	if (flags & PLAN_RUN_FLUSH)
		fflush(NULL);
	if (!(flags & PLAN_RUN_SERVER))
		return;
	trap_start(me, true);
	serve(me);
}
