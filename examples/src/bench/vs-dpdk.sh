#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Millrace against DPDK's own vhost, paired: the same generator, the same two cores, runs taken in turn.
#
#      core 1                                core 0
#   +-----------------------+  vhost-user  +----------------------------------------+
#   | testpmd flowgen       | -----------> | A: testpmd net_vhost, macswap          |
#   | net_virtio_user,      | <----------- | B: millrace echo --idle spin           |
#   | split ring of 1024    |              |    (swap the MAC addresses, send back) |
#   +-----------------------+              +----------------------------------------+
#
# A run's figure is the median of one-second windows of what came back to the generator, in million packets per
# second. Absolute figures drift with the machine and its neighbours; the ratio of the medians is the result. On a
# machine that others use too (see the last column), the best windows are the better guide: contention only slows.
#
# usage: vs-dpdk.sh [--runs N] [--seconds N] [--warm-up N] [--sizes "64 1518"] [--a dpdk|millrace] [--b dpdk|millrace]
#                   [--generator OPTIONS] [--millrace OPTIONS] [--no-huge] [--quiet N] [--logs DIR]
#   --generator   more net_virtio_user options, e.g. "mrg_rxbuf=0,in_order=0,vectorized=1"
#   --millrace    more options of `millrace echo`, e.g. "--burst 64"
#   --quiet       repeats a run while others took more than N % of a core; after 5 times it is left out of the medians
#   JAVA_HOME chooses the JDK, as for the launcher.
set -u

home=$(cd "$(dirname "$0")/../../.." && pwd)
runs=3 seconds=5 warm_up=4 sizes="64 1518" a=dpdk b=millrace generator_options="" millrace_options="" huge=yes logs="" quiet=1000
while [ $# -gt 0 ]; do
    case $1 in
        --runs) runs=$2; shift 2 ;;
        --seconds) seconds=$2; shift 2 ;;
        --warm-up) warm_up=$2; shift 2 ;;
        --sizes) sizes=$2; shift 2 ;;
        --a) a=$2; shift 2 ;;
        --b) b=$2; shift 2 ;;
        --generator) generator_options=,$2; shift 2 ;;
        --millrace) millrace_options=$2; shift 2 ;;
        --no-huge) huge=no; shift ;;
        --quiet) quiet=$2; shift 2 ;;
        --logs) logs=$2; shift 2 ;;
        *) sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

fail() { echo "vs-dpdk: $*" >&2; exit 1; }
command -v dpdk-testpmd > /dev/null \
    || fail "dpdk-testpmd is missing: apt-get install dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus"
[ "$(nproc)" -ge 2 ] || fail "two cores are needed, one for each side"
for side in $a $b; do
    case $side in
        dpdk) ;;
        millrace) [ -x "$home/millrace" ] || fail "no launcher at $home/millrace" ;;
        *) fail "a side is dpdk or millrace, not $side" ;;
    esac
done

# Two at once would measure each other, and each would give back the other's huge pages.
exec 9> "${TMPDIR:-/tmp}/millrace-vs-dpdk.lock" || exit 1
flock 9

work=$(mktemp -d) || exit 1
[ -n "$logs" ] || logs=$work
mkdir -p "$logs" || exit 1
socket=$work/peer.sock
pages_file=/proc/sys/vm/nr_hugepages
pages_before=$(cat $pages_file)
generator="" backend=""

# end PID: waits up to 5 s for a child that was asked to leave, then kills it.
end() {
    [ -n "$1" ] || return 0
    for _ in $(seq 50); do kill -0 "$1" 2> /dev/null || { wait "$1" 2> /dev/null; return 0; }; sleep 0.1; done
    kill -9 "$1" 2> /dev/null
    wait "$1" 2> /dev/null
}

clean_up() {
    [ -n "$generator" ] && kill -9 "$generator" 2> /dev/null
    [ -n "$backend" ] && kill -9 "$backend" 2> /dev/null
    wait 2> /dev/null
    [ "$huge" = yes ] && echo "$pages_before" > $pages_file
    rm -rf "$work"
}
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

# testpmd NAME MAIN_CORE VDEV ARGUMENTS...: forwards on the core that is not MAIN_CORE; commands go to fd 3 or 4.
testpmd() {
    local name=$1 main=$2 vdev=$3
    shift 3
    # shellcheck disable=SC2086
    exec stdbuf -oL dpdk-testpmd -l 0,1 --main-lcore "$main" --no-pci --no-telemetry \
        --file-prefix "vs_${name}_$$" $memory --vdev "$vdev" -- -i --total-num-mbufs=16384 "$@" 9>&-
}

