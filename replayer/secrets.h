/*
 * Looks for what nobody wants to send to strangers by accident: keys, passwords, tokens. A help to
 * the one who reads a trace before he sends it, no proof that there is nothing. What is found is
 * counted by class; the bytes are given to nobody.
 *
 *	secrets_scan(&secrets, bytes, length);	for each piece
 *	secrets.found[SECRETS_PASSWORD] ...
 */
#ifndef REPLAYER_SECRETS_H
#define REPLAYER_SECRETS_H

#include <stddef.h>
#include <stdint.h>

enum secrets_class {
	SECRETS_PRIVATE_KEY,   /* PEM blocks, OpenSSH keys */
	SECRETS_PASSWORD,      /* password=, "passwd": */
	SECRETS_AUTHORIZATION, /* headers of HTTP */
	SECRETS_COOKIE,
	SECRETS_CLOUD_KEY, /* of AWS and Google */
	SECRETS_TOKEN,     /* of GitHub, GitLab, Slack; JSON web tokens; api_key= */
	SECRETS_CLASSES
};

struct secrets {
	uint64_t found[SECRETS_CLASSES];
};

/* A word for programs, and words for people. */
const char *secrets_word(unsigned class);
const char *secrets_label(unsigned class);

/* Count what is in these bytes. */
void secrets_scan(struct secrets *secrets, const void *bytes, size_t length);

/* The same for a value with its name: NAME=value, as in the environment. */
void secrets_scan_named(struct secrets *secrets, const char *name, const char *value);

#endif
