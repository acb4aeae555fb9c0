/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The tap and tun driver. It is not here yet: this module holds its place.
 */
package io.millrace.tap;
