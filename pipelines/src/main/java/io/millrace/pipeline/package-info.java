/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Forwarding graphs and the workers that run them.
 */
package io.millrace.pipeline;
