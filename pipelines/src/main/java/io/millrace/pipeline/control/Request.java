/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.control;

import java.util.List;
import java.util.regex.Pattern;

/**
 * One thing that a running process can be asked for: a row of the table that a {@link ControlServer} is started with.
 *
 * <p>Immutable.
 *
 * @param does  one line for people who ask what there is.
 * @param takes the names of its arguments: lower case words joined by {@code -}, but not {@code id} and {@code do}. A
 *              request with any other argument is refused before it gets here.
 * @param work  how it is answered.
 */
public record Request(String does, List<String> takes, Work work) {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*");

    /**
     * Checks the names of its arguments.
     *
     * @throws IllegalArgumentException if one cannot be.
     */
    public Request {
        takes = List.copyOf(takes);
        for (final String name : takes) {
            if (!isName(name) || name.equals("id") || name.equals("do")) {
                throw new IllegalArgumentException("an argument cannot be named \"" + name + '"');
            }
        }
    }

    /** A request without arguments. */
    public Request(final String does, final Work work) {
        this(does, List.of(), work);
    }

    static boolean isName(final String name) {
        return NAME.matcher(name).matches();
    }

    /** How a request is answered. */
    @FunctionalInterface
    public interface Work {
        /**
         * Does what was asked for. Called on a thread of the server's, on which it may wait; but it should return soon
         * after its client has gone ({@link Call#closeWithClient}). Several clients may ask at the same time. Arguments
         * have to be read, and so checked, before anything is changed.
         *
         * @param call what came with the request.
         * @return the answer, which Gson turns into JSON: records, maps, lists, numbers, text; null for none.
         * @throws io.millrace.DataplaneException   with the sentence that the client is told instead; the same goes for
         *                                          a {@link io.millrace.linux.LinuxException}.
         * @throws InterruptedException if the server closes meanwhile.
         */
        Object answer(Call call) throws InterruptedException;
    }
}
