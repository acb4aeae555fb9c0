#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# TCP between two virtual machines, through Millrace and through DPDK, paired: the same guests with QEMU's default
# device, the same two cores, runs taken in turn. The guests boot anew for each run, because they negotiate anew.
#
#      core 1                                core 0
#   +-----------------------+  vhost-user  +------------------------------------------------+
#   | QEMU guest, iperf3    | -----------> | dpdk: testpmd, two net_vhost, io               |
#   | QEMU guest, iperf3 -s | <----------- | millrace: patch vhost-user: vhost-user:, spins |
#   +-----------------------+              +------------------------------------------------+
#
# Without KVM the guests are the limit: what is compared is how much work each side makes for them.
. "$(dirname "$0")/common.sh"

device="" a=dpdk b=millrace
# Without these net_vhost offers guests no TSO.
offloads=tso=1,legacy-ol-flags=1
usage() {
    cat >&2 <<EOF
usage: $name.sh [--runs N] [--seconds N] [--device OPTIONS] [--a SIDE] [--b SIDE] [--no-huge] [--logs DIR]
                [--millrace OPTIONS]
   --runs        how often each side has its turn
   --seconds     how long iperf3 sends, first one way, then the other
   --device      more options of QEMU's virtio-net-pci, e.g. "packed=on" or "host_tso4=off"
   --a, --b      dpdk or millrace
   --millrace    more options of \`millrace patch\`
EOF
    exit 2
}
while [ $# -gt 0 ]; do
    case $1 in
        --runs | --seconds | --no-huge | --logs | --millrace) common_option "$@" ;;
        --device) device=,$2; taken=2 ;;
        --a) a=$2; taken=2 ;;
        --b) b=$2; taken=2 ;;
        *) usage ;;
    esac
    shift "$taken"
done
for program in qemu-system-x86_64 busybox iperf3 cpio taskset; do
    command -v $program > /dev/null || fail "$program is missing: .ci/run installs it"
done
kernel=$(ls -v /boot/vmlinuz-* 2> /dev/null | tail -1)
[ -r "$kernel" ] || fail "there is no kernel in /boot: apt-get install linux-image-cloud-amd64"
set_up

# A file system of busybox, iperf3 and the modules of virtio-net. Guest 1 serves; guest 2 measures and says so.
make_image() {
    local root=$work/root file library
    mkdir -p "$root"/{bin,dev,proc,sys,tmp,modules}
    cp "$(command -v busybox)" "$root/bin/busybox"
    file=$(command -v iperf3)
    cp "$file" "$root/bin/iperf3"
    for library in $(ldd "$file" | grep -o '/[^ ]* (0x' | cut -d' ' -f1); do
        mkdir -p "$root/$(dirname "$library")"
        cp -L "$library" "$root/$library"
    done
    for file in virtio_pci virtio_net; do
        modprobe -S "${kernel#/boot/vmlinuz-}" --show-depends $file | awk '$1 == "insmod" { print $2 }'
    done | awk '!seen[$0]++' > "$work/modules"
    while read -r file; do
        cp "$file" "$root/modules/"
        echo "/modules/$(basename "$file")"
    done < "$work/modules" > "$root/modules/order"
    cat > "$root/init" <<'EOF'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev; mount -t proc none /proc; mount -t sysfs none /sys
while read -r module; do insmod $module; done < /modules/order
for word in $(cat /proc/cmdline); do case $word in id=*) id=${word#*=};; seconds=*) seconds=${word#*=};; esac; done
ip link set lo up; ip address add 10.0.0.$id/24 dev eth0; ip link set eth0 up
if [ $id = 1 ]; then exec iperf3 -s > /dev/null; fi
until ping -c 1 -W 1 10.0.0.1 > /dev/null; do :; done
sleep 1
for way in "" -R; do
    iperf3 -c 10.0.0.1 -t $seconds $way -f m | awk '/receiver/ { print "RATE", $7 }'
done
echo DONE
sleep 1000
EOF
    chmod +x "$root/init"
    (cd "$root" && find . | cpio -o -H newc --quiet) > "$work/image"
}

start_guest() {
    # QEMU 7.2 crashes with MSI-X, vhost-user and TCG together: no vectors.
    exec taskset -c 1 qemu-system-x86_64 -accel tcg -nodefaults -no-user-config -display none -m 256M \
        -object memory-backend-memfd,id=m,size=256M,share=on -numa node,memdev=m -kernel "$kernel" \
        -initrd "$work/image" -append "console=ttyS0 no_timer_check panic=-1 loglevel=4 id=$1 seconds=$seconds" \
        -serial stdio -chardev "socket,id=c,path=$work/vm$1.sock,reconnect=1" \
        -netdev vhost-user,id=n,chardev=c \
        -device "virtio-net-pci,netdev=n,vectors=0,romfile=,mac=52:54:00:00:00:0$1$device" < /dev/null 9>&- 3>&-
}

start_side() {
    rm -f "$work"/vm?.sock
    case $1 in
        dpdk)
            rm -f "$work/backend.in"
            mkfifo "$work/backend.in"
            testpmd backend "" 1 "net_vhost1,iface=$work/vm1.sock,$offloads net_vhost2,iface=$work/vm2.sock,$offloads" \
                --forward-mode=io < "$work/backend.in" > "$2" 2>&1 &
            backend=$!
            exec 3> "$work/backend.in"
            await "$2" 'testpmd>' $backend || fail "testpmd did not start: $2"
            echo start >&3 ;;
        millrace)
            # shellcheck disable=SC2086
            "$home/millrace" patch "vhost-user:$work/vm1.sock" "vhost-user:$work/vm2.sock" --cpus 0 --idle spin \
                --json $millrace_options > "$2" 2>&1 9>&- &
            backend=$!
            await "$2" '^ready:' $backend || fail "millrace did not start: $2" ;;
        *) fail "a side is dpdk or millrace, not $1" ;;
    esac
}

# Ends the side, and sets $frame to the mean length of what came from the guests.
stop_side() {
    case $1 in
        dpdk)
            echo "show port stats all" >&3
            sleep 1
            stop_testpmd
            frame=$(awk '/RX-packets/ && NF > 4 { p += $2; b += $6 } END { if (p) printf "%d", b / p }' "$2") ;;
        millrace)
            stop_millrace
            frame=$(grep -o '"port/vm[12]/rx0/[a-z]*":[0-9]*' "$2" | awk -F '[/":]+' '
                $5 == "packets" { p += $6 } $5 == "bytes" { b += $6 } END { if (p) printf "%d", b / p }') ;;
    esac
}

# run SIDE LETTER NUMBER: one turn, whose two rates go to the letter's file.
run() {
    local log=$logs/run$3-$2 client
    start_side "$1" "$log.log"
    start_guest 1 > "$log-guest1.log" 2>&1 &
    guests=$!
    start_guest 2 > "$log-guest2.log" 2>&1 &
    client=$!
    guests="$guests $client"
    for _ in $(seq $((60 + 4 * seconds))); do
        grep -q DONE "$log-guest2.log" && break
        kill -0 $client 2> /dev/null || break
        sleep 1
    done
    # The serial console ends lines by two characters.
    rates=$(tr -d '\r' < "$log-guest2.log" | awk '/^RATE/ { printf "%s ", $2 }')
    [ "$(echo "$rates" | wc -w)" = 2 ] || fail "the guests measured nothing: $log*.log"
    # shellcheck disable=SC2086
    { kill -9 $guests; wait $guests; } 2> /dev/null
    guests=""
    stop_side "$1" "$log.log"
    echo "$rates" | awk '{ print ($1 + $2) / 2 }' >> "$work/$2"
    # shellcheck disable=SC2086
    printf 'run %s  %s %-8s  forth %5s  back %5s Mbit/s  packets of %s bytes\n' "$3" "$2" "$1" $rates "$frame"
}

make_image
: > "$work/A"
: > "$work/B"
echo "A = $a, B = $b, $runs runs each in turn, iperf3 for $seconds s each way; memory: $memory; device: default$device"
for i in $(seq "$runs"); do
    run "$a" A "$i"
    run "$b" B "$i"
done
awk -v a="$(median < "$work/A")" -v b="$(median < "$work/B")" 'BEGIN {
    printf "medians  A %.0f  B %.0f Mbit/s  B/A = %s\n", a, b, (a > 0 ? sprintf("%.2f", b / a) : "none") }'
