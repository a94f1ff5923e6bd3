/*
 * system and popen as their manual pages say: statuses, a shell that does not exist for them alone,
 * signals that the child does not inherit as ignored, SIGCHLD kept back meanwhile, and that closing
 * a stream waits for its child.
 */
#include <signal.h>
#include <sys/wait.h>
#include "tests/targets/check.h"

static volatile sig_atomic_t ended;

static void on_child(int number)
{
	(void)number;
	ended++;
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_RESTART };
	int (*volatile closing)(FILE *) = fclose; /* which libc lets do as pclose does */
	char line[64];
	FILE *stream;
	int status;

	CHECK(sigaction(SIGCHLD, &action, NULL) == 0);
	CHECK(system(NULL) != 0);
	CHECK(system("exit 3") == 3 << 8);
	status = system("kill -INT $$; exit 5");
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	CHECK(system("kill -QUIT $$ 2>/dev/null; exit 5") != 5 << 8);
	CHECK(sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
	CHECK(system("kill -CHLD $PPID") == 0 && ended > 0);
	stream = popen("cat >&2", "w");
	CHECK(stream && fputs("through cat\n", stream) >= 0);
	CHECK(closing(stream) == 0);
	stream = popen("echo one; exit 4", "r");
	CHECK(stream && fgets(line, sizeof(line), stream) && strcmp(line, "one\n") == 0);
	CHECK(pclose(stream) == 4 << 8);
	CHECK(!popen("true", "x") && errno == EINVAL);
	return check_done(__FILE__);
}
