// How it works, for a class: the frame's way, the rule, what if, and pictures of one's own.

import { drops } from "./drops.js";
import { begin, h } from "./frame.js";
import { ideas } from "./ideas.js";
import { kit, newest, on } from "./live.js";
import { drawPill } from "./pill.js";
import { plane } from "./plane.js";
import { decider, inOrder, judge, NO_RULE } from "./rule.js";
import { faultWords, join, modelName, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const LIT_MS = 2500;
const SAMPLE_MS = 300; // slowly enough to be read

let mine = null; // the what-if copy of the live rule; see `judge`
let lookedAt = { time: -LIT_MS, good: false };

const liveRule = () => inOrder(kit.kit?.live ?? NO_RULE);

let sample; // the one frame of which everything on this page speaks
let sampleDue = 0;

function takeSample() {
  if (performance.now() < sampleDue) return;
  sampleDue = performance.now() + SAMPLE_MS;
  sample = newest();
}

function stations() {
  const [seen, status] = [sample, kit.standing?.status];
  const [frame, clear, , scores] = seen ?? [0, false, "", []];
  const lit = (good) => (seen ? (good ? "good" : "bad") : "");
  const { names, limits } = liveRule();
  const looking = performance.now() - lookedAt.time < LIT_MS;
  return [
    [say("station.camera"), seen ? say("station.camera.now", { n: frame }) : "–", lit(true)],
    ...names.map((name, index) => {
      const [line] = limits[index];
      const score = scores[index];
      const called = modelName(name, index);
      if (score === undefined) return [called, say("scores.none"), lit(false)];
      return [called, say("station.channel.now", { score: score.toFixed(2), line }), lit(score < line)];
    }),
    [say("station.verdict"), verdictWords(seen), lit(clear)],
    [say("station.gate"), gateWords(clear, status), status?.open ? "good" : "bad"],
    [say("station.line"), say(status?.open ? "station.line.high" : "station.line.low"), status?.open ? "good" : "bad"],
    [say("station.look"), say("station.look.idle"), looking ? (lookedAt.good ? "good" : "bad") : ""],
    [say("station.album"), say("station.album.now", kept()), looking && lookedAt.good ? "good" : ""],
  ];
}

/** After a refusal one clear frame opens nothing: it has to be said why all else is green. */
function gateWords(clear, status) {
  if (status?.open) return say("station.gate.open");
  return say(clear && status?.faults?.length === 0 ? "station.gate.waits" : "station.gate.closed");
}

function kept() {
  const { photos, videos } = kit.standing?.totals ?? {};
  return { n: photos?.published ?? 0, m: videos?.published ?? 0 };
}

function verdictWords(seen) {
  if (!seen) return "–";
  if (seen[3].length === 0) return say("station.verdict.none");
  return say(seen[1] ? "verdict.clear" : "verdict.blocked");
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

function drawRule() {
  const faults = kit.standing?.status?.faults ?? [];
  const rule = ruleWords();
  $("rule").textContent =
    sample && faults.length ? say("rule.but", { rule, faults: faultWords(faults) }) : rule;
}

/** What is said where no one model of nudity decided. */
const BY_ALL = { clear: "rule.clear", taught: "rule.taught" };

function ruleWords() {
  const { names, limits } = liveRule();
  if (!sample) return say(kit.standing?.status ? "rule.stopped" : "rule.none");
  const [, , reason, scores] = sample;
  if (scores.length < limits.length) return say("rule.none");
  const says = (name, index) =>
    say("rule.part", { name: modelName(name, index), score: scores[index].toFixed(2) });
  const parts = names.map((name, index) => scores[index] !== undefined && says(name, index)).filter(Boolean).join(say("comma"));
  const who = decider(scores, limits, reason);
  if (who < 0 || reason === "taught") return say(BY_ALL[reason] ?? "rule.together", { parts });
  const [clear, block] = limits[who];
  const line = reason === "nudity" ? block : clear;
  return say(`rule.${reason}`, { parts, name: modelName(names[who], who), line });
}

/** The rule as a picture: of the live look, or where one channel looks live, of the second. */
function drawPlane() {
  const { live, look } = kit.kit ?? {};
  const isLive = Object.keys(live?.limits ?? {}).length === 2;
  const rule = inOrder((isLive ? live : look) ?? NO_RULE);
  const figure = $("plane");
  figure.hidden = rule.names.length !== 2;
  if (figure.hidden) return;
  const [across, up] = rule.names.map(modelName);
  $("plane-across").textContent = say("plane.across", { name: across });
  $("plane-up").textContent = say("plane.up", { name: up });
  plane(figure.querySelector("canvas"), isLive && mine ? mine : rule, (isLive && sample?.[3]) || []);
}

function drawSliders() {
  const { names, limits, fusions, agreements, taught } = liveRule();
  if (mine === null || mine.limits.length !== limits.length) {
    mine = { limits: limits.map((own) => [...own]), fusions: fusions.map((own) => ({ ...own })), agreements, taught };
    $("sliders").replaceChildren(
      ...limits.flatMap((one, index) => [slider(index, 0), slider(index, 1)]),
      ...fusions.map((one, index) => together(index)),
    );
  }
  for (const label of $("sliders").children) {
    const [index, which] = [Number(label.dataset.index), label.dataset.which];
    const value = which === "together" ? mine.fusions[index].line : mine.limits[index][which];
    const words = { together: "whatif.together", 0: "whatif.clear", 1: "whatif.block" }[which];
    label.firstChild.textContent = say(words, {
      name: modelName(names[index], index), value: String(Number(value.toFixed(3))),
    });
    label.lastChild.value = value;
  }
}

/** A slider for the line of doubts added. */
function together(index) {
  const input = h("input", { type: "range", min: "-10", max: "10", step: "0.1" });
  input.addEventListener("input", () => {
    mine.fusions[index].line = Number(input.value);
    draw();
  });
  return h("label", { "data-index": index, "data-which": "together" }, h("span"), input);
}

function slider(index, which) {
  const input = h("input", { type: "range", min: "0.01", max: "1", step: "0.01" });
  input.addEventListener("input", () => {
    const pair = mine.limits[index];
    pair[which] = Number(input.value);
    // The upper line is never below the lower one, as in the real gate.
    if (pair[0] > pair[1]) pair[1 - which] = pair[which];
    draw();
  });
  return h("label", { "data-index": index, "data-which": which }, h("span"), input);
}

function drawWhatIf() {
  const verdict = sample ? judge(sample[3], mine) : "doubt";
  $("whatif-now").textContent = say("whatif.now", {
    verdict: say(verdict === "clear" ? "verdict.clear" : "verdict.blocked"),
  });
  const blocked = kit.seen.filter(([, , , scores]) => judge(scores, mine) !== "clear").length;
  const real = kit.seen.filter(([, clear]) => !clear).length;
  const words = say("whatif.minute", { n: kit.seen.length, mine: blocked, real });
  // Whoever moves one model's lines up in vain learns why.
  const isVain = blocked > 0 && mine.limits.some(([clear]) => clear === 1) && mine.limits.some(([clear]) => clear < 1);
  $("whatif-minute").textContent = join([words, isVain && say("whatif.other")]);
}

let due = false;

function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    takeSample();
    drawPill($("pill"));
    drawWay();
    drawRule();
    if (kit.kit) {
      drawSliders();
      drawWhatIf();
      drawPlane();
    }
  });
}

on("change", draw);
on("event", ({ kind, event }) => {
  const isRefused = kind === "press refused" && event.reason === "second look";
  if (kind === "photo" || isRefused) lookedAt = { time: performance.now(), good: !isRefused };
});
$("reset").addEventListener("click", () => {
  mine = null;
  draw();
});
const redrawDrops = drops($("drop"), $("files"), $("choose"), $("clear"), $("dropped"));
const redrawStep = ideas(draw);
begin(() => {
  sampleDue = 0;
  draw();
  redrawDrops();
  redrawStep();
});
