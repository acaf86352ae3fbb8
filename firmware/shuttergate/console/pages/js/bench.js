// The bench: timings, counts, the log, and the switches that break a simulated kit.

import { begin, h } from "./frame.js";
import { ask, kit, may, on } from "./live.js";
import { drawPill } from "./pill.js";
import { soundSwitch } from "./sound.js";
import { capital, language, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const PROCESSES = ["gate", "publisher", "console"];
const LINES_SHOWN = 300;
const FEW = 20; // below so many, shares of them mean little

function drawSwitches() {
  const mayBreak = may("break");
  const offered = mayBreak ? (kit.kit?.faults ?? []) : [];
  const why = kit.kit?.simulated ? (mayBreak ? "bench.faults.why" : "bench.faults.look") : "bench.faults.real";
  $("faults-why").textContent = kit.kit ? say(why) : "";
  keep($("switches"), offered, (fault) =>
    h("button", { type: "button", "data-fault": fault, onclick: () => turn(fault) }));
  for (const button of $("switches").children) {
    const { fault } = button.dataset;
    button.textContent = capital(say(`inject.${fault}`));
    button.setAttribute("aria-pressed", String(isOn(fault)));
  }
  // One of them answers these very requests, and cannot when it is the one that ends.
  keep($("kills"), mayBreak ? PROCESSES : [], (process) =>
    h("button", { type: "button", "data-process": process, onclick: () => kill(process) }));
  $("kills-why").hidden = !mayBreak;
  for (const button of $("kills").children) {
    button.textContent = say(`kill.${button.dataset.process}`);
  }
}

/** Give `place` one child for each of `names`, made anew only when the names change. */
function keep(place, names, make) {
  if (place.dataset.names === names.join()) return;
  place.dataset.names = names.join();
  place.replaceChildren(...names.map(make));
}

const isOn = (fault) => (kit.standing?.injected ?? []).includes(fault);
const turn = (name) => ask("/fault", { name, on: !isOn(name) });

let killed = null; // {at, time, ours, closed, back}: the last kill; what the shutter did, or this page

function kill(process) {
  const time = new Date().toLocaleTimeString(language());
  killed = { at: performance.now(), time, ours: process === "console", closed: false, back: null };
  ask("/kill", { process }).catch(() => {});
}

function drawKilled() {
  if (!killed) return;
  // Without its server a page knows nothing of the shutter, which knows nothing of the page.
  const isUp = killed.ours ? kit.connected : (kit.standing?.status?.open ?? false);
  if (!isUp) killed.closed = true;
  else if (killed.closed) killed.back ??= ((performance.now() - killed.at) / 1000).toFixed(1);
  const back = killed.ours ? "killed.page" : "killed.back";
  const words = say(killed.back ? back : "killed.now", { time: killed.time, s: killed.back });
  if ($("killed").textContent !== words) $("killed").textContent = words;
}

function drawTimings() {
  const timings = kit.standing?.status?.timings ?? {};
  keep($("timings"), Object.keys(timings), () =>
    h("section", {}, h("h3"), h("p", { class: "small" }),
      h("div", { class: "histogram", "aria-hidden": "true" }), h("div", { class: "ticks", "aria-hidden": "true" })));
  Object.entries(timings).forEach(([name, timing], index) => {
    const [title, words, bars, ticks] = $("timings").children[index].children;
    title.textContent = say(`timing.${name}`);
    words.textContent = timingWords(timing);
    drawBars(bars, ticks, timing);
  });
}

function timingWords({ edges_ms, counts, sum_ms }) {
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n === 0) return say("timing.none");
  const mean = Math.round(sum_ms / n);
  if (n < FEW) return say("timing.few", { n, mean });
  const within = (share) => {
    let sum = 0;
    return counts.findIndex((count) => (sum += count) >= share * n);
  };
  const last = edges_ms.length - 1;
  const [half, most] = [within(0.5), within(0.99)];
  const key = half > last ? "timing.words.slow" : most > last ? "timing.words.more" : "timing.words";
  return say(key, { n, mean, half: edges_ms[Math.min(half, last)], most: edges_ms[Math.min(most, last)] });
}

