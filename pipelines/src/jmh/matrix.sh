#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs all benchmarks on JDK 17 with G1, and those of hops and of the switch on every JDK with every collector; prints
# tables for README.md. About 12 minutes on a quiet machine.
#
#   pipelines/src/jmh/matrix.sh [FOLDER]     raw results go to FOLDER, /tmp/millrace-bench if not given
#   JDKS="/path/to/17 /path/to/25"           the JDKs, the first one for all benchmarks
set -euo pipefail

home=$(dirname -- "$(readlink -f -- "$0")")/../../..
folder=${1:-/tmp/millrace-bench}
mkdir -p "$folder"
if [ -z "${JDKS:-}" ]; then
    JDKS=$(printf '%s ' /usr/lib/jvm/java-17-openjdk-* /usr/lib/jvm/*-25-jdk-*)
fi
collectors=(G1 Parallel Z)

feature() { sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"; }

# Runs the benchmarks $4... on JDK $1 with collector $2 and writes $3.csv.
run() {
    local jdk=$1 collector=$2 result=$3
    shift 3
    printf 'JDK %s, %s: %s\n' "$(feature "$jdk")" "$collector" "$*" >&2
    JAVA_HOME=$jdk "$home/millrace" bench "$@" -jvmArgsAppend "-XX:-UseG1GC -XX:+Use${collector}GC" \
        -rf csv -rff "$folder/$result.csv" >"$folder/$result.log" 2>&1 ||
        { tail -n 20 "$folder/$result.log" >&2; exit 1; }
}

# The rows of CSV files as: benchmark, parameters, score, error, unit; separated by tabs.
rows() {
    awk -F, '
        { gsub(/["\r]/, "") }
        FNR == 1 { delete name; for (i = 8; i <= NF; i++) { name[i] = $i; sub(/Param: /, "", name[i]) }; next }
        {
            parameters = ""
            for (i = 8; i <= NF; i++) if ($i != "") parameters = parameters (parameters == "" ? "" : ", ") name[i] "=" $i
            benchmark = $1; sub(/.*\.(pipeline|virtqueue|packet)\.(filter\.)?|io\.millrace\./, "", benchmark)
            printf "%s\t%s\t%s\t%s\t%s\n", benchmark, parameters, $5, $6, $7
        }' "$@"
}

read -r main_jdk _ <<<"$JDKS"
run "$main_jdk" G1 all
for jdk in $JDKS; do
    for collector in "${collectors[@]}"; do
        run "$jdk" "$collector" "$(feature "$jdk")-$collector-hop" HopBenchmark -p nodes=0,8 -p burst=1,32
        run "$jdk" "$collector" "$(feature "$jdk")-$collector-switch" SwitchBenchmark -p burst=32
    done
done

printf 'Machine: %s, %s CPUs, Linux %s, %s.\n\n' \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" "$(uname -r)" "$(date +%F)"
printf '| JDK | collector | hop, burst of 1: ns a node | hop, burst of 32: ns a node | switch, burst of 32: ns a packet |\n'
printf '|---|---|---|---|---|\n'
for jdk in $JDKS; do
    for collector in "${collectors[@]}"; do
        prefix=$folder/$(feature "$jdk")-$collector
        rows "$prefix-hop.csv" "$prefix-switch.csv" | awk -F'\t' -v jdk="$(feature "$jdk")" -v gc="$collector" '
            { score[$2] = $3 }
            END {
                printf "| %s | %s | %.1f | %.1f | %.1f |\n", jdk, gc,
                    (score["burst=1, nodes=8"] - score["burst=1, nodes=0"]) / 8,
                    (score["burst=32, nodes=8"] - score["burst=32, nodes=0"]) / 8,
                    (score["burst=32, node=switch"] - score["burst=32, node=wire"]) / 32
            }'
    done
done
printf '\n| benchmark | parameters | result | error | unit |\n|---|---|---|---|---|\n'
rows "$folder/all.csv" | awk -F'\t' '{ printf "| %s | %s | %.2f | %.2f | %s |\n", $1, $2, $3, $4, $5 }'
