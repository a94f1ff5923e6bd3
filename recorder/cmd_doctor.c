/*
 * `frontrun doctor`: what this machine can and cannot do. The probes are checks.c.
 */
#include <stdio.h>

#include "formats/json_out.h"
#include "recorder/checks.h"
#include "recorder/header.h"
#include "recorder/options.h"
#include "recorder/terminal.h"
#include "recorder/text.h"

int cmd_doctor(const struct command *command, int argc, char **argv);

static const struct {
	const char *word; /* in the JSON */
	const char *mark; /* in the table */
	enum terminal_styles style;
} states[] = {
	[CHECK_OK] = { "ok", "ok", STYLE_GREEN },
	[CHECK_INFO] = { "info", "--", STYLE_NONE },
	[CHECK_LIMITED] = { "limited", "!", STYLE_YELLOW },
	[CHECK_MISSING] = { "missing", "MISSING", STYLE_RED },
};

static void print_row(const struct terminal *terminal, const struct check *check,
		      const struct check_result *result)
{
	char space[600];
	struct text value;

	text_init(&value, space, sizeof(space));
	text_add_clean(&value, result->value);
	printf("%s%-8s%s%-23s%s\n", terminal_style(terminal, states[result->state].style),
	       states[result->state].mark, terminal_style(terminal, STYLE_NONE), check->name,
	       value.data);
	if (result->remedy)
		printf("        %s\n", result->remedy);
}

static void put_row(struct json_out *out, const struct check *check,
		    const struct check_result *result)
{
	json_object_begin(out);
	json_key(out, "name");
	json_string(out, check->name);
	json_key(out, "state");
	json_string(out, states[result->state].word);
	json_key(out, "value");
	json_string(out, result->value);
	if (result->remedy) {
		json_key(out, "remedy");
		json_string(out, result->remedy);
	}
	json_object_end(out);
}

int cmd_doctor(const struct command *command, int argc, char **argv)
{
	unsigned limited = 0, missing = 0;
	struct terminal terminal;
	struct options options;
	struct json_out out;
	int status = options_parse(&options, command, argc, argv);
	bool json;
	size_t i;

	if (status >= 0)
		return status;
	json = options_given(&options, OPTION_JSON);
	terminal_init(&terminal, stdout, options_string(&options, OPTION_COLOR, "auto"));
	json_out_init(&out);
	json_object_begin(&out);
	json_key(&out, "schema");
	json_int(&out, 1);
	json_key(&out, "version");
	json_string(&out, HEADER_VERSION);
	json_key(&out, "checks");
	json_array_begin(&out);
	for (i = 0; i < checks_count; i++) {
		struct check_result result = { .state = CHECK_OK };

		checks[i].probe(&result);
		limited += result.state == CHECK_LIMITED;
		missing += result.state == CHECK_MISSING;
		if (json)
			put_row(&out, &checks[i], &result);
		else
			print_row(&terminal, &checks[i], &result);
	}
	json_array_end(&out);
	json_key(&out, "ok");
	json_bool(&out, !missing);
	json_object_end(&out);
	json_newline(&out);
	if (json)
		fwrite(out.data, 1, out.len, stdout);
	else if (missing)
		printf("\nPrograms cannot be recorded here: %u missing.\n", missing);
	else if (limited)
		printf("\nPrograms can be recorded here, with %u limit%s.\n", limited,
		       limited == 1 ? "" : "s");
	else
		puts("\nPrograms can be recorded here.");
	json_out_fini(&out);
	options_fini(&options);
	return missing ? EXIT_DOCTOR_ILL : EXIT_DOCTOR_WELL;
}
