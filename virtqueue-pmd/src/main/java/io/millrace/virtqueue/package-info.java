/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Virtqueues: vhost-user ports for virtual machines, virtio-user ports towards other switches. Both ends of the same
 * protocol and of the same rings; each takes the other end for hostile.
 *
 * <pre>
 *   device side: {@link io.millrace.virtqueue.VhostUser}
 *                                                 driver side: {@link io.millrace.virtqueue.VirtioUser}
 *
 *   control loop         worker                   control loop         worker
 *   DeviceLink           DeviceRxQueue            DriverLink           DriverRxQueue
 *   VhostSession         DeviceTxQueue            DriverSession        DriverTxQueue
 *   VhostDevice, Vring   DeviceRing, Chain        FrontEnd, Handshake  DriverRing
 *   MemoryTable   \      DmaMap, AddressMap       DriverMemory  \       ^
 *   Iommu, Iotlb   \       ^                          |          \      |
 *        |          +-&gt; RingSlot                      |           +-&gt; DriverSlot
 *        |                                            |
 *        +------ MessageChannel ===== socket ===== MessageChannel
 *
 *                                    /dev/vhost-net === KernelBackEnd, TapSearch in place of FrontEnd, Rendezvous
 * </pre>
 *
 * <p>The words of the specification are kept: the driver makes buffers <em>avail</em>able and <em>kick</em>s, the
 * device returns them as <em>used</em> and <em>call</em>s. Receive and transmit are named as the data plane sees them:
 * a device receives from the ring on which its guest transmits.
 *
 * <p>What a packet leaves to be done travels as an OffloadRequest between its NetHeader and its burst; OffloadCheck
 * compares a peer's with the packet.
 *
 * <p>Reading order: Rendezvous for how either side finds the other; Message, MessageChannel and VhostRequest for the
 * protocol; then for the device side DeviceLink, VhostSession, RequestHandlers, RingSlot, DeviceRing, SplitRing,
 * PackedRing, PackedPosition, DeviceRxQueue, and Iotlb for guests behind an IOMMU; for the driver side DriverLink,
 * Handshake, FrontEnd, DriverSlot, DriverRing, DriverRxQueue.
 */
package io.millrace.virtqueue;
