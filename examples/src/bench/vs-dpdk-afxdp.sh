#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Millrace's AF_XDP port against DPDK's, paired: the same generator, the same veth, the same two cores, runs in turn.
#
#      core 1, namespace g        veth        core 0, namespace d
#   +-----------------------+ g0 <----> d0 +----------------------------------------+
#   | testpmd flowgen       | -----------> | dpdk: testpmd net_af_xdp, macswap      |
#   | net_af_xdp            | <----------- | millrace: echo afxdp:d0 --idle spin    |
#   +-----------------------+              +----------------------------------------+
#
# The kernel's work for a packet is done by whoever sends it, and by the softirq that this raises on the same core.
. "$(dirname "$0")/common.sh"

port_options="" dpdk_options="" sides="dpdk millrace"
usage() { common_usage " [--port OPTIONS] [--dpdk OPTIONS] [--sides \"dpdk millrace\"]
   --port        more options of Millrace's port, e.g. \",size=4096\"
   --dpdk        more options of DPDK's device, e.g. \",busy_budget=0\""; }
while [ $# -gt 0 ]; do
    common_option "$@"
    if [ "$taken" = 0 ]; then
        case $1 in
            --port) port_options=$2; taken=2 ;;
            --dpdk) dpdk_options=$2; taken=2 ;;
            --sides) sides=$2; taken=2 ;;
            *) usage ;;
        esac
    fi
    shift "$taken"
done
set_up
device_space=vsx$$d
generator_space=vsx$$g
make_space "$device_space"
make_space "$generator_space"
generator_device=net_af_xdp0,iface=g0

start_side() {
    ip -n "$device_space" link add d0 type veth peer name g0 netns "$generator_space" || fail "no veth"
    ip -n "$device_space" link set d0 up
    ip -n "$generator_space" link set g0 up
    case $1 in
        dpdk) start_testpmd "$device_space" "net_af_xdp0,iface=d0$dpdk_options" "$2" ;;
        millrace) start_millrace "$device_space" "afxdp:d0$port_options" "$2" ;;
        *) fail "a side is dpdk or millrace, not $1" ;;
    esac
}

stop_side() {
    case $1 in
        dpdk) stop_testpmd ;;
        *) stop_millrace ;;
    esac
    ip -n "$device_space" link delete d0
}

# shellcheck disable=SC2086
compare "$sizes" $sides
