/*
 * Patterns of secrets: see the header. Each row is a needle and what has to follow it; the scan
 * goes over the bytes once, and looks at the rows only where a needle may begin.
 */
#include "replayer/secrets.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What has to come behind a needle. */
enum follows {
	ANYTHING,
	UPPER,  /* `least` capital letters and digits */
	WORD,   /* `least` letters, digits, _ - . */
	VALUE,  /* quotes and blanks, then = or :, then something that --redact has left */
	HEADER, /* blanks, then something on the same line */
};

static const struct {
	uint8_t class;
	uint8_t follows;
	uint8_t least;
	bool same_case;
	const char *needle; /* lower case unless same_case */
} rows[] = {
	{ SECRETS_PRIVATE_KEY, ANYTHING, 0, true, "PRIVATE KEY-----" },
	{ SECRETS_PRIVATE_KEY, ANYTHING, 0, true, "PRIVATE KEY BLOCK-----" },
	{ SECRETS_PRIVATE_KEY, ANYTHING, 0, true, "openssh-key-v1" },
	{ SECRETS_PASSWORD, VALUE, 0, false, "password" },
	{ SECRETS_PASSWORD, VALUE, 0, false, "passwd" },
	{ SECRETS_PASSWORD, VALUE, 0, false, "passphrase" },
	{ SECRETS_PASSWORD, VALUE, 0, false, "pwd" },
	{ SECRETS_AUTHORIZATION, HEADER, 0, false, "authorization:" },
	{ SECRETS_COOKIE, HEADER, 0, false, "cookie:" },
	{ SECRETS_CLOUD_KEY, UPPER, 16, true, "AKIA" },
	{ SECRETS_CLOUD_KEY, UPPER, 16, true, "ASIA" },
	{ SECRETS_CLOUD_KEY, VALUE, 0, false, "aws_secret_access_key" },
	{ SECRETS_CLOUD_KEY, WORD, 35, true, "AIza" },
	{ SECRETS_TOKEN, WORD, 30, true, "ghp_" },
	{ SECRETS_TOKEN, WORD, 30, true, "gho_" },
	{ SECRETS_TOKEN, WORD, 30, true, "ghs_" },
	{ SECRETS_TOKEN, WORD, 40, true, "github_pat_" },
	{ SECRETS_TOKEN, WORD, 20, true, "glpat-" },
	{ SECRETS_TOKEN, WORD, 10, true, "xoxb-" },
	{ SECRETS_TOKEN, WORD, 10, true, "xoxp-" },
	{ SECRETS_TOKEN, WORD, 20, true, "sk_live_" },
	{ SECRETS_TOKEN, WORD, 30, true, "eyJ" },
	{ SECRETS_TOKEN, VALUE, 0, false, "api_key" },
	{ SECRETS_TOKEN, VALUE, 0, false, "apikey" },
	{ SECRETS_TOKEN, VALUE, 0, false, "token" },
	{ SECRETS_TOKEN, VALUE, 0, false, "secret" },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct {
	const char *word, *label;
} classes[SECRETS_CLASSES] = {
	[SECRETS_PRIVATE_KEY] = { "private_key", "private keys" },
	[SECRETS_PASSWORD] = { "password", "passwords" },
	[SECRETS_AUTHORIZATION] = { "authorization", "headers with an authorization" },
	[SECRETS_COOKIE] = { "cookie", "cookies" },
	[SECRETS_CLOUD_KEY] = { "cloud_key", "keys of cloud services" },
	[SECRETS_TOKEN] = { "token", "tokens" },
};

const char *secrets_word(unsigned class)
{
	return classes[class].word;
}

const char *secrets_label(unsigned class)
{
	return classes[class].label;
}

/* Length of the needle of this row where it stands at `at`, else 0. */
static size_t match(unsigned row, const char *at, const char *end)
{
	const char *needle = rows[row].needle;
	size_t i;

	for (i = 0; needle[i]; i++) {
		if (at + i == end)
			return 0;
		if (at[i] != needle[i] &&
		    (rows[row].same_case || tolower((unsigned char)at[i]) != needle[i]))
			return 0;
	}
	return i;
}

static bool is_among(char c, enum follows follows)
{
	unsigned char byte = (unsigned char)c;

	if (follows == UPPER)
		return isupper(byte) || isdigit(byte);
	return isalnum(byte) || c == '_' || c == '-' || c == '.';
}

static bool follows(unsigned row, const char *at, const char *end)
{
	unsigned n;

	switch (rows[row].follows) {
	case UPPER:
	case WORD:
		for (n = 0; at + n < end && n < rows[row].least; n++)
			if (!is_among(at[n], rows[row].follows))
				return false;
		return n == rows[row].least;
	case VALUE:
		while (at < end && strchr("\"' \\", *at) && *at)
			at++;
		if (at == end || (*at != '=' && *at != ':'))
			return false;
		at++;
		while (at < end && (*at == ' ' || *at == '"' || *at == '\''))
			at++;
		return at < end && isgraph((unsigned char)*at) && *at != '*';
	case HEADER:
		while (at < end && *at == ' ')
			at++;
		return at < end && isgraph((unsigned char)*at) && *at != '*';
	default:
		return true;
	}
}

/* The byte may begin a needle: nearly none does. */
static const bool *beginnings(void)
{
	static bool begins[256];
	unsigned i;

	for (i = 0; i < ROWS; i++) {
		begins[(uint8_t)rows[i].needle[0]] = true;
		if (!rows[i].same_case)
			begins[toupper((unsigned char)rows[i].needle[0])] = true;
	}
	return begins;
}

void secrets_scan(struct secrets *secrets, const void *bytes, size_t length)
{
	const char *at = bytes, *end = at + length;
	const bool *begins = beginnings();
	size_t n;
	unsigned i;

	while (at < end) {
		n = 0;
		for (i = 0; begins[(uint8_t)*at] && i < ROWS && !n; i++) {
			n = match(i, at, end);
			if (n && !follows(i, at + n, end))
				n = 0;
			if (n)
				secrets->found[rows[i].class]++;
		}
		at += n ? n : 1;
	}
}

void secrets_scan_named(struct secrets *secrets, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);
	char *both = malloc(n + m + 2);

	if (!both)
		return;
	memcpy(both, name, n);
	both[n] = '=';
	memcpy(both + n + 1, value, m + 1);
	secrets_scan(secrets, both, n + m + 1);
	free(both);
}
