# House rules that one pass over the C sources can check. Input: .c, .h, .S and .def files, paths
# from the root. Prints "RULE<tab>FILE:LINE<tab>what is wrong"; tests/lint.sh makes tests of it.
#
# Include direction: frontrun.c -> fuzz -> replayer -> recorder -> formats <- preload <- preload/python
# An arrow may be skipped, never turned: the CLI and the runtime meet in formats/ only.

BEGIN {
	may["formats"] = " formats "
	may["recorder"] = " recorder formats "
	may["replayer"] = " replayer recorder formats "
	may["fuzz"] = " fuzz replayer recorder formats "
	may["frontrun.c"] = " fuzz replayer recorder formats "
	may["preload"] = " preload formats "
	may["preload/python"] = " preload/python preload formats "
	# Unit tests look into everything; targets and corpus programs are programs of users.
	may["tests"] = " tests fuzz replayer recorder formats preload "
	may["corpus"] = " corpus "
}

function area(path) {
	if (path ~ /^preload\/python\//)
		return "preload/python"
	if (path == "frontrun.c")
		return path
	sub(/\/.*/, "", path)
	return path
}

function complain(rule, text) {
	printf "%s\t%s:%d\t%s\n", rule, FILENAME, FNR, text
}

function columns(line,    i, n) {
	n = 0
	for (i = 1; i <= length(line); i++)
		n = substr(line, i, 1) == "\t" ? n + 8 - n % 8 : n + 1
	return n
}

FNR == 1 {
	finish()
	file = FILENAME
	from = area(FILENAME)
	is_def = FILENAME ~ /\.def$/
	is_user = FILENAME ~ /^(corpus|tests\/targets)\//
	if ($0 !~ /^\/[*\/]/)
		complain("opening", "does not open with a comment that says what it is")
}

{
	lines = FNR
	if ($0 ~ /[ \t]+$/)
		complain("whitespace", "trailing white space")
	# Rows of a table stay on one line where they can.
	limit = is_def ? 180 : 100
	# A message is not cut: it has to be found by grep.
	if (length($0) > limit - 56 && columns($0) > limit && $0 !~ /^[ \t]*"/)
		complain("columns", "longer than " limit " columns")
	if (!is_def && $0 ~ /^ +[^ *\\]/ && $0 !~ /^ \*/ && FILENAME ~ /\.[ch]$/)
		complain("tabs", "indented with spaces")
	if ($0 ~ /(^|[^A-Za-z_])(TODO|FIXME|XXX|HACK)([^A-Za-z_X]|$)/)
		complain("leftover", "a note to do something later")
	if ($0 ~ /^#[ \t]*if[ \t]+0/)
		complain("leftover", "dead code (#if 0)")
	if (!is_user && $0 ~ /^[ \t]*typedef[ \t]+(struct|union|enum)/)
		complain("typedef", "typedef of a struct, union or enum")
}

/^#[ \t]*include[ \t]+"/ {
	path = $0
	sub(/^[^"]*"/, "", path)
	sub(/".*/, "", path)
	to = area(path)
	if (path !~ /\// && !is_user)
		complain("include", "\"" path "\" is not written from the root")
	else if (!is_user && index(may[from], " " to " ") == 0)
		complain("include", from " may not include \"" path "\"")
}

function finish() {
	if (file != "" && lines > 600)
		printf "length\t%s:%d\tlonger than 600 lines: split it along a concept\n", file, lines
}

END {
	finish()
}
