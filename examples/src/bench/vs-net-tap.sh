#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Millrace's tap port against DPDK's net_tap, paired: the same generator on the kernel's side of the device, the same two
# cores, runs taken in turn.
#
#      core 1                                   core 0
#   +------------------------+    tap device   +----------------------------------------------+
#   | testpmd flowgen        | --------------> | dpdk: testpmd net_tap, macswap               |
#   | net_af_packet          | <-------------- | uring, plain: millrace echo tap:...,io=HOW   |
#   +------------------------+                 +----------------------------------------------+
#
# A run's figure is the median of one-second windows of what came back to the generator, in packets per second. All of
# it happens in a network namespace of its own.
#
# usage: vs-net-tap.sh [--runs N] [--seconds N] [--sizes "64 1514"] [--sides "dpdk uring plain"]
set -u

home=$(cd "$(dirname "$0")/../../.." && pwd)
runs=3 seconds=4 sizes="64 1514" sides="dpdk uring plain"
while [ $# -gt 0 ]; do
    case $1 in
        --runs) runs=$2; shift 2 ;;
        --seconds) seconds=$2; shift 2 ;;
        --sizes) sizes=$2; shift 2 ;;
        --sides) sides=$2; shift 2 ;;
        *) sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done

fail() { echo "vs-net-tap: $*" >&2; exit 1; }
command -v dpdk-testpmd > /dev/null \
    || fail "dpdk-testpmd is missing: apt-get install dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus"
[ "$(id -u)" = 0 ] || fail "root is needed, for the devices and their namespace"
[ "$(nproc)" -ge 2 ] || fail "two cores are needed, one for each side"

work=$(mktemp -d) || exit 1
space=mrb$$ echoer="" generator=""

# end PID: waits up to 5 s for a child that was asked to leave, then kills it.
end() {
    [ -n "$1" ] || return 0
    for _ in $(seq 50); do kill -0 "$1" 2> /dev/null || break; sleep 0.1; done
    kill -9 "$1" 2> /dev/null
    wait "$1" 2> /dev/null
}

clean_up() {
    [ -n "$generator" ] && kill -9 "$generator" 2> /dev/null
    [ -n "$echoer" ] && kill -9 "$echoer" 2> /dev/null
    wait 2> /dev/null
    ip netns del "$space" 2> /dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# testpmd NAME MAIN_CORE VDEV ARGUMENTS...: forwards on the core that is not MAIN_CORE.
testpmd() {
    local name=$1 main=$2 vdev=$3
    shift 3
    exec ip netns exec "$space" stdbuf -oL dpdk-testpmd -l 0,1 --main-lcore "$main" --no-pci --no-telemetry \
        --file-prefix "tap_${name}_$$" --no-huge -m 256 --vdev "$vdev" -- -i --total-num-mbufs=16384 "$@"
}

start_echo() {
    if [ "$1" = dpdk ]; then
        mkfifo "$work/echo.in"
        (testpmd e 1 net_tap0,iface=bench --forward-mode=macswap --port-topology=loop) \
            < "$work/echo.in" > "$work/echo.log" 2>&1 &
        echoer=$!
        exec 3> "$work/echo.in"
        echo start >&3
    else
        "$home/millrace" echo "tap:bench,netns=$space,io=$1" --cpus 0 --idle spin > "$work/echo.log" 2>&1 &
        echoer=$!
        exec 3> /dev/null
    fi
    for _ in $(seq 1200); do
        grep -qE '^ready|packet forwarding - ports=' "$work/echo.log" && return
        kill -0 $echoer 2> /dev/null || break
        sleep 0.1
    done
    tail -5 "$work/echo.log" >&2
    fail "$1 did not start"
}

# run SIDE SIZE: sets figure to what came back.
run() {
    rm -f "$work"/*.in "$work"/*.log
    ip netns add "$space" || exit 1
    ip netns exec "$space" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    start_echo "$1"
    mkfifo "$work/generator.in"
    (testpmd g 0 net_af_packet0,iface=bench,qdisc_bypass=1 --forward-mode=flowgen --txpkts="$2") \
        < "$work/generator.in" > "$work/generator.log" 2>&1 &
    generator=$!
    exec 4> "$work/generator.in"
    printf 'set txpkts %s\nstart\n' "$2" >&4
    sleep 6
    for _ in $(seq 0 "$seconds"); do echo "show port stats all" >&4; sleep 1; done
    echo quit >&4
    exec 4>&-
    end $generator
    generator=""
    if [ "$1" = dpdk ]; then echo quit >&3; else kill -TERM $echoer; fi
    exec 3>&-
    end $echoer
    echoer=""
    ip netns del "$space"
    # The first window began before the packets did.
    figure=$(sed -n 's/.*Rx-pps: *\([0-9]*\).*/\1/p' "$work/generator.log" | tail -n +2 | median)
}

median() { sort -n | awk '{ all[NR] = $1 } END { print NR ? all[int((NR + 1) / 2)] : 0 }'; }

for size in $sizes; do
    for turn in $(seq "$runs"); do
        for side in $sides; do
            run "$side" "$size"
            echo "$figure" >> "$work/$side.$size"
            echo "size $size turn $turn $side: $figure packets/s"
        done
    done
    for side in $sides; do
        echo "size $size median $side: $(median < "$work/$side.$size") packets/s" \
            "(least $(sort -n "$work/$side.$size" | head -1), most $(sort -n "$work/$side.$size" | tail -1))"
    done
done
