#!/bin/bash
# `make deps`: installs the Debian packages that are missing, and nothing else. A package counts as
# present when what it provides is there (a program, a header, a Python module), however it came.
# Without root and without a passwordless sudo it prints the one line to run and fails.
set -u

missing=()

# need PACKAGE CHECK...: the package is missing when the check fails.
need() {
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}

program() { command -v "$1"; }
# Programs of the administrator are not in everybody's PATH.
server() { PATH=$PATH:/usr/sbin:/sbin command -v "$1"; }
header() { printf '#include <%s>\n' "$1" | ${CC:-gcc} -E -x c -; }
library() { printf 'int main(void) { return 0; }\n' | ${CC:-gcc} -x c - -o /dev/null "-l$1"; }
header_and_library() { header "$1" && library "$2"; }
sanitizer_runtime() {
	printf 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 9; }\n' |
		clang -fsanitize=fuzzer,address -x c - -o /dev/null
}
python_module() {
	local python=/usr/bin/python3
	[ -x $python ] || python=python3
	$python -c "import $1"
}
postgres_program() { compgen -G "/usr/lib/postgresql/*/bin/$1"; }
python_header() { compgen -G '/usr/include/python3*/Python.h'; }

# To build.
need gcc program gcc
need g++ program g++
need make program make
need libc6-dev header pthread.h
need libzstd-dev header_and_library zstd.h zstd
need libcjson-dev header_and_library cjson/cJSON.h cjson
need libseccomp-dev header_and_library seccomp.h seccomp
need libdw-dev header_and_library elfutils/libdwfl.h dw
need libelf-dev header_and_library libelf.h elf
need libxxhash-dev header xxhash.h
need uthash-dev header uthash.h
need libcmocka-dev library cmocka
need python3-dev python_header

# To test.
need python3 program python3
need python3-jsonschema python_module jsonschema
need zstd program zstd
need jq program jq
need gdb program gdb
need binutils program readelf
need python3-cachetools python_module cachetools
need python3-coverage python_module coverage
need python3-gevent python_module gevent
need python3-greenlet python_module greenlet
need python3-psycopg2 python_module psycopg2
need python3-pykka python_module pykka
need python3-redis python_module redis
need python3-sqlalchemy python_module sqlalchemy
need python3-tenacity python_module tenacity
need python3-urllib3 python_module urllib3
need procps program ps
need util-linux program setarch
need xz-utils program xz
need pbzip2 program pbzip2
need python3-pytest python_module pytest
need python3-pytest-xdist python_module xdist
need sqlite3 program sqlite3
need redis-server server redis-server
need redis-tools program redis-cli
need postgresql postgres_program initdb
need postgresql-client program psql
need clang program clang
need libclang-rt-dev sanitizer_runtime

# Interpreters that did not come from Debian (pyenv's) get a pytest of their own below build/, where
# tests find it. One that cannot be had is a skipped test and no error.
pytest_for() {
	local python=$1 version folder
	version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') || return
	folder=${B:-build}/pip/$version
	"$python" -c 'import pytest' 2>/dev/null && return
	[ -d "$folder/_pytest" ] && return
	echo "make deps: installing pytest for Python $version in $folder" >&2
	"$python" -m pip install -q --disable-pip-version-check --target "$folder" pytest pytest-xdist >&2 ||
		echo "make deps: Python $version stays without pytest" >&2
}
for python in "$HOME"/.pyenv/versions/3.1[123].*/bin/python3; do
	[ -x "$python" ] && pytest_for "$python"
done

[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
	echo "make deps: this system has no apt-get; install what these Debian packages hold:" >&2
	echo "    ${missing[*]}" >&2
	exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
	as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
	as_root=(sudo -n)
else
	echo "make deps: ${#missing[@]} packages are missing and installing needs root. Run:" >&2
	echo "    sudo apt-get update && sudo $install" >&2
	exit 1
fi

# Tests start their own redis-server on a private port: the package's service must not start. The
# policy is asked by invoke-rc.d; an existing one of the administrator stays as it is.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap '"${as_root[@]}" rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
	"${as_root[@]}" chmod 755 $policy
fi
echo "make deps: installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update -q &&
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive $install
status=$?
if [ $status -ne 0 ]; then
	echo "make deps: apt-get could not install the packages (its message is above). Run by hand:" >&2
	echo "    apt-get update && $install" >&2
fi
exit $status
