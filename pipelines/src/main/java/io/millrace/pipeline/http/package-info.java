/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The running graph in a browser, and its metrics for Prometheus.
 *
 * <pre>
 *                          +-- / , page.js ...  &lt;--- resources of this package
 *   browser  ---&gt; Gate ---+-- /view.json       &lt;--- {@link io.millrace.pipeline.GraphView}
 *   Prometheus             +-- /metrics         &lt;--- {@link io.millrace.Counters}, by {@code Family}
 *                          {@link io.millrace.pipeline.http.LivePage} on 127.0.0.1
 * </pre>
 *
 * <p>Read {@link io.millrace.pipeline.http.LivePage}; {@code Gate} for who may ask; {@code Family} for what the metrics
 * are called. Of the page, in {@code src/main/resources}: {@code page.js} asks for the view once a second,
 * {@code rates.js} makes rates of two of them, {@code layout.js} places the parts, {@code drawing.js} draws them.
 */
package io.millrace.pipeline.http;
