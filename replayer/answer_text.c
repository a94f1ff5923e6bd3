/*
 * Words for answers, see answer_text.h.
 */
#include "replayer/answer_text.h"

#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>

#include "formats/syscall_names.h"
#include "replayer/children.h"

static const struct {
	uint8_t count;     /* of arguments, 0: not a known row */
	uint8_t addresses; /* bit i: argument i is one */
} calls[] = {
#define ANSWER(call, count, addresses, sort, name, sent, got) \
	[SYS_##call] = { count, (addresses)&0x7f },
#include "formats/answers.def"
#undef ANSWER
};

int answer_direction(uint16_t call)
{
	switch (call) {
	case SYS_read:
	case SYS_readv:
	case SYS_pread64:
	case SYS_preadv:
	case SYS_preadv2:
	case SYS_recvfrom:
	case SYS_recvmsg:
		return 1;
	case SYS_write:
	case SYS_writev:
	case SYS_pwrite64:
	case SYS_pwritev:
	case SYS_pwritev2:
	case SYS_sendto:
	case SYS_sendmsg:
		return -1;
	default:
		return 0;
	}
}

/* In quotes, escaped as in C, cut at a whole character. */
static void add_bytes(struct text *text, const char *bytes, size_t len)
{
	static const char names[] = "\"\"\\\\\nn\rr\tt";
	size_t shown = len < ANSWER_TEXT_BYTES ? len : ANSWER_TEXT_BYTES, i, n;
	const char *escape;

	while (shown < len && shown && ((uint8_t)bytes[shown] & 0xc0) == 0x80)
		shown--;
	text_add(text, "\"");
	for (i = 0; i < shown; i += n) {
		/* A NUL is clean text's business. */
		for (n = 0; i + n < shown; n++)
			if (bytes[i + n] && strchr("\"\\\n\r\t", bytes[i + n]))
				break;
		text_add_clean_n(text, bytes + i, n);
		if (n)
			continue;
		escape = strchr(names, bytes[i]);
		text_addf(text, "\\%c", escape[1]);
		n = 1;
	}
	text_add(text, shown < len ? "\"..." : "\"");
}

static void add_args(struct text *text, const struct trace_answer *answer)
{
	bool known = answer->call < sizeof(calls) / sizeof(*calls) && calls[answer->call].count;
	unsigned count = known ? calls[answer->call].count : 6, i;
	const char *comma = "";

	while (!known && count && !answer->args[count - 1])
		count--;
	for (i = 0; i < count; i++) {
		if (known && calls[answer->call].addresses >> i & 1)
			continue;
		text_addf(text, "%s%" PRId64, comma, answer->args[i]);
		comma = ", ";
	}
	if (answer->sent_len) {
		text_add(text, comma);
		if (answer_direction(answer->call))
			add_bytes(text, answer->sent, answer->sent_len);
		else
			text_addf(text, "<%zu bytes>", answer->sent_len);
	}
}

static void add_result(struct text *text, const struct trace_answer *answer)
{
	const char *error = answer->result < 0 && answer->result > -4096
				    ? strerrorname_np((int)-answer->result)
				    : NULL;

	if (error)
		text_addf(text, " = %s", error);
	else
		text_addf(text, " = %" PRId64, answer->result);
	if (answer->flags & ANSWER_REFERENCE) {
		text_add(text, ", bytes of the file itself");
	} else if (answer->got_len && answer_direction(answer->call)) {
		text_add(text, " ");
		add_bytes(text, answer->got, answer->got_len);
	} else if (answer->got_len) {
		text_addf(text, " <%zu bytes%s>", answer->got_len,
			  answer->flags & ANSWER_MORE ? " and more" : "");
	}
}

/* A child comes to be, or becomes a program. */
static void add_child(struct text *text, const struct trace_answer *answer)
{
	text_addf(text, "child %" PRId64, answer->args[1]);
	if (answer->call == SYS_execve) {
		text_add(text, " runs ");
		answer_words(text, answer->got, answer->got_len);
		return;
	}
	text_add(text, " is forked");
	if (answer->args[2])
		text_addf(text, " by child %" PRId64, answer->args[2]);
	text_addf(text, ": %" PRId64, answer->result);
}

void answer_words(struct text *text, const void *words, size_t len)
{
	const char *word = words, *end;
	bool first = true;

	for (; len; first = false) {
		end = memchr(word, '\0', len);
		if (!first)
			text_add(text, " ");
		text_add_clean_n(text, word, end ? (size_t)(end - word) : len);
		if (!end)
			return;
		len -= (size_t)(end + 1 - word);
		word = end + 1;
	}
}

void answer_text(struct text *text, const struct trace_answer *answer)
{
	const char *name = answer->in, *second;
	size_t len = answer->in_len, first;

	if (!name) {
		name = syscall_name(answer->call);
		name = name ? name : "?";
		len = strlen(name);
	}
	if (children_own(answer)) {
		add_child(text, answer);
		return;
	}
	if (answer->flags & ANSWER_CHILD)
		text_addf(text, "child %" PRId64 ": ", answer->args[1]);
	text_add_clean_n(text, name, len);
	text_add(text, "(");
	if (answer->name_len) {
		/* Two names have a NUL between them. */
		second = memchr(answer->name, '\0', answer->name_len);
		first = second ? (size_t)(second - (const char *)answer->name) : answer->name_len;
		add_bytes(text, answer->name, first);
		if (second) {
			text_add(text, ", ");
			add_bytes(text, second + 1, answer->name_len - first - 1);
		}
	} else {
		add_args(text, answer);
	}
	text_add(text, ")");
	add_result(text, answer);
}
