/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tap and tun devices: what reaches the kernel of this machine, its containers and its routes.
 *
 * <pre>
 *                   control loop                                worker
 *
 *   Tap, Settings   TapPort, TapLink --- Slot of TapQueue ---&gt;  TapRxQueue: Landing      TapTxQueue
 *                      |      |                                     |  ^                    |
 *           DeviceOpener   DeviceWatch                              |  VnetHeader, EthernetShim
 *           TapDevice         |                                     |                       |
 *  ------------|--------------|-------------------------------------|-----------------------|------- kernel
 *         /dev/net/tun    rtnetlink                       io_uring or read          io_uring or write
 *              +---------- interface "tap0" ------------------------+-----------------------+
 * </pre>
 *
 * <p>Frames go straight to and from the kernel's copy: none is held between two polls, by us or by the kernel.
 *
 * <p>Reading order: {@link io.millrace.tap.Tap}, TapLink, TapRxQueue with Landing, TapTxQueue, DeviceOpener.
 */
package io.millrace.tap;
