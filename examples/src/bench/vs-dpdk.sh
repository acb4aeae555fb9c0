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
# Absolute figures drift with the machine and its neighbours; the ratio of the medians is the result. On a machine that
# others use too (see the last column), the best windows are the better guide: contention only slows.
. "$(dirname "$0")/common.sh"

a=dpdk b=millrace generator_options="" sizes="64 1518"
usage() { common_usage " [--a dpdk|millrace] [--b dpdk|millrace] [--generator OPTIONS]
   --generator   more net_virtio_user options, e.g. \"mrg_rxbuf=0,in_order=0,vectorized=1\""; }
while [ $# -gt 0 ]; do
    common_option "$@"
    if [ "$taken" = 0 ]; then
        case $1 in
            --a) a=$2; taken=2 ;;
            --b) b=$2; taken=2 ;;
            --generator) generator_options=,$2; taken=2 ;;
            *) usage ;;
        esac
    fi
    shift "$taken"
done
set_up
socket=$work/peer.sock
generator_device="net_virtio_user0,path=$socket,queues=1,queue_size=1024$generator_options"

start_side() {
    rm -f "$socket"
    case $1 in
        dpdk) start_testpmd "" "net_vhost0,iface=$socket,queues=1" "$2" ;;
        millrace) start_millrace "" "vhost-user:$socket" "$2" ;;
        *) fail "a side is dpdk or millrace, not $1" ;;
    esac
}

stop_side() {
    case $1 in
        dpdk) stop_testpmd ;;
        *) stop_millrace ;;
    esac
}

compare "$sizes" "$a" "$b"
