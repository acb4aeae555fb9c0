#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Millrace's AF_XDP port against DPDK's, paired: the same generator, the same veth pair, the same two cores, in turn.
#
#      core 1                                core 0
#   +-----------------------+     veth     +----------------------------------------+
#   | testpmd flowgen,      | gen -> dut   | A: testpmd net_af_xdp, macswap         |
#   | net_af_xdp            | gen <- dut   | B: millrace echo afxdp:dut --idle spin |
#   +-----------------------+              +----------------------------------------+
#
# A run's figure is the median of what came back to the generator in one-second windows, in packets per second. The
# kernel does most of the work here, on both sides: it copies each packet, and passes it through the veth.
#
# usage: afxdp-vs-dpdk.sh [--runs N] [--seconds N] [--sizes "64 1514"] [--port OPTIONS] [--millrace OPTIONS]
#   --port       more port options, e.g. "size=512"
#   --millrace   more options of `millrace echo`, e.g. "--burst 64"
#   JAVA_HOME chooses the JDK, as for the launcher. NICE=-19 keeps others off the cores, as far as that goes.
set -u

home=$(cd "$(dirname "$0")/../../.." && pwd)
runs=3 seconds=5 sizes="64 1514" port_options="" millrace_options=""
while [ $# -gt 0 ]; do
    case $1 in
        --runs) runs=$2 ;;
        --seconds) seconds=$2 ;;
        --sizes) sizes=$2 ;;
        --port) port_options=,$2 ;;
        --millrace) millrace_options=$2 ;;
        *) sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift 2 || exit 2
done

fail() { echo "afxdp-vs-dpdk: $*" >&2; exit 1; }
[ "$(id -u)" -eq 0 ] || fail "network namespaces need root"
command -v dpdk-testpmd > /dev/null \
    || fail "dpdk-testpmd is missing: apt-get install dpdk-dev librte-meta-net librte-meta-mempool librte-meta-bus"
[ "$(nproc)" -ge 2 ] || fail "two cores are needed, one for each side"

space=mrbench$$
work=$(mktemp -d) || exit 1
generator="" echoer=""

end() {
    [ -n "$1" ] || return 0
    for _ in $(seq 50); do kill -0 "$1" 2> /dev/null || { wait "$1" 2> /dev/null; return 0; }; sleep 0.1; done
    kill -9 "$1" 2> /dev/null
    wait "$1" 2> /dev/null
}

clean_up() {
    [ -n "$generator" ] && kill -9 "$generator" 2> /dev/null
    [ -n "$echoer" ] && kill -9 "$echoer" 2> /dev/null
    wait 2> /dev/null
    ip netns del $space 2> /dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

await() {
    for _ in $(seq 200); do
        grep -q -- "$2" "$1" && return 0
        kill -0 "$3" 2> /dev/null || break
        sleep 0.1
    done
    tail -5 "$1" >&2
    return 1
}

# testpmd MAIN_CORE DEVICE ARGUMENTS...: forwards on the core that is not MAIN_CORE.
testpmd() {
    local main=$1 device=$2
    shift 2
    exec nice -n "${NICE:-0}" ip netns exec $space stdbuf -oL dpdk-testpmd -l 0,1 --main-lcore "$main" --no-pci \
        --no-telemetry --no-huge -m 512 --file-prefix "xdp_${device}_$$" --vdev "net_af_xdp0,iface=$device" \
        -- -i --total-num-mbufs=16384 "$@"
}

start_echo() {
    if [ "$1" = dpdk ]; then
        mkfifo "$work/echo.in"
        testpmd 1 dut --forward-mode=macswap --port-topology=loop < "$work/echo.in" > "$work/echo.log" 2>&1 &
        echoer=$!
        exec 3> "$work/echo.in"
        await "$work/echo.log" 'testpmd>' $echoer || fail "net_af_xdp did not start"
        echo start >&3
    else
        # shellcheck disable=SC2086
        nice -n "${NICE:-0}" "$home/millrace" echo "afxdp:dut,netns=$space$port_options" --cpus 0 --idle spin \
            $millrace_options > "$work/echo.log" 2>&1 &
        echoer=$!
        await "$work/echo.log" '^ready:' $echoer || fail "millrace did not start"
    fi
}

stop_echo() {
    if [ "$1" = dpdk ]; then
        echo quit >&3
        exec 3>&-
    else
        kill -TERM "$echoer"
    fi
    end "$echoer"
    echoer=""
    rm -f "$work/echo.in"
}

# The median of the rates that the generator has seen come back.
median() { grep -o 'Rx-pps: *[0-9]*' "$1" | awk '{ print $2 }' | tail -n +2 | sort -n | awk '{ a[NR] = $1 }
    END { print a[int((NR + 1) / 2)] }'; }

# run SIDE SIZE
run() {
    ip -n $space link add gen type veth peer name dut
    ip -n $space link set gen up
    ip -n $space link set dut up
    start_echo "$1"
    mkfifo "$work/generator.in"
    testpmd 0 gen --forward-mode=flowgen < "$work/generator.in" > "$work/generator.log" 2>&1 &
    generator=$!
    exec 4> "$work/generator.in"
    await "$work/generator.log" 'testpmd>' $generator || fail "the generator did not start"
    printf 'set txpkts %s\nstart\n' "$2" >&4
    # Millrace has to be compiled while it runs.
    sleep 5
    for _ in $(seq 0 "$seconds"); do echo "show port stats all" >&4; sleep 1; done
    echo quit >&4
    exec 4>&-
    end "$generator"
    generator=""
    stop_echo "$1"
    median "$work/generator.log" | tee -a "$work/$1.$2"
    rm -f "$work/generator.in"
    ip -n $space link del gen
}

ip netns add $space || fail "no network namespace"
ip netns exec $space sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
"$home/millrace" --help > /dev/null || fail "millrace does not build"
for size in $sizes; do
    for _ in $(seq "$runs"); do
        for side in dpdk millrace; do
            printf '%5s B  %-9s' "$size" $side
            run $side "$size"
        done
    done
    for side in dpdk millrace; do
        sort -n "$work/$side.$size" | awk -v s="$size" -v w=$side '{ a[NR] = $1 }
            END { printf "%5s B  median of %-9s %d\n", s, w, a[int((NR + 1) / 2)] }'
    done
done
