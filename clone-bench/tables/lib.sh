# What the scripts beside this one share: where things are, and the line above each table. A script begins with
#
#   source "$(dirname "${BASH_SOURCE[0]}")/lib.sh" "$@"
#
# and has then: $table, its own name; $long, whether --long was given; $arguments, what else was; $java and $jdk, the
# Java of JAVA_HOME (or of the path) and its feature version; $jar, the benchmarks, built if they were missing or older
# than a source; $json, where its results go; $headline, a line with date, machine, JDK and command; $scratch, a
# directory that goes away with the script.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

fail() {
  echo "$table: $*" >&2
  exit 2
}

# need TOOL PACKAGE: ends the script if the tool is missing.
need() {
  have "$1" || fail "needs $1; install the package $2"
}

have() {
  command -v "$1" > /dev/null
}

# run CLASS ARGUMENT...: a program of the benchmarks; its options for the JVM come from $jvm_options, an array.
run() {
  "$java" ${jvm_options[@]+"${jvm_options[@]}"} -cp "$jar" "io.clonedevice.bench.$1" "${@:2}"
}

build_if_stale() {
  local newer
  newer=$(find "$bench"/../clone-{metadata,core,bench}/src/main "$bench/pom.xml" -type f -newer "$jar" -print -quit 2> /dev/null || echo missing)
  if [[ ! -f $jar || -n $newer ]]; then
    need mvn maven
    mvn -B -q -f "$bench/../pom.xml" -pl clone-bench -am -Dmaven.test.skip -Dspotless.check.skip -Dmaven.javadoc.skip -Dmaven.source.skip package >&2
  fi
}

# Load, because a table of a busy machine is worth little.
machine() {
  local model memory
  model=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2> /dev/null | head -n 1 || true)
  memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo 2> /dev/null || true)
  echo "$(getconf _NPROCESSORS_ONLN) x ${model:-$(uname -m)}, $((${memory:-0} >> 20)) GiB, $(uname -s) $(uname -r)," \
    "load $(cut -d ' ' -f 1 /proc/loadavg 2> /dev/null || echo unknown)"
}

table=$(basename "$0")
long=false
arguments=()
for argument in "$@"; do
  if [[ $argument == --long ]]; then
    long=true
  else
    arguments+=("$argument")
  fi
done

bench=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
have "$java" || fail "needs a JDK, 17 or later; set JAVA_HOME"
version=$("$java" -XshowSettings:properties -version 2>&1)
jdk=$(sed -n 's/^ *java.vm.specification.version = //p' <<< "$version")
vm=$(sed -n 's/^ *java.vendor = //p' <<< "$version"),\ $(sed -n 's/^ *java.vm.version = //p' <<< "$version")

jar=$bench/target/benchmarks.jar
build_if_stale
mkdir -p "$bench/target/results"
json=$bench/target/results/$table-$jdk.json
headline="$(date -u '+%Y-%m-%d %H:%M UTC'); $(machine); JDK $jdk ($vm); \`clone-bench/tables/$table${*:+ $*}\`"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# write_json TABLE COLUMNS ROW...: the results of a script that measures without Java, in the form that Results reads.
write_json() {
  local rows
  rows=$(printf ', %s' "${@:3}")
  printf '{"headline": "%s", "tables": [{"name": "%s", "columns": %s, "rows": [%s]}]}\n' \
    "${headline//\"/\\\"}" "$1" "$2" "${rows:2}" > "$json"
}