function drawBars(bars, ticks, { edges_ms, counts }) {
  if (bars.childElementCount !== counts.length) {
    bars.replaceChildren(...counts.map(() => h("i")));
    ticks.replaceChildren(...edges_ms.map((edge) => h("span", {}, String(edge))), h("span", {}, "ms"));
  }
  const top = Math.max(1, ...counts);
  counts.forEach((count, index) => {
    const bar = bars.children[index];
    bar.style.height = `${(100 * count) / top}%`;
    bar.title = say("timing.bar", {
      from: index ? edges_ms[index - 1] : 0, to: edges_ms[index] ?? "∞", n: count,
    });
  });
}

const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);

function drawCounts() {
  const { totals, starts, status } = kit.standing ?? {};
  if (!totals) return;
  const { frames = {}, photos = {}, videos = {}, lost = {}, refused = {}, asked } = totals;
  const rows = [
    [say("count.clear"), frames.CLEAR ?? 0],
    [say("count.blocked"), frames.BLOCKED ?? 0],
    [say("count.taken"), sum(photos)],
    [say("count.videos"), sum(videos)],
    [say("count.lost"), sum(lost)],
    ...Object.entries(lost).map(([reason, count]) => [`– ${say(`lost.${reason}`)}`, count]),
    [say("count.refused"), sum(refused)],
    ...Object.entries(refused).map(([reason, count]) => [`– ${say(`reason.${reason}`)}`, count]),
    ...(asked ? [[say("count.put"), asked.put ?? 0], [say("count.yes"), asked.yes ?? 0]] : []),
    [say("count.starts"), starts],
    [say("bench.counts.life"), null],
    [say("count.right"), status?.totals.tests?.right ?? "–"],
    [say("count.wrong"), status?.totals.tests?.wrong ?? "–"],
    [say("count.oldest"), status ? say("ms", { n: Math.round(status.oldest_ms) }) : "–"],
  ];
  $("counts").replaceChildren(
    ...rows.map(([name, value]) =>
      value === null
        ? h("tr", {}, h("th", { scope: "rowgroup", colspan: "2", class: "small" }, name))
        : h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, String(value))),
    ),
  );
}

let logDue = true;

function drawLog() {
  if (!logDue) return;
  logDue = false;
  const wanted = $("filter").value.toLowerCase();
  const found = kit.events
    .filter(({ notable }) => !$("notable").checked || notable)
    .map(({ line, words }) => rowOf(line, words))
    .filter((cells) => cells.slice(1).join(" ").toLowerCase().includes(wanted))
    .slice(-LINES_SHOWN)
    .reverse();
  $("log-empty").hidden = found.length > 0;
  $("log").replaceChildren(
    ...found.map(([time, event, fields]) =>
      h("tr", {}, h("td", {}, time.slice(11, 23)), h("td", {}, event), h("td", {}, fields))),
  );
}

/** What the words of an event leave out. */
const LEFT_OUT = ["name", "frame", "frames", "scores", "how", "restart_s", "silent_s", "tried_s"];

/** A line's time, event and fields; where English is not spoken, in words, and what these leave out. */
function rowOf({ time, event, ...fields }, words) {
  const said = language() === "en" ? "" : words[language()];
  if (!said) return [time, event, fieldWords(Object.entries(fields))];
  const more = Object.entries(fields).filter(([name]) => LEFT_OUT.includes(name));
  return [time, said, fieldWords(more.map(([name, value]) => [say(`field.${name}`), value]))];
}

const fieldWords = (fields) =>
  fields
    .map(([name, value]) => [name, typeof value === "object" ? listWords(value) : String(value)])
    .filter(([, words]) => words)
    .map(([name, words]) => say("field.is", { name, words }))
    .join(" · ");

const listWords = (value) =>
  Array.isArray(value)
    ? value.join(", ")
    : Object.entries(value ?? {}).map(([name, one]) => `${name} ${one}`).join(", ");

let due = false;

function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    drawPill($("pill"));
    drawSwitches();
    drawKilled();
    drawTimings();
    drawCounts();
    drawLog();
  });
}

on("change", draw);
on("event", () => (logDue = true));
on("whole", () => (logDue = true));
for (const id of ["filter", "notable"]) {
  $(id).addEventListener("input", () => {
    logDue = true;
    draw();
  });
}
begin(draw);
soundSwitch($("tools"));
