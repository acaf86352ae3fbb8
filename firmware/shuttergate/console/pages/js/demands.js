// What was asked, each beside its proof: demands.json, from which docs/demands.py writes the document too.

import { begin, h } from "./frame.js";
import { on } from "./live.js";
import { drawPill } from "./pill.js";
import { language } from "./words.js";

const $ = (id) => document.getElementById(id);
const MARKS = { does: "●", part: "◐", "not yet": "○", "not ours": "–", yours: "?" };

let data = null;
let drawn = ""; // in which language: what is being read is not drawn anew with each connection

const told = (words) => words[language()];
const label = (name) => told(data.labels[name]);

/** `text` as nodes: what stands in ticks is code. */
function marked(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

/** Text of several paragraphs. */
function paragraphs(text) {
  return text.split("\n\n").map((part) => h("p", {}, ...marked(part)));
}

function chip(state) {
  const mark = h("span", { "aria-hidden": "true" }, MARKS[state]);
  return h("span", { class: "chip", "data-state": state }, mark, ` ${told(data.states[state])}`);
}

function part(name, heading, ...children) {
  return h("div", { class: name }, h("h4", {}, heading), ...children);
}

/** The commands of a row, and what they say. */
function proof({ commands, status, says }) {
  return [
    h("pre", {}, h("code", {}, commands.join("\n"))),
    h("p", { class: "small" }, label("says").replace("{status}", status)),
    h("pre", { class: "says" }, h("samp", {}, told(says).join("\n"))),
  ];
}

function card(row, number, labels) {
  return h("article", { id: row.id, "data-state": row.state },
    h("h3", {}, h("span", {}, h("span", { class: "number" }, `${number}.`), ` ${told(row.title)}`), chip(row.state)),
    part("asked", told(labels.asked), ...paragraphs(told(row.asked))),
    part("does", told(labels.does), ...paragraphs(told(row.does))),
    part("not", label("not"), ...paragraphs(told(row.not))),
    part("show", label("show"), ...paragraphs(told(row.show)), ...(row.run ? proof(row.run) : [])),
  );
}

function drawDemands() {
  if (data === null || drawn === language()) return;
  drawn = language();
  let number = 0;
  const points = [];
  const sections = data.sections.map((section) => {
    const first = number + 1;
    const rows = section.rows.map((row) => card(row, ++number, section.labels));
    const links = section.rows.map((row) =>
      h("li", {}, h("a", { href: `#${row.id}` }, told(row.title)), chip(row.state)));
    points.push(h("div", {}, h("h2", {}, told(section.title)), h("ol", { start: first }, ...links)));
    const source = h("p", { class: "source" }, told(section.source));
    return h("section", { id: section.id }, h("h2", {}, told(section.title)), source, ...rows);
  });
  $("lead").replaceChildren(
    h("h1", { id: "title" }, told(data.title)),
    ...paragraphs(told(data.intro)),
    h("p", { class: "small" }, ...marked(told(data.commands))),
  );
  $("points").replaceChildren(...points);
  $("demands").replaceChildren(...sections);
}

on("change", () => drawPill($("pill")));
begin(() => {
  drawPill($("pill"));
  drawDemands();
});
data = await (await fetch("/demands.json")).json();
drawDemands();
$(location.hash.slice(1))?.scrollIntoView();
