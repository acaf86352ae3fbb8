// Whose pictures: what packs and taught rules were made from, searched by words and by pictures; and
// what a photo or video states of itself.

import { statedCard, statedLine } from "./credential.js";
import { begin, h } from "./frame.js";
import { ask, kit, may, on } from "./live.js";
import { takeOut } from "./optout.js";
import { drawPill } from "./pill.js";
import { bothWords, showReceipt } from "./receipt.js";
import { packageTable, packCard, rowCard } from "./sources.js";
import { say } from "./words.js";

const $ = (id) => document.getElementById(id);
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_SHOWN = 20;
const OPEN = 3; // so many rows are shown at once
const TRIES = 40; // a class that searches at once waits its turn
const AGAIN_MS = 1500;

let packs = null; // [{pack, title, …}], or an error's words
let finds = []; // {query} or {name, url}, with what was found: null, {failed} or an answer
let queue = Promise.resolve();

async function answered(answer) {
  return answer.ok ? answer.json() : { failed: answer.status === 429 ? say("drop.cause.busy") : await answer.text() };
}

function show(find) {
  finds = [find, ...finds];
  while (finds.length > MAX_SHOWN) forget(finds.pop());
  drawFinds();
}

function forget({ url }) {
  if (url) URL.revokeObjectURL(url);
}

async function search(query) {
  const find = { query, answer: null };
  finds.filter((one) => one.query === query).forEach(forget);
  finds = finds.filter((one) => one.query !== query);
  show(find);
  try {
    find.answer = await answered(await fetch(`/ledger/search.json?q=${encodeURIComponent(query)}`));
  } catch {
    find.answer = { failed: say("ledger.broken") };
  }
  tell(find, query);
}

/** Show what came of a search, where it can be seen, and say how much it is. */
function tell({ answer }, what) {
  drawFinds();
  if (finds.length === 0) return; // cleared away meanwhile
  const { contributions = [], ledgers = {} } = answer;
  const rows = ledgers.total ?? (ledgers.exact ?? []).length + (ledgers.alike ?? []).length;
  const found = answer.failed ?? say("ledger.said", { what, n: contributions.length + rows });
  $("said").textContent = answer.stated ? `${found} ${statedLine(answer.stated)}` : found;
  $("found-part").firstElementChild.scrollIntoView({ block: "nearest" });
}

function take(files) {
  for (const file of files) {
    const find = { name: file.name, url: URL.createObjectURL(file), answer: null };
    show(find);
    queue = queue.then(() => look(file, find));
  }
}

async function look(file, find) {
  if (file.size > MAX_BYTES) {
    find.answer = { failed: say("ledger.size") };
  } else {
    const stated = await asked("/ledger/credential", file);
    find.answer = { ...(await asked("/ledger/picture", file)), stated };
  }
  tell(find, file.name);
}

/** Hand the kit a file, again and again while others come first; return its answer, or {failed}. */
async function asked(path, file) {
  try {
    for (let tried = 0; ; tried++) {
      const answer = await ask(path, file);
      if (answer.status !== 429 || tried >= TRIES) return await answered(answer);
      await new Promise((go) => setTimeout(go, AGAIN_MS));
    }
  } catch {
    return { failed: say("ledger.broken") };
  }
}

/** Of what was found, the contributions that are still there. */
function there({ answer }) {
  const lessons = kit.teaching?.lessons;
  const known = ({ rule, word }) => lessons?.some(({ name, examples }) => name === rule && examples.some((one) => one.word === word));
  return (answer?.contributions ?? []).filter((one) => !lessons || known(one));
}

let foundThere = ""; // when one was taken out, what was found is drawn anew, and not before

/** What was found, the newest first. */
function drawFinds() {
  foundThere = JSON.stringify(finds.map(there));
  $("found-part").hidden = finds.length === 0;
  $("clear").hidden = finds.length === 0;
  $("found").replaceChildren(...finds.map((find) => h("section", { class: "find" }, ...(find.url ? ofPicture(find) : ofWords(find)))));
}

function ofWords(find) {
  const { query, answer } = find;
  const head = h("h3", {}, say("ledger.query", { query }));
  if (answer === null) return [head, h("p", {}, say("ledger.searching"))];
  if (answer.failed) return [head, h("p", {}, say("drop.failed", { why: answer.failed }))];
  const { ledgers, is_pair: isPair } = answer;
  const contributions = there(find);
  const more = ledgers.total - ledgers.rows.length;
  return [head,
    isPair && !contributions.length ? h("p", {}, say("ledger.none.pair")) : null,
    !isPair && !ledgers.total ? h("p", {}, say("ledger.none.words")) : null,
    ...contributions.map((one) => contribution(one)),
    ledgers.total ? packageTable(ledgers.packages, say("ledger.field.package")) : null,
    ...folded(ledgers.rows.map((row) => rowCard(row)), "ledger.rows"),
    more > 0 ? h("p", {}, say("ledger.more", { n: more })) : null,
  ].filter(Boolean);
}

