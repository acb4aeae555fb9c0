// SPDX-License-Identifier: Apache-2.0
// Asks for the view once a second and keeps the page up to date.

import { draw } from "./drawing.js";
import { layout } from "./layout.js";
import { ratesBetween, together, withUnit } from "./rates.js";

const PERIOD_MS = 1000;
const FIRST_MS = 250;
const PATIENCE_MS = 5000;

const by = (id) => document.getElementById(id);
let before = null;
let picture = null;
let shape = null;

async function ask() {
  const answer = await fetch("view.json", { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) {
    throw new Error(`it answers ${answer.status}`);
  }
  return answer.json();
}

function show(view) {
  // The same run and version is the same graph; ports and workers may still come.
  const now = JSON.stringify([view.name, view.version, view.workers.map((worker) => worker.name),
    view.ports.map((port) => [port.name, port.rx.map((queue) => queue.worker), port.tx.map((queue) => queue.worker)])]);
  if (now !== shape) {
    shape = now;
    picture = draw(view, layout(view));
    by("graph").replaceChildren(picture.svg);
  }
  const rates = before === null ? null : ratesBetween(before, view);
  picture.show(view, rates);
  summary(view, rates);
  by("graph").classList.remove("ended");
  by("notice").classList.remove("ended");
  by("notice").textContent = view.workers.length === 0 ? "No graph runs yet." : "";
  before = view;
}

function summary(view, rates) {
  document.title = `${view.name} - Millrace`;
  by("name").textContent = view.name === "millrace" ? "" : view.name;
  by("version").textContent = `version ${view.version}`;
  if (rates === null) {
    return;
  }
  for (const [id, direction] of [["received", "rx"], ["sent", "tx"]]) {
    const sum = together([...rates.ports.values()].flatMap((port) => port[direction]));
    by(id).textContent = `${withUnit(sum.packets, "pps")} · ${withUnit(sum.bits, "bit/s")}`;
  }
  const queues = [...rates.ports.values()].flatMap((port) => [...port.rx, ...port.tx]);
  const dropped = [...queues, ...rates.nodes.values(), ...rates.wires.values()]
    .reduce((sum, part) => sum + part.drops, 0);
  by("dropped").textContent = dropped > 0 ? withUnit(dropped, "pps") : "none now";
  by("dropped").classList.toggle("bad", dropped > 0);
}

function end(reason) {
  by("notice").textContent = `${before === null ? "Nothing" : `${before.name} has ended or`} cannot be reached `
    + `(${reason}). ${before === null ? "" : "What you see is the last of it. "}This page goes on asking.`;
  by("notice").classList.add("ended");
  by("graph").classList.add("ended");
}

async function round() {
  const isFirst = before === null;
  try {
    show(await ask());
  } catch (problem) {
    end(problem.message);
  }
  setTimeout(round, isFirst && before !== null ? FIRST_MS : PERIOD_MS);
}

round();
