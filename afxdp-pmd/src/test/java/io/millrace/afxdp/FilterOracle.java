/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.afxdp;

import java.nio.ByteBuffer;

/** What a filter means, in plain Java, field by field from the frame each time. */
final class FilterOracle {
    private final ByteBuffer frame;

    private FilterOracle(final byte[] frame) {
        this.frame = ByteBuffer.wrap(frame);
    }

    static boolean takes(final Filter filter, final byte[] frame) {
        return new FilterOracle(frame).meets(filter.condition());
    }

    private boolean meets(final Condition condition) {
        if (condition instanceof Condition.OneOf leaf) {
            return leaf.values().stream().anyMatch(value -> has(leaf.field(), value));
        } else if (condition instanceof Condition.Not not) {
            return !meets(not.part());
        } else if (condition instanceof Condition.Every every) {
            return every.parts().stream().allMatch(this::meets);
        } else if (condition instanceof Condition.Any any) {
            return any.parts().stream().anyMatch(this::meets);
        }
        return condition instanceof Condition.All;
    }

    private boolean has(final Field field, final long value) {
        if (frame.limit() < 14) {
            return false;
        }
        final int outer = u16(12);
        final boolean isTagged = (outer == 0x8100 || outer == 0x88a8) && frame.limit() >= 18;
        final int type = isTagged ? u16(16) : outer;
        return switch (field) {
            case TYPE -> value == outer || value == type;
            case VLAN -> isTagged && value == (u16(14) & 0xfff);
            case MAC -> value == frame.getLong(0) >>> 16;
            case UDP -> value == udpPort(type, isTagged ? 18 : 14);
        };
    }

    private int udpPort(final int type, final int start) {
        final int left = frame.limit() - start;
        if (type == 0x0800 && left >= 20) {
            final int length = (u8(start) & 0xf) * 4;
            final boolean isFirst = (u16(start + 6) & 0x1fff) == 0;
            if (u8(start) >> 4 == 4 && length >= 20 && left >= length + 8 && u8(start + 9) == 17 && isFirst) {
                return u16(start + length + 2);
            }
        } else if (type == 0x86dd && left >= 48 && u8(start) >> 4 == 6 && u8(start + 6) == 17) {
            return u16(start + 42);
        }
        return -1;
    }

    private int u8(final int offset) {
        return frame.get(offset) & 0xff;
    }

    private int u16(final int offset) {
        return frame.getShort(offset) & 0xffff;
    }
}
