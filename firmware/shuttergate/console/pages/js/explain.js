// How it works, for a class: the frame's way, the rule, what if, and pictures of one's own.

import { drops } from "./drops.js";
import { begin, h } from "./frame.js";
import { kit, on } from "./live.js";
import { drawPill } from "./pill.js";
import { decider, judge } from "./rule.js";
import { say } from "./words.js";

const $ = (id) => document.getElementById(id);
const LIT_MS = 2500;

let mine = null; // the what-if copy: [[clear, block], …]
let lookedAt = { time: -LIT_MS, good: false };

const channels = () => Object.entries(kit.kit?.limits ?? {});
const newest = () => (kit.standing?.status ? kit.seen.at(-1) : undefined);

function stations() {
  const [seen, status] = [newest(), kit.standing?.status];
  const [frame, clear, , scores] = seen ?? [0, false, "", []];
  const lit = (good) => (seen ? (good ? "good" : "bad") : "");
  const looking = performance.now() - lookedAt.time < LIT_MS;
  return [
    [say("station.camera"), seen ? say("station.camera.now", { n: frame }) : "–", lit(true)],
    ...channels().map(([name, [line]], index) => {
      const score = scores[index];
      if (score === undefined) return [name, say("scores.none"), lit(false)];
      return [name, say("station.channel.now", { score: score.toFixed(2), line }), lit(score < line)];
    }),
    [say("station.verdict"), seen ? say(clear ? "verdict.clear" : "verdict.blocked") : "–", lit(clear)],
    [say("station.gate"), say(status?.open ? "station.gate.open" : "station.gate.closed"), status?.open ? "good" : "bad"],
    [say("station.line"), say(status?.open ? "station.line.high" : "station.line.low"), status?.open ? "good" : "bad"],
    [say("station.look"), say("station.look.idle"), looking ? (lookedAt.good ? "good" : "bad") : ""],
    [say("station.album"), say("station.album.now", { n: kit.standing?.totals.taken ?? 0 }), looking && lookedAt.good ? "good" : ""],
  ];
}

function drawWay() {
  const all = stations();
  if ($("way").childElementCount !== all.length) {
    $("way").replaceChildren(...all.map(() => h("li", {}, h("b"), h("span"))));
  }
  all.forEach(([name, now, lit], index) => {
    const item = $("way").children[index];
    item.dataset.lit = lit;
    item.children[0].textContent = name;
    item.children[1].textContent = now;
  });
}

let ruleDue = 0;

function drawRule() {
  if (performance.now() < ruleDue) return; // slowly enough to be read
  ruleDue = performance.now() + 500;
  const seen = newest();
  const limits = channels();
  if (!seen || seen[3].length < limits.length) {
    $("rule").textContent = say("rule.none");
    return;
  }
  const [, , reason, scores] = seen;
  const parts = limits.map(([name], index) => say("rule.part", { name, score: scores[index].toFixed(2) })).join(say("comma"));
  const who = decider(scores, limits.map(([, own]) => own), reason);
  const [name, [clear, block]] = limits[who] ?? ["", ["", ""]];
  $("rule").textContent = say(`rule.${reason}`, { parts, name, line: reason === "nudity" ? block : clear });
}

function drawSliders() {
  const limits = channels();
  if (mine === null || mine.length !== limits.length) {
    mine = limits.map(([, own]) => [...own]);
    $("sliders").replaceChildren(
      ...limits.flatMap((one, index) => [slider(index, 0), slider(index, 1)]),
    );
  }
  for (const label of $("sliders").children) {
    const [index, which] = [Number(label.dataset.index), Number(label.dataset.which)];
    const value = mine[index][which];
    label.firstChild.textContent = say(which ? "whatif.block" : "whatif.clear", {
      name: limits[index][0], value: value.toFixed(2),
    });
    label.lastChild.value = value;
  }
}

function slider(index, which) {
  const input = h("input", { type: "range", min: "0.01", max: "1", step: "0.01" });
  input.addEventListener("input", () => {
    const pair = mine[index];
    pair[which] = Number(input.value);
    // The upper line is never below the lower one, as in the real gate.
    if (pair[0] > pair[1]) pair[1 - which] = pair[which];
    drawSliders();
    drawWhatIf();
  });
  return h("label", { "data-index": index, "data-which": which }, h("span"), input);
}

function drawWhatIf() {
  const seen = newest();
  const verdict = seen ? judge(seen[3], mine) : "doubt";
  $("whatif-now").textContent = say("whatif.now", {
    verdict: say(verdict === "clear" ? "verdict.clear" : "verdict.blocked"),
  });
  $("whatif-minute").textContent = say("whatif.minute", {
    n: kit.seen.length,
    mine: kit.seen.filter(([, , , scores]) => judge(scores, mine) !== "clear").length,
    real: kit.seen.filter(([, clear]) => !clear).length,
  });
}

let due = false;

function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    drawPill($("pill"));
    drawWay();
    drawRule();
    if (kit.kit) {
      drawSliders();
      drawWhatIf();
    }
  });
}

on("change", draw);
on("line", ({ event, reason }) => {
  if (event === "photo") lookedAt = { time: performance.now(), good: true };
  if (event === "press refused" && reason === "second look") lookedAt = { time: performance.now(), good: false };
});
$("reset").addEventListener("click", () => {
  mine = null;
  draw();
});
const redrawDrops = drops($("drop"), $("files"), $("choose"), $("clear"), $("dropped"));
begin(() => {
  ruleDue = 0;
  draw();
  redrawDrops();
});
