/*
 * Readable names from linker symbols: C++ (by the C++ runtime library, where there is one) and
 * Rust.
 */
#ifndef RECORDER_DEMANGLE_H
#define RECORDER_DEMANGLE_H

/*
 * Name of a function without return type, parameters and compiler suffixes (".part.0", ".cold"):
 * "_ZN4Bank7depositEi" gives "Bank::deposit". A name that is not mangled, or cannot be decoded,
 * comes back without the suffix. malloc'ed, never NULL.
 */
char *demangle_function(const char *symbol);

/* Name of a data object; the number of a static local ("counter.0") goes. malloc'ed, never NULL. */
char *demangle_data(const char *symbol);

#endif
