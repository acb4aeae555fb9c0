/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.traffic;

/**
 * What became of packets that {@link Traffic} generated.
 *
 * @param sent      packets generated; where the generator is not known, what the numbers of those received tell.
 * @param received  numbered packets received, duplicates and corrupt ones included.
 * @param lost      packets sent and not received (yet: those on the way count here).
 * @param duplicate packets received more than once, counting each time after the first.
 * @param reordered packets received after a later one of their flow.
 * @param corrupt   packets whose content was not as it had been sent.
 * @param foreign   packets received that no generator made, or that are addressed to another station. They do not
 *                  count against the verdict.
 */
public record Verdict(long sent, long received, long lost, long duplicate, long reordered, long corrupt,
                      long foreign) {
    /** Whether every packet arrived once, in order and unchanged. */
    public boolean isClean() {
        return lost == 0 && duplicate == 0 && reordered == 0 && corrupt == 0;
    }

    /** Two verdicts as one. */
    public Verdict plus(final Verdict other) {
        return new Verdict(sent + other.sent, received + other.received, lost + other.lost,
            duplicate + other.duplicate, reordered + other.reordered, corrupt + other.corrupt,
            foreign + other.foreign);
    }

    /** One sentence with the numbers. */
    @Override
    public String toString() {
        final String both = sent + " packets sent, " + received + " received";
        return isClean() ? both + ": each once, in order, unchanged"
            : both + ": " + lost + " lost, " + duplicate + " duplicate, " + reordered + " reordered, " + corrupt
                + " corrupt";
    }
}
