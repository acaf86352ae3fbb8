// Teach the camera an object of one's own: examples, a live bar, the rule in force, and one example less.

import { begin, h } from "./frame.js";
import { viewfinder } from "./finder.js";
import { ask, kit, may, newest, on } from "./live.js";
import { drawPill } from "./pill.js";
import { showReceipt } from "./receipt.js";
import { join, language, say } from "./words.js";

const $ = (id) => document.getElementById(id);
const LINE = 0.5;
const PROPS = ["nobody", "colleague", "star"]; // of those of the simulated room, what teaches something

let said = null; // what the kit answered last: {key, words} or its own words
let receipt = null; // {word, ja} of the example that was pressed for here
let changed = null; // what the last withdrawal changed: {one, before, gone}
let finderKind = "none";
let isBusy = false;

const lesson = () => kit.teaching?.lessons.find(({ name }) => name === kit.teaching.current);
const called = ({ word, ja }) => (language() === "ja" ? `${ja}（${word}）` : word);

/** Ask, and say what came of it: the answer's JSON, null where it is empty, undefined where it was refused. */
async function wish(path, body) {
  if (isBusy) return undefined;
  isBusy = true;
  draw();
  try {
    const answer = await ask(path, body);
    const text = await answer.text();
    said = answer.ok ? null : text.trim();
    return answer.ok ? JSON.parse(text || "null") : undefined;
  } catch {
    said = say("page.lost");
    return undefined;
  } finally {
    isBusy = false;
    draw();
  }
}

async function name(event) {
  event.preventDefault();
  const asked = $("name").value;
  if ((await wish("/teach/begin", { name: asked })) === undefined) return;
  receipt = changed = null;
  $("name").value = "";
  $("yes").focus();
}

async function example(yes) {
  changed = null;
  receipt = (await wish("/teach/example", { yes })) ?? null;
  draw();
}

async function withdraw(one, of) {
  receipt = null;
  const found = await wish("/teach/withdraw", { name: of, word: one.word });
  changed = found === undefined ? null : { one, before: found?.before ?? {}, gone: found === null };
  draw();
}

async function load() {
  const [file] = $("file").files;
  $("file").value = "";
  if (file) await wish("/teach/rule", new Blob([file]));
}

/** The score of the picture now, by the rule as it is taught; null where there is none. */
function score() {
  const now = lesson();
  if (!newest() || !now?.ready) return null;
  return kit.trial;
}

function drawMeter() {
  const value = score();
  $("gauge").setAttribute("aria-valuenow", String(value ?? 0));
  const none = lesson()?.ready && newest() ? "teach.untold" : "teach.none";
  const words = value === null ? say(none) : say(value >= LINE ? "teach.would" : "teach.wouldnt");
  $("trial").textContent = value === null ? words : `${value.toFixed(2)}: ${words}`;
  $("gauge").setAttribute("aria-valuetext", $("trial").textContent);
  $("meter").dataset.over = String(value !== null && value >= LINE);
  $("gauge").firstElementChild.style.width = `${100 * (value ?? 0)}%`;
}

const number = (yes) => lesson()?.examples.filter((one) => one.yes === yes).length ?? 0;

/** What comes next, or what stands in the way. */
function standsWords() {
  const now = lesson();
  if (!now) return say("teach.first");
  const needed = kit.teaching.least - number(true);
  if (needed > 0) return say("teach.need", { n: needed });
  if (now.refused) return now.refused[language()];
  return say(number(false) ? "teach.ready" : "teach.ready.no");
}

function drawSides() {
  const mayTeach = may("teach") && Boolean(kit.teaching?.can);
  const now = lesson();
  $("naming").hidden = $("name-note").hidden = !mayTeach;
  $("sides").hidden = !mayTeach || !now;
  for (const side of ["yes", "no"]) {
    $(side).disabled = isBusy;
    $(side).firstElementChild.textContent = say(`teach.${side}`, { name: now?.name ?? "" });
    $(`${side}-count`).textContent = say(`teach.count.${side}`, { n: number(side === "yes") });
  }
  $("teaching").textContent = now ? say("teach.now", { name: now.name }) : "";
  const words = said ?? standsWords();
  if ($("stands").textContent !== words) $("stands").textContent = words;
  $("stands").dataset.refused = String(said !== null);
  $("receipt").hidden = !receipt;
  drawReceipt();
  $("cannot").hidden = mayTeach;
  $("cannot").textContent = !kit.kit ? "" : say(kit.teaching?.can ? "teach.look" : "teach.cannot");
}

