# SPDX-License-Identifier: Apache-2.0
#
# What the launcher reads for `millrace bench`, which runs the benchmarks in src/jmh of every module, and for `millrace
# jcstress`, which runs the stress tests of lock-free code in src/jcstress. Replaces what is built, and how it is run.
# shellcheck shell=bash disable=SC2034,SC2154  # the launcher's variables

case "$1" in
    bench) kind=jmh ;;
    jcstress) kind=jcstress ;;
esac
shift

modules=()
for folder in "$home"/*/src/"$kind"; do
    module=${folder#"$home"/}
    modules+=("${module%%/*}")
done

stamp=$target/.built-$kind
sources=src
goals=(-pl "$(IFS=,; printf '%s' "${modules[*]}")" -am test-compile
    dependency:build-classpath -Dmdep.outputFile="target/$kind.classpath")
outputs=()

# What of modules $@ is measured, and what it needs. The benchmarks of one module may use another's.
class_path() {
    local module
    for module in "$@"; do
        printf '%s:%s:%s:' "$home/$module/target/$kind-classes" "$home/$module/target/test-classes" \
            "$home/$module/target/classes"
    done
    for module in "$@"; do
        printf '%s:' "$(<"$home/$module/target/$kind.classpath")"
    done
}

run() {
    flags+=(-Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.log.net.openhft=error)
    if [ "$kind" = jmh ]; then
        exec "$java_home/bin/java" "${flags[@]}" -cp "$(class_path "${modules[@]}")" io.millrace.Bench "$@"
    fi
    set -o pipefail
    # The list of tests is one file on the class path, so each module has a run of its own. Without options, one
    # combination of JVM flags, ours: a few minutes in all. With any, what JCStress takes for right.
    local module status=0
    [ $# -gt 0 ] || set -- -jvmArgs -XX:+UseG1GC -sc false -af NONE -f 1 -iters 2 -time 1000
    cd -- "$target" || exit
    for module in "${modules[@]}"; do
        "$java_home/bin/java" "${flags[@]}" -cp "$(class_path "$module")" org.openjdk.jcstress.Main \
            -r "$target/jcstress" "$@" | tee "$target/jcstress.log" || status=1
        # It ends well too if a test could not even begin: as many have to pass as were planned.
        grep '^(Results' "$target/jcstress.log" | tail -n 1 | grep -q '(Results: \([0-9]*\) planned; \1 passed' || status=1
    done
    exit $status
}
