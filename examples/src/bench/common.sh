# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
#
# What the scripts beside this file have in common; sourced by them. A script says what its sides are, defines
#   start_side SIDE LOG      starts a device under test on core 0, in the background, with its id in $backend
#   stop_side SIDE           ends it
# sets $generator_device (a --vdev of testpmd) and, if it has to be in a network namespace, $generator_space, and calls
#   compare "SIZES" SIDE SIDE...
#
#      core 1                          core 0
#   +-----------------------+       +---------------------------------------+
#   | testpmd flowgen       | ----> | the device under test, a side at a    |
#   | ($generator_device)   | <---- | time: swaps MAC addresses, sends back |
#   +-----------------------+       +---------------------------------------+
#
# A run's figure is the median of one-second windows of what came back to the generator, in million packets per second.
set -u

home=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
name=$(basename "$0" .sh)
runs=3 seconds=5 warm_up=4 sizes="64 1514" huge=yes logs="" quiet=1000 millrace_options=""
generator_device="" generator_space="" generator="" backend="" guests="" spaces=""

# The part of the usage that all share.
common_usage() {
    cat >&2 <<EOF
usage: $name.sh [--runs N] [--seconds N] [--warm-up N] [--sizes "64 1514"] [--no-huge] [--quiet N] [--logs DIR]
                [--millrace OPTIONS]$1
   --runs        how often each side has its turn
   --seconds     one-second windows per run
   --millrace    more options of \`millrace echo\`, e.g. "--burst 64"
   --quiet       repeats a run while others took more than N % of a core; after 5 times it is left out of the medians
   JAVA_HOME chooses the JDK, as for the launcher.
EOF
    exit 2
}

# common_option ARGUMENTS...: takes one option of those above and sets $taken to how many words it was; 0 if none.
common_option() {
    taken=2
    case $1 in
        --runs) runs=$2 ;;
        --seconds) seconds=$2 ;;
        --warm-up) warm_up=$2 ;;
        --sizes) sizes=$2 ;;
        --millrace) millrace_options=$2 ;;
        --no-huge) huge=no; taken=1 ;;
        --quiet) quiet=$2 ;;
        --logs) logs=$2 ;;
        *) taken=0 ;;
    esac
}

fail() { echo "$name: $*" >&2; exit 1; }

# Checks, and takes what the end gives back. Options are read by then.
set_up() {
    command -v dpdk-testpmd > /dev/null \
        || fail "dpdk-testpmd is missing: apt-get install dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus"
    [ "$(nproc)" -ge 2 ] || fail "two cores are needed, one for each side"
    [ -x "$home/millrace" ] || fail "no launcher at $home/millrace"
    # Two at once would measure each other, and each would give back the other's huge pages.
    exec 9> "${TMPDIR:-/tmp}/millrace-vs-dpdk.lock" || exit 1
    flock 9
    work=$(mktemp -d) || exit 1
    [ -n "$logs" ] || logs=$work
    mkdir -p "$logs" || exit 1
    pages_file=/proc/sys/vm/nr_hugepages
    pages_before=$(cat $pages_file)
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    # One process's memory is 256 MiB, and the generator needs as much at the same time.
    memory="--no-huge -m 512"
    if [ $huge = yes ]; then
        if [ "$pages_before" -lt 640 ]; then echo 640 2> /dev/null > $pages_file; fi
        if [ "$(awk '/HugePages_Free/ { print $2 }' /proc/meminfo)" -ge 512 ]; then
            memory="--in-memory --single-file-segments -m 256"
        else
            echo "$pages_before" 2> /dev/null > $pages_file
            huge=no
        fi
    fi
    # Built now, not while something is measured.
    "$home/millrace" --version > /dev/null 2>&1 9>&-
}

clean_up() {
    local space
    # shellcheck disable=SC2086
    kill -9 $generator $backend $guests 2> /dev/null
    wait 2> /dev/null
    for space in $spaces; do ip netns delete "$space" 2> /dev/null; done
    [ "$huge" = yes ] && echo "$pages_before" > $pages_file
    rm -rf "$work"
}

# make_space NAME: a network namespace without IPv6, so that the kernel sends nothing by itself. Gone at the end.
make_space() {
    ip netns add "$1" || fail "network namespaces need root"
    spaces="$spaces $1"
    ip netns exec "$1" sh -c \
        'for s in all default; do echo 1 > /proc/sys/net/ipv6/conf/$s/disable_ipv6; done' 2> /dev/null
}

# end PID: waits up to 5 s for a child that was asked to leave, then kills it.
end() {
    [ -n "$1" ] || return 0
    for _ in $(seq 50); do kill -0 "$1" 2> /dev/null || { wait "$1" 2> /dev/null; return 0; }; sleep 0.1; done
    kill -9 "$1" 2> /dev/null
    wait "$1" 2> /dev/null
}

# await FILE PATTERN PID: until the log holds the pattern; fails when the process ends first or after 20 s.
await() {
    for _ in $(seq 200); do
        grep -q -- "$2" "$1" && return 0
        kill -0 "$3" 2> /dev/null || break
        sleep 0.1
    done
    tail -5 "$1" >&2
    return 1
}

# testpmd NAME SPACE MAIN_CORE "VDEV..." ARGUMENTS...: becomes testpmd, forwarding on the core that is not MAIN_CORE.
testpmd() {
    local name=$1 main=$3 vdevs=${4// / --vdev } inside=""
    [ -n "$2" ] && inside="ip netns exec $2"
    shift 4
    # shellcheck disable=SC2086
    exec $inside stdbuf -oL dpdk-testpmd -l 0,1 --main-lcore "$main" --no-pci --no-telemetry \
        --file-prefix "vs_${name}_$$" $memory --vdev $vdevs -- -i --total-num-mbufs=16384 "$@" 9>&-
}

# start_testpmd SPACE VDEV LOG: DPDK as the device under test. Its commands go to fd 3.
start_testpmd() {
    rm -f "$work/backend.in"
    mkfifo "$work/backend.in"
    testpmd backend "$1" 1 "$2" --forward-mode=macswap --port-topology=loop < "$work/backend.in" > "$3" 2>&1 &
    backend=$!
    exec 3> "$work/backend.in"
    await "$3" 'testpmd>' $backend || fail "testpmd with $2 did not start: $3"
    echo start >&3
}

stop_testpmd() {
    echo quit >&3
    exec 3>&-
    end "$backend"
    backend=""
}

# start_millrace SPACE PORT LOG: Millrace as the device under test.
start_millrace() {
    local inside=""
    [ -n "$1" ] && inside="ip netns exec $1"
    # shellcheck disable=SC2086
    $inside "$home/millrace" echo "$2" --cpus 0 --idle spin $millrace_options > "$3" 2>&1 9>&- &
    backend=$!
    await "$3" '^ready:' $backend || fail "millrace with $2 did not start: $3"
}

stop_millrace() {
    kill -TERM "$backend"
    end "$backend"
    backend=""
}

# Clock ticks (1/100 s) that all processes, and these two processes, have used so far.
busy_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }
own_ticks() { cat "/proc/$generator/stat" "/proc/$backend/stat" 2> /dev/null | awk '{ t += $14 + $15 } END { print t }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.3f\n", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }
best() { sort -n | tail -1; }

# measure SIZE LOG: sets `result` to the median Mpps that came back, `best` to the best window's, `offered` to
# what the generator would have sent, had there been room, and `others` to the percentage of one core that other processes (or the hypervisor)
# took meanwhile; work that the kernel does in interrupts for both is among the latter.
measure() {
    local busy own
    rm -f "$work/generator.in"
    mkfifo "$work/generator.in"
    testpmd generator "$generator_space" 0 "$generator_device" --forward-mode=flowgen --txpkts="$1" \
        < "$work/generator.in" > "$2" 2>&1 3>&- &
    generator=$!
    exec 4> "$work/generator.in"
    await "$2" 'testpmd>' $generator || fail "the generator did not start: $2"
    echo start >&4
    sleep "$warm_up"
    echo "show port stats 0" >&4
    echo "show fwd stats all" >&4
    busy=$(busy_ticks) own=$(own_ticks)
    for _ in $(seq "$seconds"); do sleep 1; echo "show port stats 0" >&4; done
    echo "show fwd stats all" >&4
    others=$(( ($(busy_ticks) - busy - $(own_ticks) + own) / seconds ))
    echo quit >&4
    exec 4>&-
    end "$generator"
    generator=""
    # The first line covers the time since the start, warm-up included.
    awk '/Rx-pps/ { print $2 / 1e6 }' "$2" | tail -n +2 > "$work/windows"
    result=$(median < "$work/windows")
    best=$(best < "$work/windows")
    # With what found no room in the ring. At its end testpmd prints the same once more.
    offered=$(awk -v seconds="$seconds" '/Accumulated forward statistics/ { isSum = 1 }
        isSum && /TX-total/ { total[++n] = $6; isSum = 0 }
        END { if (n > 1) printf "%.3f\n", (total[2] - total[1]) / seconds / 1e6 }' "$2")
    [ -n "$result" ] || fail "the generator printed no rate: $2"
}

# ratio SIZE WHAT SIDE A B: of a side to the first.
ratio() {
    awk -v size="$1" -v what="$2" -v side="$3" -v a="$4" -v b="$5" 'BEGIN {
        printf "%5s B  %-8s A %7.3f  %s %7.3f Mpps  %s/A = %s\n", size, what, a, side, b, side,
            (a > 0 ? sprintf("%.2f", b / a) : "none") }'
}

# compare SIZES SIDE...: each side in turn, as often as said, and then their ratios. Letters name the sides in their
# order.
compare() {
    local sizes=$1 letters=(A B C D) size run i letter note
    shift
    echo "$(i=0; for side in "$@"; do printf '%s = %s, ' "${letters[$i]}" "$side"; i=$((i + 1)); done)$runs runs each in" \
        "turn, median of $seconds windows of 1 s; memory: $memory"
    for size in $sizes; do
        for letter in "${letters[@]}"; do : > "$work/$letter"; : > "$work/best-$letter"; : > "$work/offered-$letter"; done
        for run in $(seq "$runs"); do
            i=0
            for side in "$@"; do
                letter=${letters[$i]}
                i=$((i + 1))
                for _ in 1 2 3 4 5; do
                    start_side "$side" "$logs/$size-$run-$letter.log"
                    measure "$size" "$logs/$size-$run-$letter-generator.log"
                    stop_side "$side"
                    [ "$others" -gt "$quiet" ] || break
                done
                note=" (left out)"
                if [ "$others" -le "$quiet" ]; then
                    echo "$result" >> "$work/$letter"
                    echo "$best" >> "$work/best-$letter"
                    echo "$offered" >> "$work/offered-$letter"
                    note=""
                fi
                printf '%5s B  run %s  %s %-14s  median %7.3f  best %7.3f  of %7.3f Mpps offered  others %3d %% of a core%s\n' \
                    "$size" "$run" "$letter" "$side" "$result" "$best" "$offered" "$others" "$note"
            done
        done
        for letter in "${letters[@]:0:$#}"; do
            [ "$letter" = A ] && continue
            ratio "$size" medians "$letter" "$(median < "$work/A")" "$(median < "$work/$letter")"
            ratio "$size" best "$letter" "$(best < "$work/best-A")" "$(best < "$work/best-$letter")"
        done
        for letter in "${letters[@]:0:$#}"; do
            awk -v size="$size" -v side="$letter" -v back="$(median < "$work/$letter")" \
                -v offered="$(median < "$work/offered-$letter")" 'BEGIN {
                lost = offered > 0 ? 100 * (1 - back / offered) : 0
                printf "%5s B  %s: %.0f %% of what was offered did not come back, so the %s is the limit\n",
                    size, side, lost, (lost < 3 ? "generator" : "device under test") }'
        done
    done
}
