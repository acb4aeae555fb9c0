/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * Why a session ended.
 *
 * @param counter  what counts it, below {@code port/NAME/session}.
 * @param sentence one phrase for an operator.
 * @param isFault  whether it deserves a line in the log.
 */
record SessionEnd(String counter, String sentence, boolean isFault) {
    static final SessionEnd PEER_CLOSED = new SessionEnd("closed-by-peer", "the peer closed the connection", false);
    static final SessionEnd PORT_CLOSED = new SessionEnd("closed", "the port was closed", false);
    static final SessionEnd WORKER_LATE = new SessionEnd("worker-late",
        "a worker did not give a ring back within a second; it is stuck, or nobody polls the port any more", true);
    static final SessionEnd DEVICE_GONE = new SessionEnd("device-gone", "the tap device was deleted", true);
    static final SessionEnd INTERFACE_DOWN =
        new SessionEnd("interface-down", "the interface of the tap device is down", false);

    static SessionEnd of(final ProtocolViolation violation) {
        return new SessionEnd("violation/" + violation.reason().counterName(), violation.getMessage(), true);
    }

    static SessionEnd ofResources(final RuntimeException cause) {
        return new SessionEnd("no-resources", cause.getMessage(), true);
    }

    static SessionEnd ofBug(final RuntimeException cause) {
        return new SessionEnd("internal-error", "internal error: " + cause, true);
    }
}
