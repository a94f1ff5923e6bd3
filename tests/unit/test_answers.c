/*
 * preload/answers.c: what is written down of a call is what is given back, into the memory that the
 * program offers and no further.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "preload/answers.h"

/* What was walked over: bytes in order. */
struct tape {
	uint8_t bytes[4096];
	size_t length, at;
};

static void keep(void *self, void *bytes, uint64_t length)
{
	struct tape *tape = self;

	assert_true(tape->length + length <= sizeof(tape->bytes));
	memcpy(tape->bytes + tape->length, bytes, length);
	tape->length += length;
}

static void give(void *self, void *bytes, uint64_t length)
{
	struct tape *tape = self;

	assert_true(tape->at + length <= tape->length);
	memcpy(bytes, tape->bytes + tape->at, length);
	tape->at += length;
}

static bool kept(struct tape *tape, long number, const long a[6], long result)
{
	tape->length = tape->at = 0;
	return answers_got(answers_row(number), number, a, result, false, keep, tape);
}

static bool given(struct tape *tape, long number, const long a[6], long result)
{
	answers_before(answers_row(number), a);
	return answers_got(answers_row(number), number, a, result, true, give, tape);
}

static void reading(void **state)
{
	static struct tape tape;
	char from[16] = "sixteen letters", to[16] = "";
	long a[6] = { 3, (long)from, sizeof(from) };

	(void)state;
	assert_true(kept(&tape, SYS_read, a, 9));
	assert_int_equal(tape.length, 9);
	a[1] = (long)to;
	assert_true(given(&tape, SYS_read, a, 9));
	assert_memory_equal(to, "sixteen l", 9);
	assert_int_equal(to[9], 0);
}

static void spread_over_a_vector(void **state)
{
	static struct tape tape;
	char from[6] = "abcdef", one[2] = "", two[3] = "", three[3] = "";
	struct iovec source = { from, 6 }, parts[3] = { { one, 2 }, { two, 3 }, { three, 3 } };
	long a[6] = { 3, (long)&source, 1 };

	(void)state;
	assert_true(kept(&tape, SYS_readv, a, 6));
	a[1] = (long)parts;
	a[2] = 3;
	assert_true(given(&tape, SYS_readv, a, 6));
	assert_memory_equal(one, "ab", 2);
	assert_memory_equal(two, "cde", 3);
	assert_memory_equal(three, "f\0\0", 3);
}

/* A trace may say anything: results and lengths beyond the room write nothing behind it. */
static void no_more_than_there_is_room(void **state)
{
	static struct tape tape;
	struct {
		char bytes[16], behind[16];
	} memory = { "", "untouched" };
	struct iovec vector = { memory.bytes, 16 };
	struct pollfd fds[1] = { { 0 } };
	struct epoll_event events[1];
	uint32_t length = 4, huge = UINT32_MAX;
	long read_16[6] = { 3, (long)memory.bytes, 16 }, read_0[6] = { 3, (long)memory.bytes, 0 };
	long readv[6] = { 3, (long)&vector, 1 }, poll[6] = { (long)fds, 1, 0 };
	long epoll[6] = { 3, (long)events, 1, 0 },
	     name[6] = { 3, (long)memory.bytes, (long)&length };
	long xattr[6] = { (long)"f", (long)"user.a", (long)memory.bytes, 0 };

	(void)state;
	tape.length = sizeof(tape.bytes);
	memset(tape.bytes, 'x', sizeof(tape.bytes));
	tape.at = 0;
	assert_false(given(&tape, SYS_read, read_16, 17));
	assert_false(given(&tape, SYS_read, read_0, 1));
	assert_false(given(&tape, SYS_readv, readv, 4000));
	assert_false(given(&tape, SYS_poll, poll, 2));
	assert_false(given(&tape, SYS_epoll_wait, epoll, 2));
	memcpy(tape.bytes, &huge, sizeof(huge));
	tape.at = 0;
	assert_true(given(&tape, SYS_getsockname, name, 0));
	assert_int_equal(tape.at, sizeof(huge) + 4);
	assert_string_equal(memory.behind, "untouched");
	/* A length alone is no answer to a question for bytes, but to this one it is. */
	assert_true(given(&tape, SYS_getxattr, xattr, 100));
}

