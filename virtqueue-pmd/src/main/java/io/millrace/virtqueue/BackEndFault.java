/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/** Every way in which a back-end can end its session by what it wrote into a ring, with the name of its counter. */
enum BackEndFault {
    /** More buffers are said to be used than are in flight, or the index went back. */
    USED_INDEX("used-index", "the back-end's used index runs ahead of what is in flight"),
    /** A used element names a descriptor that the ring does not have. */
    USED_ID_RANGE("used-id-range", "the back-end returned a descriptor beyond the ring"),
    /** A used element names a descriptor that is not in flight: returned twice, or never made available. */
    USED_ID_IDLE("used-id-idle", "the back-end returned a descriptor that is not in flight"),
    /** IN_ORDER was negotiated and a buffer came back before its predecessors. */
    USED_ORDER("used-order", "the back-end promised to return buffers in order and did not"),
    /** A packet claims no buffer, or more than were returned with it. */
    BUFFER_COUNT("buffer-count", "the back-end's packet claims an impossible number of buffers");

    private final String counter;
    private final String sentence;

    BackEndFault(final String counter, final String sentence) {
        this.counter = counter;
        this.sentence = sentence;
    }

    /** Its name below {@code port/<name>/session/broken} and {@code port/<name>/<queue>/broken}. */
    String counter() {
        return counter;
    }

    /** For an operator. */
    String sentence() {
        return sentence;
    }
}
