// SPDX-License-Identifier: Apache-2.0
// Where everything is drawn: one lane per worker, in it columns from left to right. A port is there twice, where it is
// read and where it is written, once for each worker that serves queues of it.

const CARD_WIDTH = 184;
const PORT_HEIGHT = 64;
const NODE_HEIGHT = 80;
const ROW_GAP = 14;
const COLUMN_GAP = 190;
const LANE_PADDING = 18;
const LANE_HEAD = 34;
const LANE_GAP = 16;
const ANCHOR_GAP = 15;
const STUB = 72;
const WAY_HEIGHT = 20;
const SWEEPS = 6;

/** Lanes, cards and edges with their places, and the size of it all. */
export function layout(view) {
  const cards = cardsOf(view);
  const edges = edgesOf(view, cards);
  const shown = cards.filter((card) => card.worker !== "" || card.edges.length > 0);
  columns(shown);
  edges.forEach((edge) => split(edge, shown));
  const lanes = lanesOf(view, shown);
  const last = Math.max(0, ...shown.map((card) => card.column));
  const width = 2 * LANE_PADDING + (last + 1) * CARD_WIDTH + last * COLUMN_GAP;
  for (const card of shown) {
    card.x = LANE_PADDING + card.column * (CARD_WIDTH + COLUMN_GAP);
  }
  const height = stack(lanes, width);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    sort(lanes, sweep % 2 === 0 ? "from" : "to");
    stack(lanes, width);
  }
  edges.forEach(anchor);
  return { lanes, cards: shown.filter((card) => card.kind !== "way"), edges, width, height };
}

function cardsOf(view) {
  const cards = [];
  for (const port of view.ports) {
    for (const direction of ["rx", "tx"]) {
      const byWorker = new Map();
      port[direction].forEach((queue, index) => {
        if (!byWorker.has(queue.worker)) {
          byWorker.set(queue.worker, []);
        }
        byWorker.get(queue.worker).push(index);
      });
      for (const [worker, queues] of byWorker) {
        cards.push(card(direction, port.name, worker, PORT_HEIGHT, { queues, of: port[direction].length }));
      }
    }
  }
  for (const node of view.nodes) {
    cards.push(card("node", node.name, node.worker, NODE_HEIGHT, { type: node.type }));
  }
  return cards;
}

function card(kind, name, worker, height, more) {
  return { kind, name, worker, width: CARD_WIDTH, height, column: 0, x: 0, y: 0, edges: [], parts: [], ...more };
}

function edgesOf(view, cards) {
  const edges = [];
  for (const wire of view.wires) {
    const pairs = [];
    for (const from of ends(wire.from, "rx", cards)) {
      for (const to of ends(wire.to, "tx", cards)) {
        pairs.push([from, to]);
      }
    }
    pairs.forEach(([from, to], number) => {
      // The numbers are of the wire as a whole; they stand at one of its edges.
      const edge = { wire: wire.name, from, to, isLabelled: number === 0, isHandoff: from.worker !== to.worker };
      edges.push(edge);
      from.edges.push(edge);
      to.edges.push(edge);
    });
  }
  return edges;
}

function ends(end, direction, cards) {
  return cards.filter((card) => card.kind === (end.isPort ? direction : "node") && card.name === end.part
    && (!end.isPort || end.queue < 0 || card.queues.includes(end.queue)));
}

// Each card behind all that lead to it; what transmits, and leads nowhere, in the last column.
function columns(cards) {
  for (let round = 0; round < cards.length; round++) {
    let moved = false;
    for (const { from, to } of cards.flatMap((card) => card.edges)) {
      if (to.column <= from.column && from.column + 1 < cards.length) {
        to.column = from.column + 1;
        moved = true;
      }
    }
    if (!moved) {
      break;
    }
  }
  const last = Math.max(1, ...cards.map((card) => card.column));
  cards.filter((card) => card.kind === "tx").forEach((card) => {
    card.column = last;
  });
}

