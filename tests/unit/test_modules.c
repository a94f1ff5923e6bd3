/* The module table: numbers, ranges, build ids, and what comes and goes. */
#include "preload/modules.h"

#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/unwind/harness.h"

static int some_data = 1;

static void knows_the_executable(void **state)
{
	const struct module *m = modules_find((uint64_t)knows_the_executable);
	char path[4096];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	(void)state;
	assert_non_null(m);
	assert_int_equal(m->number, 0);
	assert_true(len > 0);
	path[len] = '\0';
	assert_string_equal(m->path, path);
	assert_ptr_equal(modules_find((uint64_t)&some_data), m);
	assert_true(module_is_code(m, (uint64_t)knows_the_executable));
	assert_false(module_is_code(m, (uint64_t)&some_data));
	assert_ptr_equal(modules_get(0), m);
}

static void knows_libc_and_the_vdso(void **state)
{
	const struct module *libc = modules_find((uint64_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_"
									       "version"));
	const struct module *vdso = modules_find(getauxval(AT_SYSINFO_EHDR));

	(void)state;
	assert_non_null(libc);
	assert_non_null(strstr(libc->path, "libc.so.6"));
	assert_true(libc->eh_frame_hdr > libc->start && libc->eh_frame_hdr_end <= libc->end);
	assert_non_null(vdso);
	assert_ptr_not_equal(vdso, libc);
}

static void does_not_know_other_memory(void **state)
{
	void *heap = malloc(16);
	int local;

	(void)state;
	assert_null(modules_find(0));
	assert_null(modules_find(UINT64_MAX));
	assert_null(modules_find((uint64_t)&local));
	assert_null(modules_lookup((uint64_t)heap));
	assert_null(modules_lookup((uint64_t)heap));
	assert_null(modules_get(modules_count()));
	free(heap);
}

/* Each module is found by its first and last byte, and the ends are exclusive. */
static void finds_each_module_by_its_range(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < modules_count(); i++) {
		const struct module *m = modules_get(i);

		if (m->gone)
			continue;
		assert_ptr_equal(modules_find(m->start), m);
		assert_ptr_equal(modules_find(m->end - 1), m);
		assert_ptr_not_equal(modules_find(m->end), m);
		assert_ptr_not_equal(modules_find(m->start - 1), m);
	}
}

static void describes_a_shared_object(void **state)
{
	static const uint8_t build_id[] = { 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef };
	void *object = harness_open("plugin.so");
	struct link_map *map = NULL;
	const struct module *m;

	(void)state;
	assert_int_equal(modules_rescan(), 1);
	assert_int_equal(dlinfo(object, RTLD_DI_LINKMAP, &map), 0);
	m = modules_find((uint64_t)harness_symbol(object, "plugin_run"));
	assert_non_null(m);
	assert_ptr_equal(modules_find((uint64_t)harness_symbol(object, "plugin_variable")), m);
	assert_int_equal(m->build_id_len, sizeof(build_id));
	assert_memory_equal(m->build_id, build_id, sizeof(build_id));
	assert_int_equal(m->bias, map->l_addr);
	assert_int_equal(m->dynamic, (uint64_t)map->l_ld);
	assert_string_equal(m->path, map->l_name);
	dlclose(object);
	assert_int_equal(modules_rescan(), 1);
}

static void numbers_are_never_used_again(void **state)
{
	uint32_t numbers[3], epoch;

	(void)state;
	for (int i = 0; i < 3; i++) {
		void *object = harness_open("plugin.so");
		uint64_t run = (uint64_t)harness_symbol(object, "plugin_run");
		const struct module *m;

		epoch = modules_epoch();
		assert_int_equal(modules_rescan(), 1);
		assert_int_equal(modules_epoch(), epoch); /* nothing known became wrong */
		m = modules_find(run);
		assert_non_null(m);
		numbers[i] = m->number;
		assert_true(i == 0 || numbers[i] > numbers[i - 1]);

		dlclose(object);
		assert_int_equal(modules_rescan(), 1);
		assert_int_not_equal(modules_epoch(), epoch);
		assert_null(modules_find(run));
		assert_true(modules_get(numbers[i])->gone);
		assert_non_null(strstr(modules_get(numbers[i])->path, "plugin.so"));
	}
}

static void a_scan_without_change_says_so(void **state)
{
	uint32_t count = modules_count(), epoch = modules_epoch();

	(void)state;
	assert_int_equal(modules_rescan(), 0);
	modules_invalidate();
	assert_int_equal(modules_rescan(), 0);
	assert_int_equal(modules_count(), count);
	assert_int_equal(modules_epoch(), epoch);
}

static void a_lookup_scans_when_it_must(void **state)
{
	void *object = harness_open("plugin.so");
	uint64_t run = (uint64_t)harness_symbol(object, "plugin_run");

	(void)state;
	for (int i = 0; i < 2; i++) { /* the second time where an unknown address was before */
		assert_null(modules_find(run));
		assert_non_null(modules_lookup(run));
		assert_non_null(modules_find(run));
		dlclose(object);
		modules_rescan();
		assert_null(modules_lookup(run));
		object = harness_open("plugin.so");
		run = (uint64_t)harness_symbol(object, "plugin_run");
	}
	dlclose(object);
	modules_rescan();
}

static uint32_t next_number;

static void expect_next(const struct module *m, void *arg)
{
	assert_ptr_equal(arg, &next_number);
	assert_int_equal(m->number, next_number++);
}

static void announces_each_module_once(void **state)
{
	void *object;

	(void)state;
	modules_announce_again();
	next_number = 0;
	assert_int_equal(modules_for_each_new(expect_next, &next_number), modules_count());
	assert_int_equal(modules_for_each_new(expect_next, &next_number), 0);
	object = harness_open("plugin.so");
	modules_rescan();
	assert_int_equal(modules_for_each_new(expect_next, &next_number), 1);
	assert_int_equal(next_number, modules_count());
	dlclose(object);
	modules_rescan();
	assert_int_equal(modules_for_each_new(expect_next, &next_number), 0);
}

static int setup(void **state)
{
	if (harness_setup(state) != 0)
		return -1;
	return modules_rescan() == 1 && modules_lost() == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_executable),
		cmocka_unit_test(knows_libc_and_the_vdso),
		cmocka_unit_test(does_not_know_other_memory),
		cmocka_unit_test(finds_each_module_by_its_range),
		cmocka_unit_test(describes_a_shared_object),
		cmocka_unit_test(numbers_are_never_used_again),
		cmocka_unit_test(a_scan_without_change_says_so),
		cmocka_unit_test(a_lookup_scans_when_it_must),
		cmocka_unit_test(announces_each_module_once),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
