/*
 * Shortening of C++ names for display. Not a parser of C++: it matches angle brackets and knows a
 * few words of the standard library.
 */
#include "recorder/abbreviate.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Whole words for what implementations write out. No replacement is longer than the original. */
static const char *const words[][2] = {
	{ "std::__cxx11::", "std::" },
	{ "std::__1::", "std::" },
	{ "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string" },
	{ "std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string" },
	{ "std::basic_string_view<char, std::char_traits<char> >", "std::string_view" },
	{ "std::basic_string_view<char, std::char_traits<char>>", "std::string_view" },
};

/* Arguments that stand there because they are the default. */
static const char *const defaults[] = {
	", std::allocator<", ", std::char_traits<", ", std::less<",
	", std::hash<",      ", std::equal_to<",    ", std::default_delete<",
};

static bool starts_with(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* Removes the `length` bytes at `at`, and puts `instead` there, which is not longer. */
static void replace(char *at, size_t length, const char *instead)
{
	size_t n = strlen(instead);

	memcpy(at, instead, n);
	memmove(at + n, at + length, strlen(at + length) + 1);
}

/*
 * Behind "operator<", "operator<<=", "operator->" if `at` is the beginning of such a word; else
 * `at`.
 */
static const char *skip_operator(const char *name, const char *at)
{
	if (!starts_with(at, "operator") ||
	    (at > name && (isalnum((unsigned char)at[-1]) || at[-1] == '_')))
		return at;
	at += strlen("operator");
	return at + strspn(at, "<>=-");
}

/* The '>' for the '<' at `open`, NULL when there is none. */
static char *closing(const char *name, char *open)
{
	const char *at = open, *behind;
	int depth = 0;

	while (*at) {
		behind = skip_operator(name, at);
		if (behind != at) {
			at = behind;
			continue;
		}
		if (*at == '<')
			depth++;
		else if (*at == '>' && at[-1] != '-' && --depth == 0)
			return open + (at - open);
		at++;
	}
	return NULL;
}

static void say_words(char *name)
{
	char *at;
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		for (at = name; (at = strstr(at, words[i][0])) != NULL;)
			replace(at, strlen(words[i][0]), words[i][1]);
}

static void drop_defaults(char *name)
{
	char *at, *end;
	size_t i;

	for (at = name; *at; at++) {
		for (i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
			if (!starts_with(at, defaults[i]))
				continue;
			end = closing(name, at + strlen(defaults[i]) - 1);
			if (!end)
				return;
			replace(at, (size_t)(end - at) + (end[1] == ' ' && end[2] == '>' ? 2 : 1),
				"");
			i = (size_t)-1; /* another may follow at the same place */
		}
		if (starts_with(at, " >") && at > name && at[-1] == '>')
			replace(at, 1, "");
	}
}

static void cut_arguments(char *name)
{
	char *at = name, *end, *behind;

	while (*at) {
		behind = name + (skip_operator(name, at) - name);
		if (behind != at) {
			at = behind;
			continue;
		}
		if (*at == '<') {
			end = closing(name, at);
			if (!end)
				return;
			if (end - at > ABBREVIATE_ARGUMENTS) {
				replace(at, (size_t)(end - at) + 1, "<...>");
				at += strlen("<...>");
			} else {
				at = end + 1;
			}
			continue;
		}
		at++;
	}
}

void abbreviate_name(char *name)
{
	if (!strchr(name, '<'))
		return;
	say_words(name);
	drop_defaults(name);
	if (strlen(name) > ABBREVIATE_LONG)
		cut_arguments(name);
}