static void messages(void **state)
{
	static struct tape tape;
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = 7 }, to = { 0 };
	char text[5] = "hello", got[5] = "", control[8] = "";
	struct iovec source = { text, 5 }, target = { got, 5 };
	struct msghdr kept_message = { &from, sizeof(from), &source, 1, NULL, 0, MSG_EOR };
	struct msghdr message = { &to, sizeof(to), &target, 1, control, sizeof(control), 0 };
	long a[6] = { 3, (long)&kept_message, 0 };

	(void)state;
	answers_before(answers_row(SYS_recvmsg), a);
	assert_true(kept(&tape, SYS_recvmsg, a, 5));
	a[1] = (long)&message;
	assert_true(given(&tape, SYS_recvmsg, a, 5));
	assert_memory_equal(got, "hello", 5);
	assert_int_equal(to.sin_port, 7);
	assert_int_equal(message.msg_flags, MSG_EOR);
	assert_int_equal(message.msg_controllen, 0);
}

/* The value of an event is the program's, and may be another pointer in a replay. */
static void events_by_descriptor(void **state)
{
	static struct tape tape;
	struct epoll_event events[2];
	long a[6] = { 5, (long)events, 2 };

	(void)state;
	answers_register(5, 8, 0x1000, false);
	answers_register(5, 9, 0x2000, false);
	events[0].events = EPOLLIN;
	events[0].data.u64 = 0x2000;
	assert_true(kept(&tape, SYS_epoll_wait, a, 1));
	answers_register(5, 9, 0x3000, false);
	memset(events, 0, sizeof(events));
	assert_true(given(&tape, SYS_epoll_wait, a, 1));
	assert_int_equal(events[0].events, EPOLLIN);
	assert_int_equal(events[0].data.u64, 0x3000);
	answers_register(5, 8, 0, true);
	answers_register(5, 9, 0, true);
}

static struct tape sent_by(long number, const long a[6])
{
	struct tape tape = { .length = 0 };

	answers_sent(answers_row(number), a, keep, &tape);
	return tape;
}

/* Padding holds whatever was there before, and is not compared. */
static void addresses_without_padding(void **state)
{
	struct sockaddr_un one = { .sun_family = AF_UNIX, .sun_path = "/run/x" }, other = one;
	struct sockaddr_in net = { .sin_family = AF_INET };
	long a[6] = { 3, (long)&one, sizeof(one) };
	struct tape first, second;

	(void)state;
	memset(other.sun_path + 8, 'z', 20);
	first = sent_by(SYS_connect, a);
	a[1] = (long)&other;
	second = sent_by(SYS_connect, a);
	assert_int_equal(first.length, offsetof(struct sockaddr_un, sun_path) + 6);
	assert_int_equal(second.length, first.length);
	assert_memory_equal(first.bytes, second.bytes, first.length);
	a[1] = (long)&net;
	a[2] = sizeof(net);
	first = sent_by(SYS_connect, a);
	assert_int_equal(first.length, offsetof(struct sockaddr_in, sin_zero));
}

static void failures_bring_nothing(void **state)
{
	static struct tape tape;
	char bytes[4];
	const long a[6] = { 3, (long)bytes, sizeof(bytes) };

	(void)state;
	assert_true(kept(&tape, SYS_read, a, -11));
	assert_int_equal(tape.length, 0);
	assert_null(answers_row(SYS_futex));
	assert_null(answers_row(-1));
	assert_null(answers_row(100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(spread_over_a_vector),
		cmocka_unit_test(no_more_than_there_is_room),
		cmocka_unit_test(messages),
		cmocka_unit_test(events_by_descriptor),
		cmocka_unit_test(addresses_without_padding),
		cmocka_unit_test(failures_bring_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
