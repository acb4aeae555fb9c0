/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Header flyweights over packets in a burst, and checksums.
 */
package io.millrace.packet;
