/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import io.millrace.linux.Capabilities;
import io.millrace.linux.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.IntPredicate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What the doctor says of tap and AF_XDP on machines that lack one thing or another. */
class NetworkFindingsTest {
    private static final IntPredicate ALL = capability -> true;
    private static final IntPredicate NONE = capability -> false;

    @TempDir
    private Path root;

    private NetworkFindings findings(final IntPredicate capabilities) {
        return new NetworkFindings(root, capabilities);
    }

    private Finding finding(final String subject, final IntPredicate capabilities) {
        return findings(capabilities).all().stream().filter(finding -> finding.subject().equals(subject)).findFirst()
            .orElseThrow();
    }

    private void write(final String file, final String text) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.writeString(root.resolve(file), text);
    }

    private void memlock(final String soft) throws IOException {
        write("proc/self/limits", String.format("%-26s%-21s%-21sbytes%n", "Max locked memory", soft, "unlimited"));
    }

    private static void assertLacking(final String detail, final String mend, final Finding finding) {
        assertEquals(Finding.State.LACKING, finding.state(), finding.text());
        assertTrue(finding.detail().contains(detail), finding.text());
        assertEquals(mend, finding.mend());
    }

    private static void assertOk(final String detail, final Finding finding) {
        assertEquals(Finding.State.OK, finding.state(), finding.text());
        assertTrue(finding.detail().contains(detail), finding.text());
    }

    @Test
    void shouldOpenTheTunDevice() throws IOException {
        assertLacking("missing", "sudo modprobe tun (a container: docker run --device /dev/net/tun ...)",
            finding("tap", ALL));
        write("dev/net/tun", "");
        assertOk("can be opened", finding("tap", ALL));
        // What cannot be opened as a file stands for a node whose driver is not there.
        Files.delete(root.resolve("dev/net/tun"));
        Files.createDirectory(root.resolve("dev/net/tun"));
        assertLacking("no driver", "sudo modprobe tun", finding("tap", ALL));
    }

    @Test
    void shouldOpenTheVhostNetDevice() throws IOException {
        assertLacking("/dev/vhost-net is missing: no tap devices by vhost-net",
            "sudo modprobe vhost_net (a container: docker run --device /dev/vhost-net ...)", finding("vhost-net", ALL));
        write("dev/vhost-net", "");
        assertOk("can be opened", finding("vhost-net", ALL));
    }

    @Test
    void shouldSayWhoForbidsIoUring() throws IOException {
        assertOk("allowed", findings(ALL).ioUring(0));
        assertLacking("container", "docker run --security-opt seccomp=unconfined ...",
            findings(ALL).ioUring(Errno.EPERM));
        write("proc/sys/kernel/io_uring_disabled", "2\n");
        assertLacking("kernel.io_uring_disabled is 2", "sudo sysctl kernel.io_uring_disabled=0",
            findings(ALL).ioUring(Errno.EPERM));
        write("proc/sys/kernel/io_uring_disabled", "0\n");
        assertLacking("container", "docker run --security-opt seccomp=unconfined ...",
            findings(ALL).ioUring(Errno.EPERM));
        assertLacking("ENOSYS", "use a kernel with CONFIG_IO_URING=y; docker run --security-opt seccomp=unconfined ...",
            findings(ALL).ioUring(Errno.ENOSYS));
        assertLacking("too little memory may be locked", "sudo prlimit --pid $$ --memlock=unlimited",
            findings(ALL).ioUring(Errno.ENOMEM));
    }

    @Test
    void shouldSayWhyThereAreNoXdpSockets() {
        assertOk("can be opened", findings(ALL).xdp(0));
        assertLacking("the kernel has no", "use a kernel with CONFIG_XDP_SOCKETS=y",
            findings(ALL).xdp(Errno.EAFNOSUPPORT));
        assertLacking("CAP_NET_RAW", "sudo ./millrace ...", findings(NONE).xdp(Errno.EPERM));
    }

    @Test
    void shouldNameTheOneCapabilityThatBpfLacks() throws IOException {
        assertOk("can be loaded", findings(ALL).bpf(0));
        write("proc/sys/kernel/unprivileged_bpf_disabled", "2\n");
        assertLacking("EPERM without CAP_BPF, whatever kernel.unprivileged_bpf_disabled (2) says",
            "sudo ./millrace ...", findings(c -> c == Capabilities.CAP_NET_ADMIN).bpf(Errno.EPERM));
        // CAP_SYS_ADMIN does what CAP_BPF does.
        assertLacking("EPERM without CAP_NET_ADMIN,", "sudo ./millrace ...",
            findings(c -> c == Capabilities.CAP_SYS_ADMIN).bpf(Errno.EPERM));
        assertLacking("though no capability is missing", "run outside of the container, or docker run --privileged ...",
            findings(ALL).bpf(Errno.EPERM));
    }

    @Test
    void shouldHoldThePoolAgainstTheLimitOfLockedMemory() throws IOException {
        memlock("8388608");
        assertLacking("8192 KiB for all of this user, and no CAP_IPC_LOCK; an AF_XDP port locks the frame pool, "
            + "usually 48 MiB", "sudo prlimit --pid $$ --memlock=unlimited", finding("memlock", NONE));
        assertOk("no limit with CAP_IPC_LOCK", finding("memlock", ALL));
        memlock("134217728");
        assertOk("128 MiB for all of this user", finding("memlock", NONE));
        memlock("unlimited");
        assertOk("unlimited", finding("memlock", NONE));
    }

    @Test
    void shouldNotTrustARightOverAUserNamespace() throws IOException {
        memlock("8388608");
        write("proc/self/uid_map", "         0       1000          1\n");
        assertLacking("no CAP_IPC_LOCK", "sudo prlimit --pid $$ --memlock=unlimited", finding("memlock", ALL));
        write("proc/self/uid_map", "         0          0 4294967295\n");
        assertOk("no limit", finding("memlock", ALL));
    }

    @Test
    void shouldNameTheMissingCapabilitiesAndWhatTheyAreFor() {
        assertOk("are there", finding("capabilities", ALL));
        assertLacking("missing: CAP_NET_ADMIN (tap, AF_XDP), CAP_NET_RAW (AF_XDP), CAP_BPF (AF_XDP); vhost-user",
            "sudo ./millrace ...", finding("capabilities", NONE));
        final Set<Integer> some = Set.of(Capabilities.CAP_NET_ADMIN, Capabilities.CAP_SYS_ADMIN);
        assertLacking("missing: CAP_NET_RAW (AF_XDP); vhost-user", "sudo ./millrace ...",
            finding("capabilities", some::contains));
    }
}