start_backend() {
    rm -f "$socket" "$work/backend.in"
    if [ "$1" = dpdk ]; then
        mkfifo "$work/backend.in"
        testpmd backend 1 "net_vhost0,iface=$socket,queues=1" --forward-mode=macswap --port-topology=loop \
            < "$work/backend.in" > "$2" 2>&1 &
        backend=$!
        exec 3> "$work/backend.in"
        await "$2" 'testpmd>' $backend || fail "net_vhost did not start: $2"
        echo start >&3
    else
        # shellcheck disable=SC2086
        "$home/millrace" echo "vhost-user:$socket" --cpus 0 --idle spin $millrace_options > "$2" 2>&1 9>&- &
        backend=$!
        await "$2" '^ready:' $backend || fail "millrace did not start: $2"
    fi
}

stop_backend() {
    if [ "$1" = dpdk ]; then
        echo quit >&3
        exec 3>&-
    else
        kill -TERM "$backend"
    fi
    end "$backend"
    backend=""
}

# Clock ticks (1/100 s) that all processes, and these two processes, have used so far.
busy_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }
own_ticks() { cat "/proc/$generator/stat" "/proc/$backend/stat" 2> /dev/null | awk '{ t += $14 + $15 } END { print t }'; }

# measure SIZE LOG: sets `result` to the median Mpps that came back, `best` to the best window's, and `others` to the
# percentage of one core that other processes (or the hypervisor) took meanwhile.
measure() {
    local busy own
    rm -f "$work/generator.in"
    mkfifo "$work/generator.in"
    testpmd generator 0 "net_virtio_user0,path=$socket,queues=1,queue_size=1024$generator_options" \
        --forward-mode=flowgen --txpkts="$1" < "$work/generator.in" > "$2" 2>&1 3>&- &
    generator=$!
    exec 4> "$work/generator.in"
    await "$2" 'testpmd>' $generator || fail "the generator did not start: $2"
    echo start >&4
    sleep "$warm_up"
    echo "show port stats 0" >&4
    busy=$(busy_ticks) own=$(own_ticks)
    for _ in $(seq "$seconds"); do sleep 1; echo "show port stats 0" >&4; done
    others=$(( ($(busy_ticks) - busy - $(own_ticks) + own) / seconds ))
    echo quit >&4
    exec 4>&-
    end "$generator"
    generator=""
    # The first line covers the time since the start, warm-up included.
    awk '/Rx-pps/ { print $2 / 1e6 }' "$2" | tail -n +2 > "$work/windows"
    result=$(median < "$work/windows")
    best=$(best < "$work/windows")
    [ -n "$result" ] || fail "the generator printed no rate: $2"
}

ratio() {
    awk -v size="$1" -v what="$2" -v a="$3" -v b="$4" 'BEGIN {
        printf "%5s B  %-8s A %7.3f  B %7.3f Mpps  B/A = %s\n", size, what, a, b, (a > 0 ? sprintf("%.2f", b / a) : "none") }'
}
best() { sort -n | tail -1; }
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) printf "%.3f\n", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'; }

echo "A = $a, B = $b; $runs runs each in turn, median of $seconds windows of 1 s; memory: $memory"
for size in $sizes; do
    for name in A B best-A best-B; do : > "$work/$name"; done
    for run in $(seq "$runs"); do
        for name in A B; do
            side=$a
            [ $name = B ] && side=$b
            for _ in 1 2 3 4 5; do
                start_backend "$side" "$logs/$size-$run-$name.log"
                measure "$size" "$logs/$size-$run-$name-generator.log"
                stop_backend "$side"
                [ "$others" -gt "$quiet" ] || break
            done
            note=" (left out)"
            if [ "$others" -le "$quiet" ]; then
                echo "$result" >> "$work/$name"
                echo "$best" >> "$work/best-$name"
                note=""
            fi
            printf '%5s B  run %s  %s %-8s  median %7.3f  best %7.3f Mpps  others took %3d %% of a core%s\n' \
                "$size" "$run" $name "$side" "$result" "$best" "$others" "$note"
        done
    done
    ratio "$size" medians "$(median < "$work/A")" "$(median < "$work/B")"
    ratio "$size" best "$(best < "$work/best-A")" "$(best < "$work/best-B")"
done
