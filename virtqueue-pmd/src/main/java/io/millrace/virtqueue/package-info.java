/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Virtqueues: vhost-user ports for virtual machines, virtio-user ports towards other switches.
 */
package io.millrace.virtqueue;
