/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Who is in which namespace. */
class NetNamespaceTest {
    private static String here() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")).toString();
    }

    @Test
    void shouldTakeNobodyAlong() throws IOException {
        final String before = here();
        try (TestNamespace network = TestNamespace.create(); NetNamespace namespace = network.open()) {
            final String inside = namespace.call(NetNamespaceTest::here);
            assertNotEquals(before, inside);
            assertEquals(inside, namespace.call(NetNamespaceTest::here));
            assertEquals(before, here());
            assertEquals(before, Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
        }
    }

    @Test
    void shouldOpenByPathToo() {
        try (TestNamespace network = TestNamespace.create();
            NetNamespace byName = network.open();
            NetNamespace byPath = NetNamespace.open("/run/netns/" + network.name())) {
            assertEquals(byName.call(NetNamespaceTest::here), byPath.call(NetNamespaceTest::here));
            assertEquals(network.name(), byName.name());
        }
    }

    @Test
    void shouldStayRightHereForNull() throws IOException {
        final Thread caller = Thread.currentThread();
        assertSame(caller, NetNamespace.in(null, Thread::currentThread));
        try (TestNamespace network = TestNamespace.create(); NetNamespace namespace = network.open()) {
            assertNotEquals(here(), NetNamespace.in(namespace, NetNamespaceTest::here));
        }
    }

    @Test
    void shouldThrowWhatTheTaskThrows() {
        try (TestNamespace network = TestNamespace.create(); NetNamespace namespace = network.open()) {
            final IllegalArgumentException unchecked = new IllegalArgumentException("no");
            assertSame(unchecked, assertThrows(IllegalArgumentException.class, () -> namespace.call(() -> {
                throw unchecked;
            })));
            final IOException checked = new IOException("no");
            assertSame(checked, assertThrows(IllegalStateException.class, () -> namespace.call(() -> {
                throw checked;
            })).getCause());
        }
    }

    @Test
    void shouldNameTheMissingRight() {
        try (TestNamespace network = TestNamespace.create(); NetNamespace namespace = network.open()) {
            // The thread that goes there has the rights of the one that sends it.
            assertEquals("enter the network namespace " + network.name() + ": EPERM - this needs CAP_SYS_ADMIN; run "
                    + "with sudo",
                assertThrows(LinuxException.class,
                    () -> TestCalls.withoutCapabilities(() -> namespace.call(() -> 1))).getMessage());
        }
    }

    @Test
    void shouldSayThatThereIsNone() {
        assertEquals("open the network namespace nosuch: ENOENT - there is none of that name; ip netns lists them, "
                + "ip netns add makes one",
            assertThrows(LinuxException.class, () -> NetNamespace.open("nosuch")).getMessage());
    }

    @Test
    void shouldSayThatItIsAnotherFile() {
        try (NetNamespace file = NetNamespace.open("/proc/self/status")) {
            final String message = assertThrows(LinuxException.class, () -> file.call(() -> 1)).getMessage();
            assertEquals("enter the network namespace /proc/self/status: EINVAL - it is a file of another kind; "
                + "ip netns lists the namespaces", message);
        }
    }
}
