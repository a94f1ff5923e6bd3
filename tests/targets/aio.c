/*
 * POSIX asynchronous I/O: libc reads and writes in helper threads of its own; aio_suspend waits for
 * them, lio_listio for several, and a notification by thread.
 */
#include <aio.h>
#include <semaphore.h>
#include <signal.h>
#include "tests/targets/check.h"

static sem_t notified;

static void notify(union sigval value)
{
	CHECK(aio_error(value.sival_ptr) == 0);
	CHECK(sem_post(&notified) == 0);
}

static ssize_t finish(struct aiocb *cb)
{
	const struct aiocb *list[] = { cb };

	while (aio_error(cb) == EINPROGRESS)
		CHECK(aio_suspend(list, 1, NULL) == 0 || errno == EINTR);
	return aio_return(cb);
}

int main(void)
{
	char path[] = "/tmp/target-aio-XXXXXX", in[2][8] = { "", "" }, piped[8] = "";
	int fd = mkstemp(path), pipe_fd[2];
	struct aiocb out = { .aio_fildes = fd, .aio_buf = (void *)"abcdefgh", .aio_nbytes = 8 };
	struct aiocb first = { .aio_fildes = fd, .aio_buf = in[0], .aio_nbytes = 4 };
	struct aiocb second = { .aio_fildes = fd, .aio_buf = in[1], .aio_nbytes = 4 };
	struct aiocb *both[] = { &first, &second };
	struct aiocb waits = { .aio_buf = piped, .aio_nbytes = 8 };

	CHECK(fd >= 0 && unlink(path) == 0 && pipe(pipe_fd) == 0);
	CHECK(sem_init(&notified, 0, 0) == 0);
	out.aio_sigevent.sigev_notify = SIGEV_THREAD;
	out.aio_sigevent.sigev_notify_function = notify;
	out.aio_sigevent.sigev_value.sival_ptr = &out;
	CHECK(aio_write(&out) == 0);
	while (sem_wait(&notified) == -1)
		CHECK(errno == EINTR);
	CHECK(finish(&out) == 8);

	second.aio_offset = 4;
	first.aio_lio_opcode = second.aio_lio_opcode = LIO_READ;
	first.aio_sigevent.sigev_notify = second.aio_sigevent.sigev_notify = SIGEV_NONE;
	CHECK(lio_listio(LIO_WAIT, both, 2, NULL) == 0);
	CHECK(aio_return(&first) == 4 && memcmp(in[0], "abcd", 4) == 0);
	CHECK(aio_return(&second) == 4 && memcmp(in[1], "efgh", 4) == 0);

	waits.aio_fildes = pipe_fd[0];
	waits.aio_sigevent.sigev_notify = SIGEV_NONE;
	CHECK(aio_read(&waits) == 0 && aio_error(&waits) == EINPROGRESS);
	CHECK(write(pipe_fd[1], "late", 4) == 4);
	CHECK(finish(&waits) == 4 && memcmp(piped, "late", 4) == 0);
	return check_done(__FILE__);
}
