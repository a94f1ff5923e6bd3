/*
 * C++ names go to __cxa_demangle() of libstdc++.so.6, opened when the first such name comes: the
 * CLI does not depend on a C++ library. Rust's legacy names are decoded here, they are almost
 * C++ names; its v0 names ("_R...") are left as they are, debug information has the readable ones.
 */
#include "recorder/demangle.h"

#include <ctype.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "recorder/alloc.h"

#define MANGLED_MAX 4096    /* longer names are not worth a reader's time */
#define RUST_HASH_LENGTH 17 /* 'h' and 16 hex digits */

static char *cxx_demangle(const char *symbol)
{
	static char *(*demangle)(const char *, char *, size_t *, int *);
	static bool tried;
	void *library;
	int status;

	if (!tried) {
		tried = true;
		library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
		if (library)
			*(void **)&demangle = dlsym(library, "__cxa_demangle");
	}
	return demangle ? demangle(symbol, NULL, NULL, &status) : NULL;
}

static bool is_rust_hash(const char *text, size_t length)
{
	size_t i;

	if (length != RUST_HASH_LENGTH || text[0] != 'h')
		return false;
	for (i = 1; i < length; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return true;
}

/* Next `<length><identifier>` of a legacy Rust name; NULL at its end or when malformed. */
static const char *rust_identifier(const char **at, size_t *length)
{
	const char *identifier;
	size_t n = 0;

	if (!isdigit((unsigned char)**at))
		return NULL;
	for (; isdigit((unsigned char)**at); (*at)++) {
		n = n * 10 + (size_t)(**at - '0');
		if (n > MANGLED_MAX)
			return NULL;
	}
	identifier = *at;
	if (n == 0 || strnlen(identifier, n) < n)
		return NULL;
	*at += n;
	*length = n;
	return identifier;
}

/* `$LT$` and the like; returns the length consumed, 0 when unknown. */
static size_t rust_escape(const char *text, size_t length, char **out)
{
	static const struct {
		const char *code;
		char value;
	} codes[] = { { "$SP$", '@' }, { "$BP$", '*' }, { "$RF$", '&' }, { "$LT$", '<' },
		      { "$GT$", '>' }, { "$LP$", '(' }, { "$RP$", ')' }, { "$C$", ',' } };
	char *end, digits[7] = "";
	unsigned long value;
	size_t i, n;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		n = strlen(codes[i].code);
		if (length >= n && memcmp(text, codes[i].code, n) == 0) {
			*(*out)++ = codes[i].value;
			return n;
		}
	}
	if (length < 4 || text[1] != 'u')
		return 0;
	for (n = 0; n < 6 && 2 + n < length && isxdigit((unsigned char)text[2 + n]); n++)
		digits[n] = text[2 + n];
	value = strtoul(digits, &end, 16);
	if (n == 0 || 2 + n >= length || text[2 + n] != '$' || value < ' ' || value > '~')
		return 0;
	*(*out)++ = (char)value;
	return n + 3;
}

static void rust_decode(const char *text, size_t length, char **out)
{
	size_t i = 0, n;

	if (length > 2 && text[0] == '_' && text[1] == '$')
		i = 1;
	while (i < length) {
		n = text[i] == '$' ? rust_escape(text + i, length - i, out) : 0;
		if (n) {
			i += n;
		} else if (text[i] == '.' && i + 1 < length && text[i + 1] == '.') {
			*(*out)++ = ':';
			*(*out)++ = ':';
			i += 2;
		} else {
			*(*out)++ = text[i++];
		}
	}
}

/* "_ZN3std2io5print17h0123456789abcdefE" to "std::io::print", or NULL when it is no such name. */
static char *rust_demangle(const char *symbol)
{
	const char *at = symbol + 3, *identifier, *last = NULL;
	size_t length, last_length = 0;
	char *text, *out;

	if (strncmp(symbol, "_ZN", 3) != 0)
		return NULL;
	while ((identifier = rust_identifier(&at, &length))) {
		last = identifier;
		last_length = length;
	}
	if (*at != 'E' || !last || !is_rust_hash(last, last_length))
		return NULL;
	/* Each identifier loses at least its length digit and gains at most "::". */
	text = out = alloc_check(malloc(2 * strlen(symbol) + 1));
	at = symbol + 3;
	while ((identifier = rust_identifier(&at, &length)) && identifier != last) {
		if (out != text) {
			*out++ = ':';
			*out++ = ':';
		}
		rust_decode(identifier, length, &out);
	}
	*out = '\0';
	return text;
}

static char *trim_suffix(const char *text, const char *suffix, char *end)
{
	size_t n = strlen(suffix);

	if ((size_t)(end - text) >= n && memcmp(end - n, suffix, n) == 0)
		return end - n;
	return end;
}

/*
 * Cuts "(int) const" and the return type off a demangled function. What is not of the expected
 * shape stays.
 */
static void strip_signature(char *text)
{
	char *end = text + strlen(text), *clone = strstr(text, " [clone "), *at, *name = text;
	static const char *const qualifiers[] = { " &&", " &", " const", " volatile" };
	size_t i;
	int depth = 0;

	if (clone)
		*(end = clone) = '\0';
	for (i = 0; i < sizeof(qualifiers) / sizeof(qualifiers[0]); i++)
		end = trim_suffix(text, qualifiers[i], end);
	if (end == text || end[-1] != ')')
		return;
	for (at = end - 1; at > text; at--) {
		depth += *at == ')';
		depth -= *at == '(';
		if (depth == 0)
			break;
	}
	if (at == text)
		return;
	*at = '\0';
	if (strstr(text, " for ") || strstr(text, " thunk to "))
		return;
	depth = 0;
	for (at = text; *at; at++) {
		/* What follows may contain <, > and spaces of its own. */
		if (depth == 0 && strncmp(at, "operator", 8) == 0 &&
		    !isalnum((unsigned char)at[8]) && at[8] != '_')
			break;
		depth += *at == '<' || *at == '(' || *at == '{' || *at == '[';
		depth -= *at == '>' || *at == ')' || *at == '}' || *at == ']';
		if (depth == 0 && *at == ' ')
			name = at + 1;
	}
	memmove(text, name, strlen(name) + 1);
}

/* Without version ("@@GLIBC_2.34") and compiler suffix (".part.0"); a leading dot is a name. */
static char *base_symbol(const char *symbol)
{
	size_t length = strlen(symbol), n;

	if (length == 0)
		return alloc_check(strdup(symbol));
	n = 1 + strcspn(symbol + 1, ".@");
	return alloc_check(strndup(symbol, n));
}

static char *demangle(const char *symbol, bool is_function)
{
	char *base, *text = NULL;

	if (strncmp(symbol, "_ZN", 3) == 0 && strlen(symbol) <= MANGLED_MAX)
		text = rust_demangle(symbol);
	if (text)
		return text;
	base = base_symbol(symbol);
	if (strncmp(base, "_Z", 2) != 0 || strlen(base) > MANGLED_MAX)
		return base;
	text = cxx_demangle(base);
	if (!text)
		return base;
	free(base);
	if (is_function)
		strip_signature(text);
	return text;
}

char *demangle_function(const char *symbol)
{
	return demangle(symbol, true);
}

char *demangle_data(const char *symbol)
{
	return demangle(symbol, false);
}
