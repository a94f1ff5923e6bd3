/*
 * recorder/elf.h against programs compiled here, scripts written here, damaged files, and env(1).
 */
#include "recorder/elf.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "recorder/program.h"
#include "tests/unit/scratch.h"

static struct elf_info inspect(const char *name)
{
	struct elf_info info;
	struct err err;
	int ret = elf_inspect(scratch_path(name), &info, &err);

	if (ret != 0)
		fail_msg("elf_inspect(%s): %s", name, err.text);
	return info;
}

static bool needs(const struct elf_info *info, const char *library)
{
	size_t i;

	for (i = 0; i < info->n_needed; i++)
		if (strcmp(info->needed[i], library) == 0)
			return true;
	return false;
}

static int set_up(void **state)
{
	(void)state;
	scratch_text("main.c", "#include <stdio.h>\nint main(void) { return puts(\"hi\") < 0; }\n");
	return 0;
}

static void test_kinds(void **state)
{
	static const struct {
		const char *flags;
		bool is_dynamic, is_pie;
	} kinds[] = {
		{ "-pie -fPIE", true, true },      { "-no-pie", true, false },
		{ "-static", false, false },       { "-static-pie", false, true },
		{ "-shared -fPIC", false, false },
	};
	struct elf_info info;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		scratch_run("gcc main.c -o prog -Wl,--build-id=0xdeadbeef01020304 %s",
			    kinds[i].flags);
		info = inspect("prog");
		assert_true(info.is_elf);
		assert_true(info.is_x86_64);
		assert_true(info.is_program);
		assert_int_equal(info.is_dynamic, kinds[i].is_dynamic);
		assert_int_equal(info.is_pie, kinds[i].is_pie);
		assert_string_equal(info.build_id, "deadbeef01020304");
		if (kinds[i].is_dynamic)
			assert_string_equal(info.interpreter, "/lib64/ld-linux-x86-64.so.2");
		else
			assert_null(info.interpreter);
		assert_int_equal(needs(&info, "libc.so.6"),
				 kinds[i].is_dynamic || strstr(kinds[i].flags, "-shared"));
		assert_false(info.is_setuid || info.is_setgid || info.is_secure || info.is_go);
		assert_int_equal(info.scripts, 0);
		assert_string_equal(info.elf_path, scratch_path("prog"));
		assert_int_equal(info.hash, info.elf_hash);
		elf_info_fini(&info);
	}
	scratch_run("gcc -c main.c -o main.o");
	info = inspect("main.o");
	assert_true(info.is_elf && info.is_x86_64);
	assert_false(info.is_program);
	elf_info_fini(&info);
}

static void test_without_section_headers(void **state)
{
	struct elf_info info;
	unsigned char *bytes;
	size_t size;

	(void)state;
	scratch_run("gcc main.c -o prog -lm -Wl,--no-as-needed -lm -Wl,--build-id=0xabcd1234");
	bytes = scratch_read("prog", &size);
	memset(bytes + 0x28, 0, 8);     /* e_shoff */
	memset(bytes + 0x3a, 0, 2 * 3); /* e_shentsize, e_shnum, e_shstrndx */
	scratch_bytes("bare", bytes, size, 0755);
	free(bytes);
	assert_int_equal(scratch_try("./bare"), 0);
	info = inspect("bare");
	assert_true(info.is_dynamic && info.is_pie);
	assert_true(needs(&info, "libc.so.6"));
	assert_true(needs(&info, "libm.so.6"));
	assert_string_equal(info.build_id, "abcd1234");
	elf_info_fini(&info);
}

