/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a data plane is made of: frames, bursts, ports and counters.
 *
 * <pre>
 *      VM, kernel, NIC                                     VM, kernel, NIC
 *            |                                                   ^
 *            v                                                   |
 *         RxQueue ----- Burst of packets -----&gt; ... -----&gt; TxQueue
 *            ^                                                   |
 *            |   frames out                         frames back  |
 *            +------------- FrameCache &lt;-------------------------+
 *                               ^  |  chunks
 *                               |  v
 *                           FramePool   (one memfd for all)
 * </pre>
 *
 * <p>Read {@link io.millrace.Burst} first, then {@link io.millrace.RxQueue} and {@link io.millrace.TxQueue}, then
 * {@link io.millrace.FramePool}; {@link io.millrace.Parcel} is how packets change workers. A driver writer goes on with
 * {@link io.millrace.PollModeDriver}, {@link io.millrace.PortContext}, {@link io.millrace.QueuePort} and
 * {@link io.millrace.ControlLoop}, which {@link io.millrace.DeviceWatch} tells of network interfaces; what a command
 * line names is a {@link io.millrace.PortType}. {@link io.millrace.Counters} is where everything is counted.
 */
package io.millrace;
