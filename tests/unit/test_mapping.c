/*
 * Shared or private memory, as the kernel's list of mappings says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "preload/mapping.h"

#define SIZE (16 * 4096)

static uint64_t map(int flags)
{
	void *address = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | flags, -1, 0);

	assert_ptr_not_equal(address, MAP_FAILED);
	return (uint64_t)address;
}

static void both_kinds(void **unused)
{
	uint64_t private = map(MAP_PRIVATE), shared = map(MAP_SHARED);

	(void)unused;
	assert_false(mapping_is_shared(private));
	assert_false(mapping_is_shared(private + SIZE - 1));
	assert_true(mapping_is_shared(shared));
	assert_true(mapping_is_shared(shared + SIZE - 1));
	munmap((void *)private, SIZE);
	munmap((void *)shared, SIZE);
}

static void ordinary_memory_is_private(void **unused)
{
	static int data;
	int local = 0;
	void *heap = malloc(100);

	(void)unused;
	assert_false(mapping_is_shared((uint64_t)&data));
	assert_false(mapping_is_shared((uint64_t)&local));
	assert_false(mapping_is_shared((uint64_t)heap));
	assert_false(mapping_is_shared((uint64_t)&ordinary_memory_is_private));
	free(heap);
}

/* Longer than one read of the list. */
static void among_many_mappings(void **unused)
{
	uint64_t maps[200];
	unsigned i;

	(void)unused;
	for (i = 0; i < 200; i++)
		maps[i] = map(i % 3 == 0 ? MAP_SHARED : MAP_PRIVATE);
	for (i = 0; i < 200; i++)
		assert_int_equal(mapping_is_shared(maps[i] + i), i % 3 == 0);
	for (i = 0; i < 200; i++)
		munmap((void *)maps[i], SIZE);
}

static void nothing_there_is_not_private(void **unused)
{
	uint64_t gone = map(MAP_PRIVATE);

	(void)unused;
	munmap((void *)gone, SIZE);
	assert_true(mapping_is_shared(gone));
	assert_true(mapping_is_shared(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds),
		cmocka_unit_test(ordinary_memory_is_private),
		cmocka_unit_test(among_many_mappings),
		cmocka_unit_test(nothing_there_is_not_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