static void test_runtimes(void **state)
{
	struct elf_info info;

	(void)state;
	scratch_run("gcc main.c -o asan -fsanitize=address");
	info = inspect("asan");
	assert_true(info.needs_asan);
	assert_false(info.defines_asan || info.needs_tsan || info.defines_tsan);
	elf_info_fini(&info);

	scratch_run("gcc main.c -o asan -fsanitize=address -static-libasan");
	info = inspect("asan");
	assert_true(info.defines_asan);
	assert_false(info.needs_asan);
	elf_info_fini(&info);

	scratch_run("gcc main.c -o tsan -fsanitize=thread");
	info = inspect("tsan");
	assert_true(info.needs_tsan);
	assert_false(info.defines_tsan || info.needs_asan);
	elf_info_fini(&info);

	scratch_run("gcc main.c -o tsan -fsanitize=thread -static-libtsan");
	info = inspect("tsan");
	assert_true(info.defines_tsan);
	assert_false(info.needs_tsan);
	elf_info_fini(&info);

	scratch_run("gcc main.c -o omp -Wl,--no-as-needed -fopenmp");
	info = inspect("omp");
	assert_true(info.needs_openmp);
	elf_info_fini(&info);

	scratch_text("go.s", ".section .go.buildinfo,\"aw\"\n.ascii \"\\377 Go buildinf:\"\n"
			     ".section .note.GNU-stack,\"\"\n");
	scratch_run("gcc main.c go.s -o go");
	info = inspect("go");
	assert_true(info.is_go);
	elf_info_fini(&info);

	scratch_text("note.s", ".section .note.any,\"a\",@note\n.long 4, 4, 4\n.asciz \"Go\\0\"\n"
			       ".ascii \"id..\"\n.section .note.GNU-stack,\"\"\n");
	scratch_run("gcc main.c note.s -o go");
	info = inspect("go");
	assert_true(info.is_go);
	elf_info_fini(&info);
}

static void test_mode_bits(void **state)
{
	struct elf_info info;

	(void)state;
	scratch_run("gcc main.c -o prog && chmod 4755 prog");
	info = inspect("prog");
	assert_true(info.is_setuid);
	assert_false(info.is_setgid);
	assert_false(info.is_secure); /* the owner's own set-user-id bit changes nothing */
	elf_info_fini(&info);

	scratch_run("chmod 2755 prog");
	info = inspect("prog");
	assert_true(info.is_setgid);
	elf_info_fini(&info);

	scratch_run("chmod 2745 prog"); /* without group execute it means mandatory locking */
	info = inspect("prog");
	assert_false(info.is_setgid);
	elf_info_fini(&info);

	if (getuid() != 0)
		return;
	scratch_run("chown 1:1 prog && chmod 4755 prog");
	info = inspect("prog");
	assert_true(info.is_setuid && info.is_secure);
	elf_info_fini(&info);
}

/* The value for no input is in the specification of XXH3. */
static void test_hash(void **state)
{
	uint64_t hash;
	struct err err;

	(void)state;
	assert_int_equal(elf_hash_file(scratch_text("empty", ""), &hash, &err), 0);
	assert_int_equal(hash, 0x2d06800538d394c2);
	assert_int_equal(elf_hash_file(scratch_path("nothing"), &hash, &err), -ENOENT);
	assert_non_null(strstr(err.text, "nothing"));
	assert_int_equal(elf_hash_file(scratch_dir(), &hash, &err), -EACCES);
}

/* Larger than the reader's chunk: must equal the hash of the file in one piece. */
static void test_hash_streams(void **state)
{
	char *bytes = malloc(1000001);
	uint64_t first, second;
	struct err err;
	size_t i;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < 1000001; i++)
		bytes[i] = (char)(i * 7 + i / 251);
	assert_int_equal(elf_hash_file(scratch_bytes("big", bytes, 1000001, 0644), &first, &err),
			 0);
	assert_int_equal(first, XXH3_64bits(bytes, 1000001));
	bytes[999999] ^= 1;
	assert_int_equal(elf_hash_file(scratch_bytes("big", bytes, 1000001, 0644), &second, &err),
			 0);
	assert_int_not_equal(first, second);
	free(bytes);
}

