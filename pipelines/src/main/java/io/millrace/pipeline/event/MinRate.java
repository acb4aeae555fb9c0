/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.event;

import jdk.jfr.SettingControl;

import java.util.Set;

/** The setting {@code io.millrace.DropBurst#minRate}. Of several recordings the one that wants most has its way. */
final class MinRate extends SettingControl {
    private static final long DEFAULT = 1000;

    private volatile long packetsPerSecond = DEFAULT;

    long packetsPerSecond() {
        return packetsPerSecond;
    }

    @Override
    public String combine(final Set<String> settings) {
        return Long.toString(settings.stream().mapToLong(MinRate::parse).min().orElse(DEFAULT));
    }

    @Override
    public void setValue(final String setting) {
        packetsPerSecond = parse(setting);
    }

    @Override
    public String getValue() {
        return Long.toString(packetsPerSecond);
    }

    // The recorder has nobody to complain to: what is no number is as if it were not there.
    private static long parse(final String setting) {
        return setting.matches("\\d{1,18}") ? Long.parseLong(setting) : DEFAULT;
    }
}
