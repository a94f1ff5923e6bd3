/*
 * Starting a pager and waiting for it.
 */
#include "replayer/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

unsigned pager_columns(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return columns ? (unsigned)strtoul(columns, NULL, 10) : 0;
}

/* In the child. The user's own $PAGER is a command line for the shell, as everywhere. */
static void run(const char *command, int failed)
{
	signal(SIGPIPE, SIG_DFL);
	setenv("LESS", "FRX", 0);
	if (command && *command)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else
		execlp("less", "less", "-R", (char *)NULL);
	_exit(write(failed, "", 1) == 1 ? 127 : 126);
}

/* True when the child has executed: the descriptor closes without a word. */
static bool has_started(int fd)
{
	char byte;

	return read(fd, &byte, 1) == 0;
}

static bool start(struct pager *pager, const char *command)
{
	int text[2], alive[2];

	if (pipe2(text, O_CLOEXEC) != 0)
		return false;
	if (pipe2(alive, O_CLOEXEC) != 0) {
		close(text[0]);
		close(text[1]);
		return false;
	}
	pager->pid = fork();
	if (pager->pid == 0) {
		dup2(text[0], STDIN_FILENO);
		close(text[0]);
		close(text[1]);
		close(alive[0]);
		run(command, alive[1]);
	}
	close(text[0]);
	close(alive[1]);
	pager->out = pager->pid > 0 && has_started(alive[0]) ? fdopen(text[1], "w") : NULL;
	close(alive[0]);
	if (pager->out)
		return true;
	close(text[1]);
	if (pager->pid > 0)
		waitpid(pager->pid, NULL, 0);
	return false;
}

void pager_begin(struct pager *pager, bool wanted)
{
	*pager = (struct pager){ .out = stdout };
	signal(SIGPIPE, SIG_IGN);
	if (!wanted || !isatty(STDOUT_FILENO))
		return;
	if (start(pager, getenv("PAGER")))
		signal(SIGINT, SIG_IGN); /* the pager's business; it ends us by being left */
	else
		*pager = (struct pager){ .out = stdout };
}

void pager_end(struct pager *pager)
{
	if (!pager->pid)
		return;
	fclose(pager->out);
	while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
