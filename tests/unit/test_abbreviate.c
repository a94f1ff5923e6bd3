/*
 * recorder/abbreviate.h: C++ names as they are shown, and names that only look like them.
 */
#include "recorder/abbreviate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STRING "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"
#define SAME NULL

static void names(void **state)
{
	static const struct {
		const char *name, *shown;
	} cases[] = {
		{ "", SAME },
		{ "deposit", SAME },
		{ "Bank::deposit", SAME },
		{ "Cache<int>::get", SAME },
		{ "Cache<" STRING ", int>::evict", "Cache<std::string, int>::evict" },
		{ "std::vector<int, std::allocator<int> >::push_back",
		  "std::vector<int>::push_back" },
		{ "std::map<" STRING ", Job, std::less<" STRING
		  " >, std::allocator<std::pair<" STRING " const, Job> > >::operator[]",
		  "std::map<std::string, Job>::operator[]" },
		{ "std::unique_ptr<Job, std::default_delete<Job>>::~unique_ptr",
		  "std::unique_ptr<Job>::~unique_ptr" },
		{ "std::__1::vector<std::__1::pair<int, int>>::size",
		  "std::vector<std::pair<int, int>>::size" },
		/* An allocator that is not the default at the end of the list stays. */
		{ "Pool<std::allocator<int>>::get", SAME },
		{ "main::{lambda()#1}::operator()", SAME },
		{ "operator< <Job>", SAME },
		{ "Queue<Job>::operator->", SAME },
		{ "Queue<Job>::operator<<=", SAME },
		{ "Worker<sizeof (decltype(a->b))>::run", SAME },
		/* Arguments that are too long, but only those. */
		{ "Scheduler<int>::enqueue<std::pair<unsigned long, unsigned long>, "
		  "std::tuple<char, char>>",
		  "Scheduler<int>::enqueue<...>" },
		{ "operator<< <std::chrono::duration<long, std::ratio<1l, 1000000000l>>>"
		  "(std::ostream&)",
		  "operator<< <...>(std::ostream&)" },
		/* Not C++ at all. */
		{ "<alloc::vec::Vec<T> as core::ops::Drop>::drop", SAME },
		{ "a < b", SAME },
		{ "unclosed<int, std::allocator<int", SAME },
		{ "closed>>>", SAME },
		{ "<", SAME },
	};
	char name[1024];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		snprintf(name, sizeof(name), "%s", cases[i].name);
		abbreviate_name(name);
		assert_string_equal(name, cases[i].shown ? cases[i].shown : cases[i].name);
	}
}

/* Whatever the trace of a stranger holds: no byte beyond the name, and never longer. */
static void any_bytes(void **state)
{
	static const char *const pieces[] = {
		"<",
		">",
		" >",
		", std::allocator<",
		"std::__cxx11::",
		"operator",
		"-",
		"x",
		", ",
		"std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
	};
	uint64_t random = 1;
	char name[2048], *exact;
	int run, i;

	(void)state;
	for (run = 0; run < 20000; run++) {
		*name = '\0';
		for (i = 0; i < run % 20; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			strcat(name, pieces[(random >> 33) % (sizeof(pieces) / sizeof(*pieces))]);
		}
		exact = strdup(name); /* AddressSanitizer knows its size */
		assert_non_null(exact);
		abbreviate_name(exact);
		assert_true(strlen(exact) <= strlen(name));
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(any_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
