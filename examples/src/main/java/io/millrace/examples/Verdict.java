/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

/**
 * What a run found out about the packets it watched.
 *
 * @param isGood whether all is as it should be: the exit code is 0, otherwise 1.
 * @param text   one sentence with the numbers.
 */
record Verdict(boolean isGood, String text) {
}