static void test_scripts(void **state)
{
	struct elf_info info;
	struct err err;
	char text[600];

	(void)state;
	scratch_run("gcc main.c -o interp -Wl,--build-id=0x77777777");
	snprintf(text, sizeof(text), "#! \t%s  -x  two words \t\nrest\n", scratch_path("interp"));
	scratch_bytes("one", text, strlen(text), 0755);
	info = inspect("one");
	assert_int_equal(info.scripts, 1);
	assert_string_equal(info.script[0].interpreter, scratch_path("interp"));
	assert_string_equal(info.script[0].argument, "-x  two words");
	assert_string_equal(info.elf_path, scratch_path("interp"));
	assert_string_equal(info.build_id, "77777777");
	assert_int_not_equal(info.hash, info.elf_hash);
	assert_int_equal(info.size, strlen(text));
	assert_null(info.env_program);
	elf_info_fini(&info);

	snprintf(text, sizeof(text), "#!%s", scratch_path("one"));
	scratch_bytes("two", text, strlen(text), 0755);
	info = inspect("two");
	assert_int_equal(info.scripts, 2);
	assert_null(info.script[0].argument);
	assert_string_equal(info.script[1].argument, "-x  two words");
	assert_string_equal(info.elf_path, scratch_path("interp"));
	elf_info_fini(&info);

	scratch_bytes("env", "#!/usr/bin/env python3\n", 23, 0755);
	info = inspect("env");
	assert_string_equal(info.env_program, "python3");
	assert_string_equal(info.elf_path, "/usr/bin/env");
	elf_info_fini(&info);

	snprintf(text, sizeof(text), "#!%s\n", scratch_path("loop"));
	scratch_bytes("loop", text, strlen(text), 0755);
	assert_int_equal(elf_inspect(scratch_path("loop"), &info, &err), -ELOOP);

	scratch_bytes("lost", "#!/no/such/interpreter\n", 23, 0755);
	assert_int_equal(elf_inspect(scratch_path("lost"), &info, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/interpreter"));

	scratch_text("plain", "echo hello\n");
	info = inspect("plain");
	assert_false(info.is_elf);
	assert_int_equal(info.scripts, 0);
	elf_info_fini(&info);
}

static void test_script_line(void **state)
{
	char head[PROGRAM_HEAD], *interpreter, *argument;
	static const struct {
		const char *text, *interpreter, *argument;
	} lines[] = {
		{ "#!/bin/sh\n", "/bin/sh", NULL },
		{ "#!/bin/sh", "/bin/sh", NULL },
		{ "#!/bin/sh -e -u\n", "/bin/sh", "-e -u" },
		{ "#!  \t/bin/sh\t-e \t \n", "/bin/sh", "-e" },
		{ "#!/bin/sh\r\n", "/bin/sh\r", NULL },
		{ "#!\n", NULL, NULL },
		{ "#!   \n", NULL, NULL },
		{ "#", NULL, NULL },
		{ "", NULL, NULL },
		{ "# /bin/sh\n", NULL, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(program_parse_script(lines[i].text, strlen(lines[i].text),
						      &interpreter, &argument),
				 lines[i].interpreter != NULL);
		if (lines[i].interpreter)
			assert_string_equal(interpreter, lines[i].interpreter);
		if (lines[i].argument)
			assert_string_equal(argument, lines[i].argument);
		else
			assert_null(argument);
		free(interpreter);
		free(argument);
	}
	memset(head, 'x', sizeof(head));
	memcpy(head, "#!/", 3);
	assert_int_equal(program_parse_script(head, sizeof(head), &interpreter, &argument), 0);
	head[100] = ' ';
	assert_int_equal(program_parse_script(head, sizeof(head), &interpreter, &argument), 1);
	assert_int_equal(strlen(interpreter), 98);
	assert_int_equal(strlen(argument), sizeof(head) - 101);
	free(interpreter);
	free(argument);
}

static void test_env_names(void **state)
{
	static const struct {
		const char *interpreter, *argument, *name;
	} cases[] = {
		{ "/usr/bin/env", "python3", "python3" },
		{ "/usr/bin/env", "-S python3 -u", "python3" },
		{ "/usr/bin/env", "-Spython3 -u", "python3" },
		{ "/usr/bin/env", "-i python3", NULL },
		{ "/usr/bin/env", "A=b python3", NULL },
		{ "/usr/bin/env", NULL, NULL },
		{ "/usr/bin/python3", "x", NULL },
	};
	size_t i;
	char *name;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		name = program_env_name(cases[i].interpreter, cases[i].argument);
		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
		free(name);
	}
}

/* What elf_find_program() says must be what env(1) does, with the same PATH. */
static void check_like_env(const char *name, const char *path)
{
	char *found = NULL;
	struct err err = { .code = 0 };
	int ret = elf_find_program(name, path, &found, &err);
	int status = ret < 0 ? elf_exit_status(ret) : 0;
	int expected = scratch_try("/usr/bin/env -i PATH='%s' /usr/bin/env '%s'", path, name);

	if (status != expected)
		fail_msg("'%s' in '%s': %d (%s), env says %d", name, path, status, err.text,
			 expected);
	assert_int_equal(ret < 0, found == NULL);
	if (ret < 0)
		assert_true(err.text[0]);
	free(found);
}

static void test_find_like_env(void **state)
{
	static const char *const names[] = {
		"good",        "./good",    "noexec", "./noexec", "dir",      "./dir",
		"missing",     "./missing", "",       "good/x",   "./good/x", "badinterp",
		"./badinterp", "noloader",  "denied", "./script", "script",   "loop",
		"noexecinterp"
	};
	static const char *const paths[] = { "%s/a",       "%s/a:%s/b", "%s/b:%s/a",
					     "",           ":%s/b",     "%s/b:",
					     "%s/nothere", "%s/a/good", "%s/a/good:%s/b",
					     "/usr/bin" };
	char path[1024];
	size_t i, j;

	(void)state;
	scratch_run("mkdir -p a b dir b/good && printf '#!/bin/true\\n' > good && chmod 755 good"
		    " && cp -p good a/ && cp good noexec && chmod 644 noexec && cp -p noexec b/"
		    " && printf '#!/no/such\\n' > badinterp && chmod 755 badinterp"
		    " && cp -p badinterp a/ && cp -p good b/badinterp"
		    " && printf '#!%s/good x\\n' > script && chmod 755 script && cp -p script b/"
		    " && printf '#!%s/loop\\n' > loop && chmod 755 loop"
		    " && printf '#!%s/noexec\\n' > noexecinterp && chmod 755 noexecinterp"
		    " && mkdir -p a/dir && cp noexec a/denied && chmod 644 a/denied"
		    " && gcc main.c -o noloader -Wl,-I/no/such/ld.so && cp -p noloader b/",
		    scratch_dir(), scratch_dir(), scratch_dir());
	assert_int_equal(chdir(scratch_dir()), 0);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(path, sizeof(path), paths[i], scratch_dir(), scratch_dir());
		for (j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			check_like_env(names[j], path);
	}
	assert_int_equal(chdir("/"), 0);
}

static void test_find_reasons(void **state)
{
	struct err err;
	char *found, name[400];

	(void)state;
	assert_int_equal(elf_find_program("sh", NULL, &found, &err), 0);
	assert_non_null(strstr(found, "/sh"));
	free(found);

	scratch_bytes("text", "echo\n", 5, 0755);
	assert_int_equal(elf_find_program(scratch_path("text"), "", &found, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "#!"));
	assert_int_equal(elf_exit_status(-ENOEXEC), 126);

	assert_int_equal(elf_find_program(scratch_dir(), "", &found, &err), -EACCES);
	assert_non_null(strstr(err.text, "directory"));

	scratch_bytes("quiet", "#!/bin/sh\n", 10, 0644);
	assert_int_equal(elf_find_program("quiet", scratch_dir(), &found, &err), -EACCES);
	assert_non_null(strstr(err.text, "permission"));

	scratch_bytes("lost", "#!/no/such/interpreter\n", 23, 0755);
	assert_int_equal(elf_find_program(scratch_path("lost"), "", &found, &err), -ENOENT);
	assert_non_null(strstr(err.text, "/no/such/interpreter"));

	memset(name, 'n', 300);
	name[300] = '\0';
	assert_int_equal(elf_find_program(name, "/usr/bin", &found, &err), -ENAMETOOLONG);
}

/* Every prefix of a program, and thousands of damaged ones: no crash, no error but "not ELF". */
static void test_damaged(void **state)
{
	struct elf_info info;
	unsigned char *bytes, *copy;
	uint64_t seed = 1;
	struct err err;
	size_t size, cut, i, j;

	(void)state;
	scratch_run("gcc -s main.c -o prog");
	bytes = scratch_read("prog", &size);
	copy = malloc(size);
	assert_non_null(copy);
	for (cut = 0; cut < size; cut += cut < 1200 ? 1 : 97) {
		assert_int_equal(elf_inspect(scratch_bytes("cut", bytes, cut, 0755), &info, &err),
				 0);
		elf_info_fini(&info);
	}
	for (i = 0; i < 2000; i++) {
		memcpy(copy, bytes, size);
		for (j = 0; j < 1 + i % 8; j++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			/* Half of the damage goes to the headers. */
			copy[(seed >> 33) % (i % 2 ? 1024 : size)] = (unsigned char)(seed >> 24);
		}
		if (copy[0] == '#')
			continue;
		assert_int_equal(elf_inspect(scratch_bytes("cut", copy, size, 0755), &info, &err),
				 0);
		elf_info_fini(&info);
	}
	free(copy);
	free(bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),        cmocka_unit_test(test_without_section_headers),
		cmocka_unit_test(test_runtimes),     cmocka_unit_test(test_mode_bits),
		cmocka_unit_test(test_hash),         cmocka_unit_test(test_hash_streams),
		cmocka_unit_test(test_scripts),      cmocka_unit_test(test_script_line),
		cmocka_unit_test(test_env_names),    cmocka_unit_test(test_find_like_env),
		cmocka_unit_test(test_find_reasons), cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
