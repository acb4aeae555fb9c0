#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What joining TCP segments gives a receiver: the same stream from a veth to a tap that takes TSO, without and with
# `--via gro`, in turn.
#
#   namespace: iperf3 -c -- veth ==== veth -- afxdp: | millrace switch | tap: -- iperf3 -s :namespace
. "$(dirname "$0")/common.sh"

server=""
while [ $# -gt 0 ]; do
    case $1 in
        --runs) runs=$2 ;;
        --seconds) seconds=$2 ;;
        *) echo "usage: $name.sh [--runs N] [--seconds N]" >&2; exit 2 ;;
    esac
    shift 2
done
for program in iperf3 ethtool ip; do
    command -v $program > /dev/null || fail "$program is missing: .ci/run installs it"
done
id=gro$$
work=$(mktemp -d)

# What one run made.
take_down() {
    # shellcheck disable=SC2086
    kill $backend $server 2> /dev/null
    wait 2> /dev/null
    backend="" server=""
    ip link delete "${id}o" 2> /dev/null
    ip netns delete "$id-a" 2> /dev/null
    ip netns delete "$id-b" 2> /dev/null
}
trap 'take_down; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
"$home/millrace" --version > /dev/null 2>&1

# run SIDE OPTIONS...: prints what iperf3 received, in Mbit/s, and appends it to the file of that name.
run() {
    local side=$1 rate
    shift
    ip netns add "$id-a" && ip netns add "$id-b" || exit 1
    ip link add "${id}o" type veth peer name inner netns "$id-b"
    ip link set "${id}o" up
    # What goes through AF_XDP has to have its checksums.
    ip netns exec "$id-b" sh -c \
        'ethtool -K inner tx off > /dev/null; ip address add 10.9.0.3/24 dev inner; ip link set inner up'
    "$home/millrace" switch "afxdp:${id}o" "tap:${id}t,netns=$id-a,offloads=all" --cpus 0 "$@" > "$work/log" 2>&1 &
    backend=$!
    await "$work/log" '^ready' $backend || fail "millrace did not start"
    ip netns exec "$id-a" sh -c "ip address add 10.9.0.2/24 dev ${id}t; ip link set ${id}t up"
    ip netns exec "$id-a" iperf3 -s > /dev/null 2>&1 &
    server=$!
    sleep 2
    rate=$(ip netns exec "$id-b" iperf3 -c 10.9.0.2 -t "$seconds" -O 1 -f m | awk '/receiver/ { print $7 }')
    [ -n "$rate" ] || { tail -5 "$work/log" >&2; fail "iperf3 measured nothing"; }
    echo "$rate" >> "$work/$side"
    printf '%-6s %6s Mbit/s\n' "$side" "$rate"
    take_down
}

for _ in $(seq "$runs"); do
    run plain
    run gro --via gro
done
awk -v a="$(median < "$work/plain")" -v b="$(median < "$work/gro")" \
    'BEGIN { printf "medians  plain %.0f  gro %.0f Mbit/s  gro/plain = %.2f\n", a, b, b / a }'
