/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.virtqueue;

/**
 * Looks for the back-ends of a driver, one after the other.
 *
 * <p>Thread safety: control loop only.
 */
interface Search extends AutoCloseable {
    /**
     * Begins to look.
     *
     * @throws io.millrace.ConfigurationException if it will never find one as things are.
     */
    void open();

    /** Looks again, after a pause. */
    void again();

    /** All is well with the one that was found. */
    void succeeded();

    /** Looks no more. */
    @Override
    void close();
}
