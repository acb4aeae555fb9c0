/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.linux.Bpf;
import io.millrace.linux.Fd;
import io.millrace.linux.Interfaces;
import io.millrace.linux.NetNamespace;

/** Does to somebody's XDP program what {@code bpftool link detach} does. */
final class Detached {
    private Detached() {
    }

    static void detach(final String space, final String device) {
        try (NetNamespace namespace = NetNamespace.open(space)) {
            final int program = namespace.call(() -> {
                try (Interfaces interfaces = Interfaces.open()) {
                    return interfaces.find(device).xdpProgramId();
                }
            });
            try (Fd link = Bpf.link(Bpf.linkOf(program))) {
                Bpf.detach(link);
            }
        }
    }
}
