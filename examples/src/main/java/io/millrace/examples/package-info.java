/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The bundled forwarders and the command line.
 */
package io.millrace.examples;
