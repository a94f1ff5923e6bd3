# What tests of Python programs share; sourced behind lib.sh.

# The interpreters: the system's, and those of pyenv, once for each minor version.
interpreters() {
	local python minor seen=' '
	for python in /usr/bin/python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-9]*/bin/python3; do
		[ -x "$python" ] || continue
		minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || continue
		[[ $minor =~ ^3\.1[123]$ && $seen != *" $minor "* ]] || continue
		seen+="$minor "
		echo "$minor $python"
	done
}
