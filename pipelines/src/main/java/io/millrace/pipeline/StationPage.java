/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import java.util.List;

/**
 * Some of the stations that a {@link LearningSwitch} knows.
 *
 * <p>Immutable.
 *
 * @param stations in no order.
 * @param next     where the next page begins; -1 if this was the last one.
 */
public record StationPage(List<Station> stations, int next) {
    /**
     * One station.
     *
     * @param mac        its address, as {@link io.millrace.packet.MacAddress} has it.
     * @param port       the id of the port it is behind.
     * @param ageSeconds since it was last heard of, to a hundredth of the ageing time.
     */
    public record Station(long mac, int port, double ageSeconds) {
    }
}
