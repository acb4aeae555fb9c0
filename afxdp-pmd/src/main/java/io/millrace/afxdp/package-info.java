/* SPDX-License-Identifier: Apache-2.0 */
/**
 * AF_XDP: ports on network interfaces of the kernel. A received packet is handed on where the kernel or the device put
 * it, and a packet to send goes out from where it lies: the frame pool is the memory of the sockets (the UMEM).
 *
 * <pre>
 *   control loop                                        worker
 *
 *   {@link io.millrace.afxdp.AfXdp} -&gt; AfXdpPort -------------------------- XdpRxQueue      XdpTxQueue
 *                  |                                        |               |   ^
 *               XdpLink ---- DeviceWatch, HealthCheck       |               |   Gate: up, and how long a packet may be
 *                  |                                        |               |
 *              XdpSession ------------ Slot ------------&gt; RxRings         TxRings
 *               |       |                                  |  Assembly      |  ChunkSet: what the kernel has
 *       XdpAttachment   Umem, Attempt                      |                |
 *        (Filter)         |                                |                |
 *   ======|===============|================================|================|===== kernel
 *     XDP program --- XSKMAP ----------- socket: rx ring, fill ring,   tx ring, completion ring
 *         ^                                                                 |
 *         +--------------------- queue of the device &lt;----------------------+
 * </pre>
 *
 * <p>The kernel's words are kept: a <em>chunk</em> is 2 KiB of the UMEM, the size of a frame; the <em>fill</em> ring
 * gives empty chunks to the kernel and the <em>completion</em> ring brings back sent ones; a packet of several
 * descriptors is <em>multi-buffer</em>.
 *
 * <p>Reading order: AfXdp; RxRings and XdpRxQueue; TxRings and XdpTxQueue; ChunkSet; then XdpLink and XdpSession for
 * how a device comes and goes, Umem and Attempt for how its sockets are bound; Filter, FilterCode and XdpProgram for
 * what runs in the kernel.
 */
package io.millrace.afxdp;
