/*
 * What info tells of input: bytes by file and endpoint through descriptors that move, and classes
 * of secrets; no length of a hostile trace leads outside.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cmocka.h>

#include "formats/record.h"
#include "replayer/input.h"

static struct input input;

static int set_up(void **state)
{
	(void)state;
	input_init(&input);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	input_fini(&input);
	return 0;
}

static void add(uint16_t call, int64_t fd, int64_t result, const char *name)
{
	input_add(&input, &(struct trace_answer){
				  .call = call,
				  .args = { fd },
				  .result = result,
				  .name = name,
				  .name_len = name ? strlen(name) : 0,
			  });
}

static const struct input_thing *thing(const char *name)
{
	const struct input_thing *found;

	HASH_FIND(hh, input.things, name, strlen(name), found);
	assert_non_null(found);
	return found;
}

static void descriptors_are_followed(void **state)
{
	(void)state;
	add(SYS_read, 0, 5, NULL);
	add(SYS_openat, -100, 3, "/etc/hosts");
	add(SYS_read, 3, 100, NULL);
	add(SYS_dup, 3, 7, NULL);
	add(SYS_read, 7, 20, NULL);
	add(SYS_close, 3, 0, NULL);
	add(SYS_read, 3, 1000, NULL);
	add(SYS_openat, -100, 3, "/srv");
	add(SYS_openat, 3, 4, "data/x");
	add(SYS_pwrite64, 4, 9, NULL);
	add(SYS_openat, -100, -2, "/missing");
	assert_int_equal(thing("standard input")->in, 5);
	assert_int_equal(thing("/etc/hosts")->in, 120);
	assert_int_equal(thing("/srv/data/x")->out, 9);
	assert_int_equal(input_count(&input, INPUT_FILE), 3);
	assert_int_equal(input.calls, 11);
	assert_int_equal(input.in, 1125);
	assert_int_equal(input.out, 9);
	assert_int_equal(input.by_call[SYS_read].calls, 4);
}

static void endpoints_have_names(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(5432) };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
	struct trace_answer answer = { .call = SYS_connect, .args = { 3 }, .result = -115 };
	struct {
		uint32_t len;
		struct sockaddr_in in;
	} __attribute__((packed)) peer = { sizeof(in), in };

	(void)state;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	answer.sent = &in;
	answer.sent_len = sizeof(in);
	input_add(&input, &answer);
	add(SYS_recvfrom, 3, 30, NULL);
	add(SYS_sendto, 3, 12, NULL);
	answer.args[0] = 4;
	answer.sent = &un;
	answer.sent_len = sizeof(un);
	input_add(&input, &answer);
	add(SYS_read, 4, 1, NULL);
	peer.in.sin_addr.s_addr = htonl(0x0a000001);
	answer = (struct trace_answer){
		.call = SYS_accept4, .result = 9, .got = &peer, .got_len = sizeof(peer)
	};
	input_add(&input, &answer);
	add(SYS_read, 9, 2, NULL);
	assert_int_equal(thing("127.0.0.1:5432")->in, 30);
	assert_int_equal(thing("127.0.0.1:5432")->out, 12);
	assert_int_equal(thing("unix:/run/x")->in, 1);
	assert_int_equal(thing("10.0.0.1:5432")->in, 2);
}

static void references_are_named(void **state)
{
	struct answer_reference reference = { 0, 500, 1 };
	struct trace_answer open = { .call = SYS_openat,
				     .flags = ANSWER_REFERENCE,
				     .result = 5,
				     .name = "x",
				     .name_len = 1,
				     .got = "/usr/lib/x",
				     .got_len = 10 };
	struct trace_answer map = { .call = SYS_mmap,
				    .flags = ANSWER_REFERENCE,
				    .args = { 0, 500, 0, 0, 5 },
				    .got = &reference,
				    .got_len = sizeof(reference) };

	(void)state;
	input_add(&input, &open);
	input_add(&input, &open);
	input_add(&input, &map);
	assert_int_equal(input.references, 1);
	assert_true(thing("/usr/lib/x")->reference);
	assert_int_equal(thing("/usr/lib/x")->in, 500);
}

/* Every call with every short length, and numbers that no call has. */
static void hostile(void **state)
{
	static const int64_t numbers[] = { 0, -1, INT64_MIN, INT64_MAX, 1ll << 40, 3, 100 };
	char bytes[32];
	unsigned call, i, len;

	(void)state;
	memset(bytes, 0x01, sizeof(bytes));
	for (call = 0; call < 512; call++) {
		for (i = 0; i < 7; i++) {
			for (len = 0; len < 32; len += 3) {
				char *end = bytes + sizeof(bytes) - len;
				int64_t n = numbers[i];
				struct trace_answer answer = {
					.call = (uint16_t)call,
					.flags = (uint16_t)(i & ANSWER_REFERENCE),
					.args = { n, n, n, n, n, n },
					.result = n,
					.name = end,
					.name_len = len,
					.sent = end,
					.sent_len = len,
					.got = end,
					.got_len = len,
				};

				input_add(&input, &answer);
			}
		}
	}
	add(TRACE_CALL_UNKNOWN, 0, 0, NULL);
	assert_int_equal(input.by_call[INPUT_CALLS - 1].calls, 1);
}

static void secrets_are_counted(void **state)
{
	static const struct {
		const char *text;
		int class; /* -1: none */
	} rows[] = {
		{ "-----BEGIN RSA PRIVATE KEY-----\nMII", SECRETS_PRIVATE_KEY },
		{ "-----BEGIN CERTIFICATE-----", -1 },
		{ "host=x password=hunter2 user=y", SECRETS_PASSWORD },
		{ "{\"Password\": \"x\"}", SECRETS_PASSWORD },
		{ "enter your password", -1 },
		{ "password=", -1 },
		{ "password=*******", -1 },
		{ "GET / HTTP/1.1\r\nauthorization: Basic eA==\r\n", SECRETS_AUTHORIZATION },
		{ "Set-Cookie: a=b", SECRETS_COOKIE },
		{ "key AKIAIOSFODNN7EXAMPLE", SECRETS_CLOUD_KEY },
		{ "AKIAIOSFODNN7EXAMPL", -1 },
		{ "AKIAiosfodnn7example", -1 },
		{ "ghp_0123456789abcdefghijABCDEFGHIJ", SECRETS_TOKEN },
		{ "ghp_short", -1 },
		{ "api_key=abc", SECRETS_TOKEN },
		{ "an ordinary line of text", -1 },
	};
	size_t i;
	int c;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct secrets secrets = { 0 };

		print_message("# %s\n", rows[i].text);
		secrets_scan(&secrets, rows[i].text, strlen(rows[i].text));
		for (c = 0; c < SECRETS_CLASSES; c++)
			assert_int_equal(secrets.found[c], c == rows[i].class);
	}
	for (i = 0; i < 2; i++) {
		struct secrets secrets = { 0 };

		secrets_scan_named(&secrets, i ? "DB_PASSWORD" : "DB_NAME", "x");
		assert_int_equal(secrets.found[SECRETS_PASSWORD], i);
	}
}

#define WITH_INPUT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_INPUT(descriptors_are_followed), WITH_INPUT(endpoints_have_names),
		WITH_INPUT(references_are_named),     WITH_INPUT(hostile),
		WITH_INPUT(secrets_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