let receiptDrawn = ""; // a button that is drawn anew with each frame loses the keyboard

function drawReceipt() {
  const key = JSON.stringify([receipt, language()]);
  if (!receipt || key === receiptDrawn) return;
  receiptDrawn = key;
  const { word } = receipt;
  $("receipt").replaceChildren(
    say("teach.receipt"), " ", h("strong", {}, called(receipt)), " ",
    h("span", { class: "small" }, say("teach.receipt.why")), " ",
    h("button", { type: "button", class: "quiet", onclick: () => showReceipt(word) }, say("receipt")),
  );
}

function drawForce() {
  const now = lesson();
  const mayTeach = may("teach");
  const rules = kit.teaching?.rules ?? [];
  $("force").textContent = rules.length
    ? say("teach.in_force", { names: rules.join(say("comma")) })
    : say("teach.not_in_force");
  $("enforce").hidden = !mayTeach || !now || (now.in_force && !now.stale);
  $("enforce").disabled = !now?.ready || isBusy;
  $("enforce").textContent = say(now?.in_force ? "teach.renew" : "teach.enforce", { name: now?.name ?? "" });
  $("lift").hidden = !mayTeach || !now?.in_force || now.filed;
  $("save").hidden = !mayTeach || !now?.ready;
  $("load").hidden = !mayTeach;
}

function row(one, of) {
  const before = changed?.before[one.word];
  const text = one.score === null ? "–" : one.score.toFixed(2);
  const words = before === undefined || before.toFixed(2) === text ? text : `${before.toFixed(2)} → ${text}`;
  const out = may("teach")
    ? h("button", { type: "button", class: "quiet", onclick: () => withdraw(one, of), "aria-label": say("teach.out.one", { word: called(one) }) }, say("teach.out"))
    : null;
  return h("li", { "data-yes": String(one.yes), "data-word": one.word },
    h("span", { class: "kind" }, say(one.yes ? "teach.kind.yes" : "teach.kind.no")),
    h("span", { class: "word" }, called(one)),
    h("span", { class: "score" }, words), out);
}

let drawn = "";

function drawExamples() {
  const now = lesson();
  const key = JSON.stringify([now?.examples, changed, language(), may("teach")]);
  if (key === drawn) return;
  drawn = key;
  $("examples").replaceChildren(...(now?.examples ?? []).map((one) => row(one, now.name)));
  const confused = Object.entries(now?.confused ?? {}).map(([what, n]) => `${say(`harmless.${what}`)} ${n}`);
  const gone = changed && say(changed.gone ? "teach.gone.rule" : "teach.gone", { word: called(changed.one) });
  const mixes = now?.ready && say(confused.length ? "teach.confused" : "teach.confused.none", { what: confused.join(say("comma")) });
  $("confused").textContent = join([gone, mixes]);
}

function drawProps() {
  const offered = PROPS.filter((prop) => may("press") && kit.kit?.props.includes(prop));
  $("props").hidden = offered.length === 0;
  if ($("props").childElementCount !== offered.length + 1) {
    const buttons = offered.map((prop) =>
      h("button", { type: "button", "data-prop": prop, "data-words": `prop.${prop}`, onclick: () => ask("/bring", { prop }).catch(() => {}) }, say(`prop.${prop}`)));
    $("props").replaceChildren(h("span", { "data-words": "teach.before" }, say("teach.before")), ...buttons);
  }
  for (const button of $("props").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String((kit.standing?.prop ?? "") === button.dataset.prop));
  }
}

function drawFinder(kind) {
  finderKind = kind;
  $("finder").setAttribute("aria-label", say({ picture: "finder.live", mosaic: "finder.mosaic", none: "finder.none" }[kind]));
  $("caption").textContent = kind === "mosaic" ? say("teach.mosaic") : "";
}

let due = false;

function draw() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    drawPill($("pill"));
    drawMeter();
    drawSides();
    drawForce();
    drawExamples();
    drawProps();
  });
}

on("change", draw);
$("naming").addEventListener("submit", name);
$("yes").addEventListener("click", () => example(true));
$("no").addEventListener("click", () => example(false));
$("enforce").addEventListener("click", () => wish("/teach/enforce", { on: true }));
$("lift").addEventListener("click", () => wish("/teach/enforce", { on: false }));
$("load").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", load);
viewfinder($("finder"), drawFinder);
begin(() => {
  drawn = "";
  draw();
  drawFinder(finderKind);
});
