/* SPDX-License-Identifier: Apache-2.0 */
package io.millrace.examples;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** How a running graph is shown, and what is made of its numbers. */
class ViewsTest {
    private static List<String> squeezed(final List<String> rows) {
        return rows.stream().map(row -> row.trim().replaceAll(" +", " ")).toList();
    }

    @Test
    void shouldCountFromTheEarlierLook() {
        final Interval interval = Interval.between(Views.at(3), Views.at(5));
        assertEquals(2_000_000_000L, interval.view().timeNs());
        assertEquals(2000, interval.view().nodes().get(0).packets());
        assertEquals(1000, interval.rate(interval.view().ports().get(0).rx().get(0).packets()));
        assertEquals(Map.of("port/b/tx0/drop/ring-full", 14L), interval.drops());
        assertEquals(32, interval.busyPercent(interval.view().workers().get(0)));
    }

    @Test
    void shouldShowWorkersPortsNodesAndDrops() {
        assertEquals(List.of(
            "worker CPU busy packets packets/pass",
            "edge 2 32 % 1000 /s 2.0",
            "core - 0 % 1000 /s 10.0",
            "",
            "port queue link rx packets rx bits tx packets tx bits worker",
            "a 0 up 1000 /s 800.0 kbit/s 0 /s 0 bit/s edge",
            "b 0 down 0 /s 0 bit/s 1000 /s 800.0 kbit/s edge, core",
            "",
            "node type packets a packet worker",
            "bridge LearningSwitch 1000 /s 200 ns edge",
            "",
            "drop port/b/tx0 ring-full 7 /s"), squeezed(Rows.top(Views.second())));
    }

    @Test
    void shouldShowTheGraphByWorkers() {
        assertEquals(List.of("worker edge, CPU 2, 32 % busy", "rx a -> bridge 1000 /s",
            "bridge.port1 => tx b @ core 1000 /s 3 /s dropped", "worker core, 0 % busy",
            "offloads",
            "a yields csum+tso4, takes csum: nothing is left to do before it",
            "b yields none, takes csum: tso4 of a is done before it"),
            squeezed(Rows.graph(Views.second())));
    }

    @Test
    void shouldDrawWhatAGraphOfItsOwnIsDrawnAs() {
        assertEquals("""
            digraph millrace {
              rankdir=LR;
              subgraph cluster_0 {
                label="worker edge, CPU 2, 32 % busy";
                "rx a" [shape=box];
                "tx a" [shape=box];
                "rx b" [shape=box];
                "node bridge" [shape=ellipse, label="bridge\\n200 ns a packet"];
              }
              subgraph cluster_1 {
                label="worker core, 0 % busy";
                "tx b" [shape=box, label="tx b\\nafter tso4 in software"];
              }
              "rx a" -> "node bridge" [taillabel="", headlabel="", label="1000 /s"];
              "node bridge" -> "tx b" [taillabel="port1", headlabel="", label="1000 /s\\n3 /s dropped", style=dashed];
            }
            """, ViewDot.of(Views.second()));
    }

    @Test
    void shouldSayWhatAPacketCostsAndWhereToCut() {
        final Explanation explanation = Explanation.of(Views.second());
        final Explanation.Cost edge = explanation.workers().get(0);
        assertEquals(320, edge.nsPerPacket());
        assertEquals(1e9 / 320, edge.fullLoad());
        assertEquals(List.of("rx a", "bridge", "handing over, and the loop itself"),
            edge.stages().stream().map(Explanation.Stage::label).toList());
        assertEquals(20, edge.stages().get(2).nsPerPacket());
        final Explanation.Split split = explanation.split().orElseThrow();
        assertEquals("edge", split.worker());
        assertEquals(List.of("bridge"), split.move());
        assertEquals(120, split.stayNs());
        assertEquals(200, split.moveNs());
        assertEquals(5e6, split.fullLoad());
        assertEquals(1.6, split.gain(), 1e-9);
        final List<String> text = ExplainCommand.text(explanation, 1);
        assertEquals("worker edge: 32 % busy with 1000 /s, 2.0 at a time; a packet costs it 320 ns, so it is full at "
            + "3.125 M/s", text.get(0));
        assertTrue(text.contains("Then a packet costs the one 120 ns and the other 200 ns: full at 5.000 M/s, "
            + "1.6 times as much."), text.toString());
    }

    @Test
    void shouldExplainNothingWhereNothingWasMeasured() {
        assertEquals(List.of(), Explanation.of(Interval.between(Views.at(1), Views.at(1))).workers());
    }
}
