/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import io.millrace.ConfigurationException;
import io.millrace.linux.Capabilities;
import io.millrace.linux.Errno;
import io.millrace.linux.Interfaces;
import io.millrace.linux.LinuxException;
import io.millrace.linux.NetInterface;
import io.millrace.linux.NetNamespace;
import io.millrace.linux.XdpHolder;
import io.millrace.linux.XdpHolders;
import java.util.List;
import java.util.stream.Collectors;

/** Says for an operator why a device could not be opened: what, why by the name of the error, and what to do. */
final class Refusal {
    private Refusal() {
    }

    /** The rights that are missing, if that is known beforehand; else null. */
    static ConfigurationException missingRights(final AfXdp config) {
        final StringBuilder missing = new StringBuilder();
        if (!Capabilities.effective(Capabilities.CAP_NET_RAW)) {
            missing.append(", CAP_NET_RAW");
        }
        if (!Capabilities.effective(Capabilities.CAP_NET_ADMIN)) {
            missing.append(", CAP_NET_ADMIN");
        }
        // Before Linux 5.8 it was part of CAP_SYS_ADMIN, which still implies it.
        if (config.map() == null && !Capabilities.effective(Capabilities.CAP_BPF)
            && !Capabilities.effective(Capabilities.CAP_SYS_ADMIN)) {
            missing.append(", CAP_BPF");
        }
        if (missing.length() == 0) {
            return null;
        }
        return new ConfigurationException("open " + config + ": EPERM - this process lacks " + missing.substring(2)
            + "; run as root, or grant them to java (setcap cap_net_raw,cap_net_admin,cap_bpf+ep)");
    }

    /** There is no such device. */
    static ConfigurationException noDevice(final AfXdp config) {
        final String where = config.namespace() == null ? "" : " in the network namespace " + config.namespace();
        return new ConfigurationException("open " + config + ": ENODEV - there is no interface " + config.device()
            + where + "; take one that " + (config.namespace() == null ? "ip link"
            : "ip -n " + config.namespace() + " link") + " shows, or make it first");
    }

    /** The system refused to open a device. */
    static ConfigurationException of(final AfXdp config, final LinuxException cause) {
        final String attempted = "open " + config + (config.mode() == Mode.AUTO ? "" : " in mode " + config.mode());
        final String remedy = remedy(config, cause);
        return new ConfigurationException(attempted + ": "
            + (remedy == null ? cause.getMessage() : Errno.name(cause.errno()) + " - " + remedy));
    }

    private static String remedy(final AfXdp config, final LinuxException cause) {
        return switch (cause.errno()) {
            case Errno.EBUSY -> "another AF_XDP socket has a queue of " + config.device() + holders(config)
                + "; end the process that holds it";
            case Errno.EINVAL, Errno.EOPNOTSUPP -> config.mode() != Mode.ZERO_COPY ? null
                : "the driver of " + config.device() + " cannot do zero-copy; use mode=copy or leave mode= away";
            case Errno.ENOBUFS, Errno.ENOMEM -> "the frame pool is larger than the memory this process may lock; raise "
                + "the limit (ulimit -l), grant CAP_IPC_LOCK, or take fewer frames";
            default -> null;
        };
    }

    /** Who has which queue, as far as that can be found out. */
    private static String holders(final AfXdp config) {
        try (NetNamespace namespace = config.namespace() == null ? null : NetNamespace.open(config.namespace())) {
            final List<XdpHolder> holders = NetNamespace.in(namespace, () -> {
                try (Interfaces interfaces = Interfaces.open()) {
                    final NetInterface device = interfaces.find(config.device());
                    return device == null ? List.of() : XdpHolders.of(device.index());
                }
            });
            return holders.isEmpty() ? "" : " (" + holders.stream().map(XdpHolder::toString)
                .collect(Collectors.joining(", ")) + ")";
        } catch (final LinuxException e) {
            return "";
        }
    }
}
