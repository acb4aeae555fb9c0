/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.pipeline;

import io.millrace.Port;
import io.millrace.linux.Cpus;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.function.Consumer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Every way to wire, place or start a graph wrongly, and the whole sentence that is said about it. */
class WrongWiringTest {
    private static final int CPU = Cpus.available()[0];

    private final Dataplane dataplane = open("millrace");
    private final MemoryPort vm0 = (MemoryPort) dataplane.open(MemoryPort.driver("vm0", 2));
    private final MemoryPort vm1 = (MemoryPort) dataplane.open(MemoryPort.driver("vm1"));
    private final Dataplane other = open("other");
    private final Port foreign = other.open(MemoryPort.driver("vm2"));
    private final TestNodes.Pass pass = new TestNodes.Pass();
    private final TestNodes.Split split = new TestNodes.Split();
    private final Graph graph = new Graph();

    private static Dataplane open(final String name) {
        return Dataplane.builder().name(name).frames(64).jumboFrames(0).stepped().build();
    }

    @AfterEach
    void close() {
        dataplane.close();
        other.close();
    }

    /**
     * One mistake.
     *
     * @param name what is done.
     * @param how  does it, up to the start where it shows only there.
     * @param says the whole message.
     */
    record Mistake(String name, Consumer<WrongWiringTest> how, String says) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Mistake mistake(final String name, final Consumer<WrongWiringTest> how, final String says) {
        return new Mistake(name, how, says);
    }

    /** Starts the graph of the case. */
    private void start() {
        dataplane.start(graph);
    }

    static List<Mistake> wires() {
        return List.of(
            mistake("nothing wired", WrongWiringTest::start, "the graph is empty: begin with graph.from(port).to(...)"),
            mistake("no graph", t -> t.dataplane.start(null), "which graph?"),
            mistake("from no port", t -> t.graph.from((Port) null), "which port?"),
            mistake("from no output", t -> t.graph.from((Output) null), "from which output?"),
            mistake("to no node", t -> t.graph.from(t.vm0).to((Node) null), "to which node?"),
            mistake("to no port", t -> t.graph.from(t.vm0).to((Port) null), "which port?"),
            mistake("half a wire", t -> {
                t.graph.from(t.vm0, 1);
                t.start();
            }, "the wire from queue 1 of port vm0 leads nowhere: end it with .to(...)"),
            mistake("a wire with two ends", t -> {
                final Wire wire = t.graph.from(t.vm0);
                wire.to(t.vm1);
                wire.to(t.pass);
            }, "the wire from port vm0 leads to port vm1 already: call from(...) once for every to(...)"),
            mistake("a queue that is not there", t -> {
                t.graph.from(t.vm0, 2).to(t.vm1);
                t.start();
            }, "port vm0 has no queue 2: it has 2, queues 0 to 1"),
            mistake("queue -1", t -> {
                t.graph.from(t.vm0).to(t.vm1, -1);
                t.start();
            }, "port vm1 has no queue -1: it has one, queue 0"),
            mistake("a port read twice", t -> {
                t.graph.from(t.vm0).to(t.vm1).from(t.vm0, 1).to(t.pass);
                t.start();
            }, "queue 1 of port vm0 is read twice, by port vm1 and by node pass: read it once, into a node that "
                + "splits"),
            mistake("an output wired twice", t -> {
                t.graph.from(t.vm0).to(t.pass).from(t.pass.out).to(t.vm0).from(t.pass.out).to(t.vm1);
                t.start();
            }, "output out of node pass is wired twice, to port vm0 and to port vm1: an output leads to one place; "
                + "give the node a second output"),
            mistake("a node that nothing reaches", t -> {
                t.graph.from(t.vm0).to(t.vm1).from(t.pass.out).to(t.vm0);
                t.start();
            }, "output out of node pass is wired, but nothing leads to the node: add from(...).to(pass)"),
            mistake("a node behind itself", t -> {
                t.graph.from(t.vm0).to(t.pass).from(t.pass.out).to(t.pass);
                t.start();
            }, "the wires form a cycle, in which packets would go round for ever: pass -> pass: "
                + "take one of these wires out"),
            mistake("a cycle", t -> {
                t.graph.from(t.vm0).to(t.split).from(t.split.left).to(t.pass).from(t.pass.out).to(t.split)
                    .from(t.split.right).to(t.vm1);
                t.start();
            }, "the wires form a cycle, in which packets would go round for ever: pass -> split -> pass: "
                + "take one of these wires out"),
            mistake("two nodes of one name", t -> {
                t.graph.from(t.vm0).to(t.pass.named("x")).from(t.pass.out).to(t.split.named("x"));
                t.start();
            }, "two nodes are named x: give one of them another name by named(...)"),
            mistake("packets that meet too often", t -> {
                Output last = t.pass.out;
                t.graph.from(t.vm0).to(t.pass).from(t.vm1).to(t.vm1);
                for (int i = 0; i < 12; i++) {
                    final TestNodes.Split fork = new TestNodes.Split();
                    final TestNodes.Pass join = new TestNodes.Pass();
                    t.graph.from(last).to(fork).from(fork.left).to(join).from(fork.right).to(join);
                    last = join.out;
                }
                t.start();
            }, "up to 131072 packets could meet at node pass-12 in one pass, more than 65536: let fewer outputs "
                + "lead to "
                + "the same places, or take a smaller burst than 32"));
    }

