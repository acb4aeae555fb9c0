#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Millrace's tap port against DPDK's, paired: the same generator, the same two cores, runs in turn.
#
#      core 1, namespace            t0        core 0, the same namespace
#   +-----------------------+              +----------------------------------------+
#   | testpmd flowgen       | -----------> | dpdk: testpmd net_tap, macswap         |
#   | net_af_packet on t0   | <----------- | uring, plain: echo tap:t0,io=...       |
#   +-----------------------+              +----------------------------------------+
. "$(dirname "$0")/common.sh"

port_options="" sides="dpdk uring plain"
usage() { common_usage " [--port OPTIONS] [--sides \"dpdk uring plain\"]
   --port        more options of Millrace's port, e.g. \",offloads=csum\""; }
while [ $# -gt 0 ]; do
    common_option "$@"
    if [ "$taken" = 0 ]; then
        case $1 in
            --port) port_options=$2; taken=2 ;;
            --sides) sides=$2; taken=2 ;;
            *) usage ;;
        esac
    fi
    shift "$taken"
done
set_up
space=vst$$
make_space "$space"
generator_space=$space
generator_device=net_af_packet0,iface=t0,qdisc_bypass=1,framecnt=1024,framesz=2048,blocksz=4096

start_side() {
    case $1 in
        dpdk) start_testpmd "$space" net_tap0,iface=t0 "$2" ;;
        uring | plain) start_millrace "$space" "tap:t0,io=$1$port_options" "$2" ;;
        *) fail "a side is dpdk, uring or plain, not $1" ;;
    esac
    ip -n "$space" link set t0 up
}

stop_side() {
    case $1 in
        dpdk) stop_testpmd ;;
        *) stop_millrace ;;
    esac
}

# shellcheck disable=SC2086
compare "$sizes" $sides
