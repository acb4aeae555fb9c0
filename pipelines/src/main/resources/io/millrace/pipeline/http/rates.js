// SPDX-License-Identifier: Apache-2.0
// What two views of the graph say about the time between them.

/** Rates of the parts of `now` since `before`, by name; null if the two are not of one run. */
export function ratesBetween(before, now) {
  const seconds = (now.timeNs - before.timeNs) / 1e9;
  if (!(seconds > 0) || before.name !== now.name) {
    return null;
  }
  return {
    workers: byName(before.workers, now.workers, (old, worker) => ({
      packets: grown(old, worker, "packets") / seconds,
      busy: share(old, worker),
    })),
    ports: byName(before.ports, now.ports, (old, port) => ({
      rx: port.rx.map((queue) => queueRates(numbered(old.rx, queue), queue, seconds)),
      tx: port.tx.map((queue) => queueRates(numbered(old.tx, queue), queue, seconds)),
    })),
    nodes: byName(before.nodes, now.nodes, (old, node) => ({
      packets: grown(old, node, "packets") / seconds,
      drops: grown(old, node, "drops") / seconds,
      ns: nsPerPacket(old, node),
    })),
    wires: byName(before.wires, now.wires, (old, wire) => ({
      packets: grown(old, wire, "packets") / seconds,
      drops: grown(old, wire, "drops") / seconds,
    })),
  };
}

/** The sum of some rates of several queues; ns is of all their packets together. */
export function together(queues) {
  const sum = { packets: 0, bits: 0, drops: 0, ns: null };
  let ns = 0;
  let weight = 0;
  for (const queue of queues) {
    sum.packets += queue.packets;
    sum.bits += queue.bits;
    sum.drops += queue.drops;
    if (queue.ns !== null) {
      ns += queue.ns * queue.packets;
      weight += queue.packets;
    }
  }
  sum.ns = weight > 0 ? ns / weight : null;
  return sum;
}

/** A number with three digits and its unit, such as 1.49 Mpps. */
export function withUnit(value, unit) {
  const steps = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];
  // 999.95 and more is shown as 1000 otherwise.
  const [size, prefix] = steps.find(([step]) => value >= step * 0.9995) ?? [1, ""];
  const scaled = value / size;
  const digits = prefix === "" || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${prefix}${unit}`;
}

function byName(before, now, rates) {
  const old = new Map(before.map((part) => [part.name, part]));
  return new Map(now.map((part) => [part.name, rates(old.get(part.name) ?? part, part)]));
}

function numbered(queues, queue) {
  return queues.find((other) => other.number === queue.number) ?? queue;
}

function queueRates(old, queue, seconds) {
  return {
    packets: grown(old, queue, "packets") / seconds,
    bits: 8 * grown(old, queue, "bytes") / seconds,
    drops: grown(old, queue, "drops") / seconds,
    ns: nsPerPacket(old, queue),
  };
}

// What was taken away and put back under its name begins at 0 again.
function grown(old, now, field) {
  return now[field] >= old[field] ? now[field] - old[field] : now[field];
}

function nsPerPacket(old, now) {
  const packets = grown(old, now, "sampledPackets");
  return packets > 0 ? grown(old, now, "sampledNs") / packets : null;
}

function share(old, worker) {
  const ns = grown(old, worker, "runningNs");
  return ns > 0 ? Math.min(1, grown(old, worker, "busyNs") / ns) : 0;
}
