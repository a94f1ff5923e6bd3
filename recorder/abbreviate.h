/*
 * C++ names as people write them: "std::__cxx11::basic_string<char, std::char_traits<char>,
 * std::allocator<char> >" is std::string, template arguments that are the default are left out, and
 * so are arguments that are longer than anybody reads. For display only: a trace has names in full.
 */
#ifndef RECORDER_ABBREVIATE_H
#define RECORDER_ABBREVIATE_H

#include <stddef.h>

enum {
	ABBREVIATE_LONG = 60,      /* columns; template arguments of longer names are cut ... */
	ABBREVIATE_ARGUMENTS = 16, /* ... where they are longer than this */
};

/*
 * Shortens in place. Names without template arguments, of other languages, and names whose angle
 * brackets do not match, stay as they are. Never makes a name longer.
 */
void abbreviate_name(char *name);

#endif
