// SPDX-License-Identifier: Apache-2.0
// Draws a layout, once, and then shows rates in it. What users named is only ever set as text.

import { together, withUnit } from "./rates.js";

const SVG = "http://www.w3.org/2000/svg";

/** A picture of the view, laid out like that, and a function that shows a later view and its rates in it. */
export function draw(view, { lanes, cards, edges, width, height }) {
  const shows = [];
  const svg = element("svg", { viewBox: `-1 -1 ${width + 2} ${height + 2}`, width: width + 2, height: height + 2 });
  const workers = lanes.filter((lane) => lane.name !== "");
  const layers = [
    workers.map((lane) => boxOf(lane, "lane", 10)),
    edges.map((edge) => lineOf(edge, shows)),
    workers.map((lane) => headOf(lane, view, shows)),
    cards.map((card) => (card.kind === "node" ? nodeOf(card, shows) : portOf(card, shows))),
    edges.filter((edge) => edge.isLabelled).map((edge) => labelOf(edge, shows)),
  ];
  svg.append(...layers.flat());
  return { svg, show: (later, rates) => shows.forEach((show) => show(later, rates)) };
}

function headOf(lane, view, shows) {
  const worker = view.workers.find((one) => one.name === lane.name);
  const right = lane.x + lane.width - 18;
  const busy = element("rect", { class: "busy", x: right - 90, y: lane.y + 15, width: 0, height: 6, rx: 3 });
  const figures = text(right - 102, lane.y + 22, "muted small end halo");
  shows.push((later, rates) => {
    const now = rates?.workers.get(lane.name);
    busy.setAttribute("width", 90 * (now?.busy ?? 0));
    figures.textContent = now ? `${withUnit(now.packets, "pps")} · ${Math.round(100 * now.busy)} % busy` : "";
  });
  return group(
    text(lane.x + 18, lane.y + 23, "name halo", lane.name.startsWith("worker") ? lane.name : `worker ${lane.name}`,
      worker.cpu >= 0 ? ` · CPU ${worker.cpu}` : " · not pinned"),
    element("rect", { class: "track", x: right - 90, y: lane.y + 15, width: 90, height: 6, rx: 3 }), busy, figures);
}

function portOf(card, shows) {
  const { box, lines, cost } = frame(card, 2);
  const lamp = element("circle", { class: "lamp", cx: card.x + card.width - 16, cy: card.y + 17, r: 4.5 });
  const link = text(card.x + card.width - 27, card.y + 21, "small drops now end");
  const queues = `${card.kind}${card.of > 1 ? card.queues.join(",") : ""}`;
  shows.push((later, rates) => {
    const port = later.ports.find((one) => one.name === card.name);
    const all = rates?.ports.get(card.name)?.[card.kind] ?? [];
    const now = together(card.queues.map((index) => all[index]).filter((queue) => queue));
    const drops = card.queues.reduce((sum, index) => sum + (port[card.kind][index]?.drops ?? 0), 0);
    lamp.setAttribute("class", `lamp ${port.link}`);
    link.textContent = port.link === "up" ? "" : port.link;
    lines[0].textContent = rates ? `${withUnit(now.packets, "pps")} · ${withUnit(now.bits, "bit/s")}` : "";
    cost.textContent = costOf(now.ns);
    showDrops(lines[1], box, drops, now.drops);
  });
  return group(box, lamp, link, title(card.name),
    text(card.x + 14, card.y + 21, "name", clipped(card.name, 17 - queues.length), ` ${queues}`), ...lines, cost);
}

function nodeOf(card, shows) {
  const { box, lines, cost } = frame(card, 3);
  shows.push((later, rates) => {
    const node = later.nodes.find((one) => one.name === card.name);
    const now = rates?.nodes.get(card.name);
    lines[0].textContent = node.isQuarantined ? "quarantined: it threw too often" : card.type;
    lines[1].textContent = now ? withUnit(now.packets, "pps") : "";
    cost.textContent = costOf(now?.ns ?? null);
    showDrops(lines[2], box, node.drops, now?.drops ?? 0);
    box.classList.toggle("quarantined", node.isQuarantined);
  });
  lines[0].setAttribute("class", "muted small");
  return group(box, text(card.x + 14, card.y + top(card, 3) + 21, "name", clipped(card.name, 20)),
    title(card.name), ...lines, cost);
}

// A card, empty lines of text below its name, and what a packet costs there, beside the last one.
function frame(card, count) {
  const y = card.y + (card.kind === "node" ? top(card, count) : 0);
  const lines = Array.from({ length: count }, (_, i) => text(card.x + 14, y + 37 + 15 * i, "small"));
  const box = boxOf(card, "card", card.kind === "node" ? 16 : 5);
  return { box, lines, cost: text(card.x + card.width - 14, y + 22 + 15 * count, "muted small end") };
}

function boxOf({ x, y, width, height }, style, round) {
  return element("rect", { class: style, x, y, width, height, rx: round });
}

function costOf(ns) {
  return ns === null ? "" : `${ns.toFixed(0)} ns`;
}

function top(card, count) {
  return (card.height - (31 + 15 * count)) / 2;
}

function showDrops(line, box, drops, rate) {
  line.setAttribute("class", `small drops${rate > 0 ? " now" : ""}`);
  line.textContent = rate > 0 ? `${withUnit(rate, "pps")} dropped` : drops > 0 ? `${withUnit(drops, "")} dropped` : "";
  box.classList.toggle("dropping", rate > 0);
}

function lineOf(edge, shows) {
  const line = element("path", { d: edge.path });
  shows.push((later, rates) => {
    const now = rates?.wires.get(edge.wire);
    line.setAttribute("class", `edge${edge.isHandoff ? " handoff" : ""}${state(now)}`);
    line.setAttribute("stroke-width", now ? (1.2 + 0.35 * Math.log10(1 + now.packets)).toFixed(2) : 1.2);
  });
  return line;
}

function labelOf(edge, shows) {
  const label = text(edge.label.x, edge.label.y - 7, "rate");
  const drops = text(edge.label.x, edge.label.y + 16, "rate dropping");
  shows.push((later, rates) => {
    const now = rates?.wires.get(edge.wire);
    label.setAttribute("class", `rate${now?.packets > 0 ? "" : " idle"}`);
    label.textContent = now ? withUnit(now.packets, "pps") : "";
    drops.textContent = now?.drops > 0 ? `${withUnit(now.drops, "pps")} lost` : "";
  });
  return group(label, drops);
}

function state(rates) {
  return rates?.drops > 0 ? " dropping" : rates?.packets > 0 ? "" : " idle";
}

function clipped(name, most) {
  return name.length > most ? `${name.slice(0, most - 1)}\u2026` : name;
}

function title(full) {
  const it = element("title");
  it.textContent = full;
  return it;
}

function group(...children) {
  const it = element("g");
  it.append(...children);
  return it;
}

// A line of text; what comes after the first part is less important.
function text(x, y, style, first = "", rest = "") {
  const it = element("text", { x, y, class: style });
  it.textContent = first;
  if (rest !== "") {
    const more = element("tspan", { class: "muted small" });
    more.textContent = rest;
    it.append(more);
  }
  return it;
}

function element(name, attributes = {}) {
  const it = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    it.setAttribute(key, value);
  }
  return it;
}