// An edge that passes columns keeps a place in each of them, so that it leads behind no card.
function split(edge, cards) {
  edge.parts = [];
  let from = edge.from;
  for (let column = edge.from.column + 1; column < edge.to.column; column++) {
    const way = card("way", "", edge.to.worker, WAY_HEIGHT, { column });
    cards.push(way);
    edge.parts.push(part(from, way));
    from = way;
  }
  edge.parts.push(part(from, edge.to));
}

function part(from, to) {
  const it = { from, to };
  from.parts.push(it);
  to.parts.push(it);
  return it;
}

function lanesOf(view, cards) {
  const names = [...view.workers.map((worker) => worker.name), ""];
  return names.map((name) => ({ name, cards: cards.filter((card) => card.worker === name) }))
    .filter((lane) => lane.name !== "" || lane.cards.length > 0);
}

// Gives every card its height in the picture: each column of a lane is centred.
function stack(lanes, width) {
  let y = 0;
  for (const lane of lanes) {
    const byColumn = new Map();
    for (const card of lane.cards) {
      byColumn.set(card.column, [...byColumn.get(card.column) ?? [], card]);
      const most = Math.max(...["from", "to"].map((end) => card.parts.filter((one) => one[end] === card).length));
      card.height = Math.max(card.height, card.kind === "way" ? 0 : (most + 1) * ANCHOR_GAP);
    }
    const tall = (column) => column.reduce((sum, card) => sum + card.height + ROW_GAP, -ROW_GAP);
    const inner = Math.max(0, ...[...byColumn.values()].map(tall));
    Object.assign(lane, { x: 0, y, width, height: LANE_HEAD + inner + LANE_PADDING });
    for (const column of byColumn.values()) {
      let top = y + LANE_HEAD + (inner - tall(column)) / 2;
      for (const card of column) {
        card.y = top;
        top += card.height + ROW_GAP;
      }
    }
    y += lane.height + LANE_GAP;
  }
  return y - LANE_GAP;
}

// Cards follow the middle of what they are connected to on one side, so that few edges cross.
function sort(lanes, side) {
  for (const lane of lanes) {
    for (const card of lane.cards) {
      const others = card.parts.map((one) => one[side]).filter((other) => other !== card);
      card.middle = others.length === 0 ? middleOf(card)
        : others.reduce((sum, other) => sum + middleOf(other), 0) / others.length;
    }
    lane.cards.sort((a, b) => a.middle - b.middle);
  }
}

function middleOf(card) {
  return card.y + card.height / 2;
}

// Edges of one side of a card leave it one below the other. At the end where fewer edges meet, an edge runs straight
// for a while: there its label stands.
function anchor(edge) {
  const isAtEnd = edge.from.edges.length > edge.to.edges.length;
  const last = edge.parts.length - 1;
  const places = edge.parts.map((one) => [
    { x: one.from.x + one.from.width, y: anchorY(one, "from", "to") }, { x: one.to.x, y: anchorY(one, "to", "from") }]);
  const start = places[0][0];
  const end = places[last][1];
  edge.path = `M${start.x} ${start.y}${places.map(([a, b], i) =>
    curve(a, b, !isAtEnd && i === 0 ? STUB : 0, isAtEnd && i === last ? STUB : 0)).join("")}`;
  edge.label = isAtEnd ? { x: end.x - STUB / 2, y: end.y } : { x: start.x + STUB / 2, y: start.y };
}

function curve(a, b, before, after) {
  const from = a.x + before;
  const to = b.x - after;
  const bend = (to - from) / 2;
  return `H${from}C${from + bend} ${a.y} ${to - bend} ${b.y} ${to} ${b.y}H${b.x}`;
}

function anchorY(part, side, other) {
  const card = part[side];
  const all = card.parts.filter((one) => one[side] === card)
    .sort((a, b) => middleOf(a[other]) - middleOf(b[other]));
  return card.y + card.height * (all.indexOf(part) + 1) / (all.length + 1);
}
