/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The AF_XDP driver. It is not here yet: this module holds its place.
 */
package io.millrace.afxdp;
