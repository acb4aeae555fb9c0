/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline.filter;

import io.millrace.ConfigurationException;
import io.millrace.pipeline.filter.Condition.Primitive;
import java.util.List;

/**
 * Reads a filter, by recursive descent.
 *
 * <pre>
 *  expression = single { ( "and" | "or" ) single }                      from left to right
 *  single     = "not" single | "(" expression ")" | primitive | value   a value repeats the last qualifiers
 *  primitive  = ( "less" | "greater" ) number | "vlan" [ number ] | protocol | qualifiers id
 *  qualifiers = [ protocol ] [ direction ] [ kind ]                     at least direction or kind
 *  id         = "not" id | "(" id { ( "and" | "or" ) id } ")" | value
 * </pre>
 */
final class FilterParser {
    /** Keeps what is written in malice from using up the stack. */
    private static final int MAX_LENGTH = 4096;
    private static final int MAX_DEPTH = 100;
    private static final int MAX_PACKET = 0x1FFFF;

    private final List<Token> tokens;
    private int at;
    private int depth;
    private Headers headers = new Headers(0);
    /** What a value that stands alone repeats; null where there is nothing to repeat. */
    private Qualifiers last;

    FilterParser(final String text) {
        if (text.length() > MAX_LENGTH) {
            throw new ConfigurationException("the filter has " + text.length() + " characters and " + MAX_LENGTH
                + " are allowed: use a broader one, as \"net 10.0.0.0/8\" for many hosts");
        }
        this.tokens = Token.of(text);
    }

    /** Reads all of it; null if there is nothing. */
    Condition parse() {
        if (here().is("")) {
            return null;
        }
        final Condition condition = expression();
        if (!here().is("")) {
            throw here().insteadOf("\"and\", \"or\" or the end", "port 80 or port 443");
        }
        return condition;
    }

    private Condition expression() {
        Condition condition = single();
        while (here().is("and", "&&", "or", "||")) {
            final boolean isBoth = next().is("and", "&&");
            final Condition other = single();
            condition = isBoth ? new Condition.Both(condition, other) : new Condition.Either(condition, other);
        }
        return condition;
    }

    private Condition single() {
        descend();
        final Condition condition;
        if (takes("not", "!")) {
            condition = new Condition.Not(single());
        } else if (takes("(")) {
            condition = expression();
            close();
        } else if (here().isValue()) {
            if (last == null) {
                throw here().insteadOf("a word that says what it is", "host 10.0.0.1 or port 80");
            }
            condition = last.of(headers, this);
        } else {
            condition = primitive();
        }
        depth--;
        return condition;
    }

    private Condition primitive() {
        last = null;
        if (here().is("less", "greater")) {
            return length(next().is("less"));
        }
        if (takes("vlan")) {
            return vlan();
        }
        final Token first = here();
        final Qualifiers qualifiers = Qualifiers.read(this);
        if (qualifiers == null) {
            throw first.insteadOf("host, net, port, portrange, proto, src, dst, less, greater, vlan, ether, ip, ip6, "
                + "arp, rarp, tcp, udp, sctp, icmp, icmp6, not or (", "ip and not tcp port 22");
        }
        if (qualifiers.isProtocolAlone()) {
            return new Primitive(qualifiers.protocol().word(), protocol(first, qualifiers.protocol()));
        }
        qualifiers.check(first);
        return id(qualifiers);
    }

    private Condition id(final Qualifiers qualifiers) {
        descend();
        final Condition condition;
        if (takes("not", "!")) {
            condition = new Condition.Not(id(qualifiers));
        } else if (takes("(")) {
            Condition ids = id(qualifiers);
            while (here().is("and", "&&", "or", "||")) {
                final boolean isBoth = next().is("and", "&&");
                final Condition other = id(qualifiers);
                ids = isBoth ? new Condition.Both(ids, other) : new Condition.Either(ids, other);
            }
            close();
            condition = ids;
        } else {
            condition = qualifiers.of(headers, this);
        }
        last = qualifiers;
        depth--;
        return condition;
    }

    private Condition length(final boolean isLess) {
        final String word = isLess ? "less " : "greater ";
        final int length = Values.number(next(), 0, MAX_PACKET, "a length in bytes", word + "128");
        return new Primitive(word + length, isLess
            ? new Condition.Not(Headers.isAtLeast(length + 1)) : Headers.isAtLeast(length));
    }

    private Condition vlan() {
        final Headers outer = headers;
        headers = new Headers(outer.tags() + 1);
        if (!here().isValue()) {
            return new Primitive("vlan", outer.tag());
        }
        final int id = Values.number(next(), 0, 0xFFF, "a VLAN id", "vlan 100 and ip");
        return new Primitive("vlan " + id, outer.tag(id));
    }

    private Condition protocol(final Token token, final Protocol protocol) {
        return switch (protocol) {
            case ETHER -> throw here().insteadOf("host, src, dst or proto after " + token.text(),
                "ether host 52:54:00:12:34:56");
            case ICMP -> headers.protocol(Protocol.IP, protocol.number());
            case ICMP6 -> headers.protocol(Protocol.IP6, protocol.number());
            default -> protocol.isOverIp() ? headers.protocol(Protocol.ANY, protocol.number())
                : headers.type(protocol.number());
        };
    }

    private void close() {
        if (!takes(")")) {
            throw here().insteadOf("\"and\", \"or\" or \")\"", "tcp and (port 80 or 443)");
        }
    }

    private void descend() {
        if (++depth > MAX_DEPTH) {
            throw new ConfigurationException("the filter is nested more than " + MAX_DEPTH + " deep at character "
                + here().at() + ": use fewer parentheses, as in \"tcp and (port 80 or 443)\"");
        }
    }

    /** The token to be read. */
    Token here() {
        return tokens.get(at);
    }

    /** The one behind that. */
    Token ahead() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    /** Takes a token. The end is never passed. */
    Token next() {
        final Token token = here();
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    /** Takes the token if it is one of some words. */
    boolean takes(final String... words) {
        final boolean is = here().is(words);
        if (is) {
            next();
        }
        return is;
    }
}
