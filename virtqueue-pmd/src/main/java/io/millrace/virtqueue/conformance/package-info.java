/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A conformance kit for vhost-user back-ends, of this project or any other: {@link
 * io.millrace.virtqueue.conformance.Conformance} plays a front-end and its guest at a socket, scenario after scenario,
 * and says of each whether the back-end did what QEMU's docs/interop/vhost-user.rst and virtio 1.2 ask for. Most
 * scenarios are mistakes that back-ends really made; each names where.
 *
 * <pre>
 *   Conformance -&gt; Scenario -&gt; Guest     memory, rings, what a driver does
 *                                Ring      one split ring, driven by hand
 *                                Transcript   the socket: asks, and hears or waits in vain
 * </pre>
 *
 * <p>It shares no code with the drivers of this module, so that a mistake of theirs is not made here again. A back-end
 * that hangs, hangs up or answers nonsense fails the scenario; the next one begins with a new connection.
 */
package io.millrace.virtqueue.conformance;