function ofPicture(find) {
  const { name, url, answer } = find;
  const picture = h("img", { src: url, alt: say("drop.alt", { name }), onerror: ({ target }) => (target.hidden = true) });
  const head = h("h3", {}, name);
  if (answer === null) return [head, picture, h("p", {}, say("ledger.searching"))];
  const stated = answer.stated ? statedCard(answer.stated) : null;
  if (answer.failed) return [head, picture, h("p", {}, say("drop.failed", { why: answer.failed })), stated].filter(Boolean);
  const { ledgers, plain, cause } = answer;
  const contributions = there(find);
  const isFound = contributions.length + ledgers.exact.length + ledgers.alike.length > 0;
  const isTaught = (kit.teaching?.lessons ?? []).length > 0;
  return [head, picture,
    isFound ? null : h("p", {}, h("strong", {}, say("ledger.none.picture"))),
    ...contributions.map((one) => contribution(one, say("ledger.used"))),
    ...ledgers.exact.map((row) => rowCard(row, say("ledger.exact", row))),
    plain ? h("p", {}, say("ledger.plain")) : null,
    ...folded(ledgers.alike.map((row) => rowCard(row, say("ledger.alike", { ...row, bits: row.distance }))), "ledger.alike.rows"),
    cause ? h("p", {}, say("ledger.bytes", { why: say(`drop.cause.${cause}`) })) : null,
    !cause && isTaught && !answer.is_compared ? h("p", {}, say("ledger.uncompared")) : null,
    stated,
  ].filter(Boolean);
}

/** Cards one below the other; many are opened only by whoever wants to read them. */
function folded(cards, key) {
  if (cards.length <= OPEN) return cards;
  return [h("details", {}, h("summary", {}, say(key, { n: cards.length })), ...cards)];
}

function contribution({ rule, word, word_ja: ja, yes }, lead = "") {
  const kind = say(yes ? "ledger.example" : "ledger.counter");
  return h("article", { class: "hit" },
    h("h3", {}, lead, lead && " ", bothWords(word, ja)),
    h("p", {}, say("ledger.of", { kind, rule })),
    h("p", { class: "row" }, ...buttons(rule, word, ja)));
}

function buttons(rule, word, ja) {
  const receipt = h("button", { type: "button", "aria-label": `${say("receipt")}: ${word}`, onclick: () => showReceipt(word) }, say("receipt"));
  if (!may("teach")) return [receipt];
  const out = h("button", { type: "button", "aria-label": `${say("take")}: ${word}`, onclick: () => takeOut(rule, word, ja) }, say("take"));
  return [receipt, out];
}

let drawn = ""; // what is being read is not drawn anew with each frame

function drawRules() {
  const lessons = kit.teaching?.lessons ?? [];
  const now = JSON.stringify([lessons, say("receipt"), may("teach")]);
  if (now === drawn) return;
  drawn = now;
  $("rules").replaceChildren(...(lessons.length ? lessons.map(ruleCard) : [h("p", {}, say("ledger.rules.none"))]));
}

function ruleCard({ name, in_force: isInForce, ready, examples }) {
  const state = say(isInForce ? "ledger.rule.force" : ready ? "ledger.rule.ready" : "ledger.rule.making");
  const rows = examples.map(({ word, ja, yes, score }) =>
    h("li", {},
      bothWords(word, ja),
      h("span", { class: "small" }, say(yes ? "ledger.example" : "ledger.counter"),
        typeof score === "number" ? say("ledger.score", { score: score.toFixed(2) }) : ""),
      h("span", { class: "row" }, ...buttons(name, word, ja))));
  return h("article", { class: "hit", "data-rule": name },
    h("h3", {}, say("ledger.rule", { name, state })),
    h("ul", { class: "given" }, ...rows));
}

function drawPacks() {
  if (packs === null) return;
  $("packs").replaceChildren(...(typeof packs === "string" ? [h("p", {}, packs)] : packs.map(packCard)));
}

/** A receipt leads to #blue-heron. */
function fromAddress() {
  let said = location.hash.slice(1);
  try {
    said = decodeURIComponent(said);
  } catch {
    return; // no address of ours
  }
  said = said.replaceAll("-", " ").trim();
  if (said) search(said);
}

on("change", () => {
  drawPill($("pill"));
  drawRules();
  if (foundThere !== JSON.stringify(finds.map(there))) drawFinds();
});
$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const said = $("asked").value.trim();
  if (said) search(said);
});
$("choose").addEventListener("click", () => $("files").click());
$("files").addEventListener("change", () => {
  take([...$("files").files]);
  $("files").value = "";
});
$("clear").addEventListener("click", () => {
  finds.forEach(forget);
  finds = [];
  drawFinds();
  $("asked").focus();
});
for (const name of ["dragover", "dragleave", "drop"]) {
  $("drop").addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") take([...event.dataTransfer.files]);
  });
}
window.addEventListener("hashchange", fromAddress);
begin(() => {
  drawPill($("pill"));
  drawFinds();
  drawRules();
  drawPacks();
});
fromAddress();
try {
  const answer = await fetch("/ledger/packs.json");
  packs = answer.ok ? (await answer.json()).packs : await answer.text();
} catch {
  packs = say("ledger.broken");
}
drawPacks();
