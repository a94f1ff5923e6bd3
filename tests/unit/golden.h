/*
 * Output compared with a file of tests/golden. FRONTRUN_GOLDEN=write in the environment writes the
 * files anew, to be looked at with git diff.
 */
#ifndef TESTS_UNIT_GOLDEN_H
#define TESTS_UNIT_GOLDEN_H

/* Fails the test, with both texts, when tests/golden/NAME differs from `text`. */
void golden_check(const char *name, const char *text);

#endif
