/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Filters in the language of libpcap, for traces and captures.
 *
 * <pre>
 *  "tcp port 80 or 443"
 *      |  tokens, recursive descent
 *      v
 *  Either(tcp port 80, tcp port 443)                       conditions: the normal form
 *      |  what each primitive asks of which bytes (Headers)
 *      v
 *  type == ip6? --yes--&gt; protocol == 6? --yes--&gt; ...        steps: each reads, compares and goes on
 *       | no                  | no
 *       v                     v
 *  type == ip?  ...           reject
 * </pre>
 *
 * <p>Read {@link io.millrace.pipeline.filter.PacketFilter} to use it; then {@code FilterParser} and {@code Qualifiers}
 * for the language, {@code Headers} for what its words mean, and {@code Step} for what runs.
 */
package io.millrace.pipeline.filter;