    static List<Mistake> dataplanes() {
        return List.of(
            mistake("a port of another data plane", t -> {
                t.graph.from(t.vm0).to(t.foreign).from(t.vm1).to(t.vm1);
                t.start();
            }, "port vm2 is not open in data plane millrace: wire the Port that its open(...) returned"),
            mistake("a port without a wire", t -> {
                t.graph.from(t.vm0).to(t.vm0);
                t.start();
            }, "port vm1 is open and no wire touches it: wire it with from(port) or to(port), or do not open it"),
            mistake("a node that runs elsewhere", t -> {
                t.other.start(new Graph().from(t.foreign).to(t.pass));
                t.graph.from(t.vm0).to(t.pass).from(t.vm1).to(t.vm1);
                t.start();
            }, "node pass runs in another graph already: make a second one"),
            mistake("a name that no wire has", t -> t.graph.from(t.vm0).to(t.pass).wire("vm0-vm1"),
                "there is no wire vm0-vm1: there are vm0-pass"),
            mistake("no wire to watch", t -> t.graph.watch(null, worker -> burst -> { }), "which wire is watched?"),
            mistake("nobody who watches", t -> t.graph.watch(t.graph.from(t.vm0), null), "who watches?"),
            mistake("half a wire watched", t -> t.graph.watch(t.graph.from(t.vm0), worker -> burst -> { }),
                "the wire from port vm0 is not a whole wire of this graph: watch one that wires() or wire(name) "
                    + "of this "
                    + "very graph returned"));
    }

    static List<Mistake> places() {
        return List.of(
            mistake("placed on nothing", t -> t.graph.place(null, t.vm0), "on which worker?"),
            mistake("nothing placed", t -> t.graph.place(t.dataplane.worker("edge")),
                "nothing is placed on worker edge: name the nodes, ports or queues"),
            mistake("no list of parts", t -> t.graph.place(t.dataplane.worker("edge"), (Object[]) null),
                "what is placed?"),
            mistake("null placed", t -> t.graph.place(t.dataplane.worker("edge"), (Object) null),
                "what is placed on worker edge?"),
            mistake("no part placed", t -> t.graph.place(t.dataplane.worker("edge"), "vm0"),
                "worker edge cannot run a String: place nodes, ports, and queues as port.rx(0) and port.tx(0)"),
            mistake("a node of no graph placed", t -> {
                t.graph.from(t.vm0).to(t.vm1).place(t.dataplane.worker("edge"), t.pass);
                t.start();
            }, "node pass is placed on worker edge, but is no part of the graph: wire it, or do not place it"),
            mistake("a port of no graph placed", t -> {
                t.graph.from(t.vm0).to(t.vm0).place(t.dataplane.worker("edge"), t.vm1);
                t.start();
            }, "port vm1 is placed on worker edge, but is no part of the graph: wire it, or do not place it"),
            mistake("a node placed twice", t -> {
                t.graph.from(t.vm0).to(t.pass).place(t.dataplane.worker("edge"), t.pass)
                    .place(t.dataplane.worker("core"), t.pass);
                t.start();
            }, "node pass is placed on worker edge and on worker core: it runs on one, place it once"),
            mistake("a queue placed twice", t -> {
                t.graph.from(t.vm0).to(t.vm1).place(t.dataplane.worker("edge"), t.vm0)
                    .place(t.dataplane.worker("core"), t.vm0.rx(1));
                t.start();
            }, "receive queue 1 of port vm0 is placed on worker edge and on worker core: it runs on one, place it "
                + "once"),
            mistake("two workers of one CPU", t -> {
                t.graph.from(t.vm0).to(t.pass).from(t.vm1).to(t.vm1).place(t.dataplane.worker("edge", CPU), t.vm0)
                    .place(t.dataplane.worker("core", CPU), t.vm1);
                t.start();
            }, "worker edge and worker core are both pinned to CPU " + CPU + ": a worker needs one of its own; "
                + "give one "
                + "of them another CPU, or none"),
            mistake("a worker of another data plane", t -> {
                t.graph.from(t.vm0).to(t.vm1).place(t.other.worker("edge"), t.vm0);
                t.start();
            }, "worker edge belongs to data plane other, not to millrace: place on what the worker(...) of the latter "
                + "returned"),
            mistake("a worker of a closed data plane", t -> {
                final Worker edge = t.other.worker("edge");
                t.other.close();
                t.graph.from(t.vm0).to(t.vm1).place(edge, t.vm0);
                t.start();
            }, "worker edge belongs to data plane other, not to millrace: place on what the worker(...) of the latter "
                + "returned"),
            mistake("two workers of one name", t -> {
                t.dataplane.worker("edge");
                t.dataplane.worker("edge");
            }, "data plane millrace has a worker edge already: place on that one, or take another name"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"wires", "dataplanes", "places"})
    void shouldSayWhatIsWrongAndHowToMendIt(final Mistake mistake) {
        final RuntimeException said = assertThrows(RuntimeException.class, () -> mistake.how().accept(this));
        assertEquals(mistake.says(), said.getMessage());
        assertTrue(dataplane.workers().isEmpty(), "something runs");
        // Nothing of it has stayed: a graph that makes sense starts.
        dataplane.start(new Graph().from(vm0).to(vm1).from(vm1).to(vm0));
    }
}
