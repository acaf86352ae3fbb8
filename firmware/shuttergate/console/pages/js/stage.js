// The stage: what a hall sees, and what whoever presents may do without anybody seeing how.

import { finger } from "./finger.js";
import { viewfinder } from "./finder.js";
import { fullScreen, h, start, swap } from "./frame.js";
import { invitation, qrCode } from "./invitation.js";
import { ask, kit, may, newest, on, standing } from "./live.js";
import { photoStrip } from "./photos.js";
import { MARKS, whyWords } from "./pill.js";
import { inOrder, joint, judge, NO_RULE } from "./rule.js";
import { soundSwitch } from "./sound.js";
import { voiceSwitch } from "./voice.js";
import { capital, faultWords, join, language, remember, remembered, say, sentence } from "./words.js";

const $ = (id) => document.getElementById(id);
const AWAKE_MS = 3000;
const SHOWN_MS = 6000;
const FLIGHT_MS = 800;
const KEPT = 4;
const PRESSES = ["photo", "press refused", "video", "video lost"];
const PROPS = ["nobody", "colleague", "card", "far card", "dark card", "star"];
const CARDS = ["card", "far card", "dark card"];

let spoken = "";
let finderKind = "none";

function drawState() {
  const now = standing();
  const { mark, title } = now;
  const seconds = kit.standing?.status?.recording_s ?? null;
  const isRecording = mark === "open" && seconds !== null;
  Object.assign(document.body.dataset, { mark, recording: String(isRecording) });
  $("mark").textContent = MARKS[mark];
  const word = isRecording ? "stage.rec" : mark === "off" ? `stage.${title}` : `stage.${mark}`;
  put($("title"), say(word, { n: Math.floor(seconds ?? 0) }));
  const isHidden = mark === "open" && finderKind === "mosaic"; // since a second look refused the scene
  const said = isRecording ? "stage.rec.why" : isHidden ? "stage.hidden" : `stage.${mark}.why`;
  const own = mark === "open" || mark === "fault" ? say(said) : whyWords(now);
  const why = join([own, mark === "ask" ? kit.contact : ""]);
  put($("why"), why);
  $("shutter").dataset.live = String(mark === "open");
  $("shutter").disabled = !may("press");
  const heard = join([sentence(say(isRecording ? "rec.heard" : word)), mark === "fault" ? whyWords(now) : why]);
  if (heard !== spoken) $("spoken").textContent = spoken = heard;
  drawMend(now);
}

/** Written only where it changes: an animation would begin anew, and a selection be lost. */
function put(place, words) {
  if (place.textContent !== words) place.textContent = words;
}

/** Out of order: no picture, but for a helper backstage what broke, and what to do. */
function drawMend({ mark, faults = [] }) {
  $("mend").hidden = mark !== "fault";
  if (mark !== "fault") return;
  const injected = kit.standing?.injected ?? [];
  const rows = injected.length
    ? [[faultWords(faults), say("mend.injected")]]
    : faults.map((name) => [faultWords([name]), say(`mend.${name}`)]);
  const words = rows.flat().join("\n");
  if ($("mends").dataset.said === words) return;
  $("mends").dataset.said = words;
  $("mends").replaceChildren(
    ...rows.flatMap(([broken, mend]) => [h("dt", {}, capital(broken)), h("dd", {}, mend)]),
  );
}

/** What stands before the camera, where the kit was told to bring it. */
function drawCause() {
  const prop = kit.standing?.prop ?? "";
  const mark = document.body.dataset.mark;
  put($("brought"), prop ? say(`prop.${prop}`) : "");
  $("brought").hidden = !prop || prop === "nobody" || mark === "fault" || mark === "off";
  const isHidden = mark === "open" && finderKind === "mosaic" && CARDS.includes(prop);
  const isTaught = kit.standing?.status?.reason === "taught";
  $("cause").hidden = isTaught || (mark !== "blocked" && !isHidden);
  put($("cause-words"), say(CARDS.includes(prop) ? "cause.is" : "cause.stands"));
}

/** Scores for `joint`: a taught rule that was not told says nothing of nudity either way. */
const asked = (scores, { taught }) => scores.map((one, index) => (taught[index] ? one ?? 0 : one));

function drawBars() {
  const rule = inOrder(kit.kit?.live ?? NO_RULE);
  const scores = newest()?.[3] ?? [];
  const rows = rule.names.map((name, index) =>
    [say("stage.model", { letter: "ABCDEFGH"[index], name }), scores[index], rule.limits[index]]);
  // One model alone need not be sure: it is their sum that decides, and so it has a bar, too.
  if (rows.length > 1) rows.push([say("stage.together"), scores.length ? joint(asked(scores, rule), rule) : undefined, [0.5, 0.5]]);
  const bars = $("bars");
  if (bars.childElementCount !== rows.length) {
    bars.replaceChildren(
      ...rows.map(() =>
        h("li", {}, h("span", { class: "name" }), h("output", {}),
          h("div", { class: "bar", role: "img" }, h("i"), h("i"), h("b"))),
      ),
    );
  }
  rows.forEach(([name, score, [clear, block]], index) => {
    const [label, value, bar] = bars.children[index].children;
    put(label, name);
    put(value, score === undefined ? "–" : score.toFixed(2));
    bar.setAttribute("aria-label", say("scores.one", { name, score: value.textContent, line: clear }));
    bar.dataset.verdict = score === undefined ? "" : judge([score], { limits: [[clear, block]] });
    bar.children[0].style.width = `${clear * 100}%`;
    bar.children[1].style.width = `${(1 - block) * 100}%`;
    bar.children[2].style.transform = `scaleX(${score || 0})`;
  });
}

/** In few words what stands below as the reason, or did until a moment ago. */
function cameWords() {
  const isRefused = came.kind === "press refused";
  if (isRefused && document.body.dataset.mark !== "open") return say("stage.pressed");
  if (isRefused && came.event.reason === "second look") return say("stage.looked");
  return capital(came.words[language()]);
}

let came = null;
let shownUntil = 0;

/** What became of a press, for as long as it takes to read it. */
function drawCame() {
  const isOver = performance.now() > shownUntil || document.body.dataset.recording === "true";
  $("came").hidden = isOver || !kit.connected;
  if ($("came").hidden) return;
  put($("came"), cameWords());
  $("came").dataset.taken = String(["photo", "video"].includes(came.kind));
}

/** The newest picture flies from where it was seen to where it is kept. */
function fly() {
  const newest = $("photos").firstElementChild;
  if (!newest || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const [from, to] = [$("finder").getBoundingClientRect(), newest.getBoundingClientRect()];
  const moved = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
  const grown = `scale(${from.width / to.width}, ${from.height / to.height})`;
  newest.animate(
    [{ transformOrigin: "0 0", transform: `${moved} ${grown}`, zIndex: 1, opacity: 0.9 }, { transformOrigin: "0 0", transform: "none", zIndex: 1 }],
    { duration: FLIGHT_MS, easing: "cubic-bezier(.5, 0, .2, 1)" },
  );
}

// What whoever presents may do

const bring = (prop) => {
  if (may("press") && kit.kit?.props.includes(prop)) ask("/bring", { prop }).catch(() => {});
};
const isOn = (prop) => (kit.standing?.prop ?? "") === prop;
const card = () => bring(isOn("card") ? "nobody" : "card");

/** Nothing is over a black wall, and nothing has the focus behind it. */
function black() {
  $("black").hidden = !$("black").hidden;
  for (const one of document.querySelectorAll("dialog")) one.close();
  document.activeElement?.blur();
}

function theme() {
  const isLight = document.documentElement.dataset.theme === "light";
  document.documentElement.dataset.theme = isLight ? "dark" : "light";
  remember("theme", isLight ? "dark" : "light");
}

/** Each control: its words, its keys (as KeyboardEvent.key has them; the first is shown), what it does. */
const CONTROLS = [
  ...PROPS.map((prop, index) => [`prop.${prop}`, [String(index + 1)], () => bring(prop)]),
  ["stage.card", ["PageUp", "ArrowLeft"], card],
  ["stage.black", ["b", "."], black],
  ["stage.theme", ["t"], theme],
  ["stage.language", ["l"], swap],
  ["fullscreen", ["f"], fullScreen],
  ["stage.sound", ["s"], () => $("sound").click()],
  ["stage.invite", ["q"], invite],
  ["stage.keys", ["?"], keys],
];
const SHUTTER = [" ", "Enter", "PageDown", "ArrowRight"];
const SHOWN = { " ": "stage.space", PageUp: "Page ↑", PageDown: "Page ↓", ArrowLeft: "←", ArrowRight: "→" };
const shown = (key) => (key === " " ? say(SHOWN[key]) : SHOWN[key] ?? key.toUpperCase());

function control([words, [key], act]) {
  const button = h("button", { type: "button", onclick: act }, h("span", { "data-words": words }), h("kbd", {}, shown(key)));
  if (words === "stage.invite") button.id = "invite";
  if (words.startsWith("prop.")) button.dataset.prop = words.slice("prop.".length);
  return button;
}

function buildControls() {
  const shownThere = CONTROLS.filter(([words]) => words !== "stage.card" && words !== "stage.sound");
  $("controls").append(
    ...shownThere.map(control),
    h("a", { href: "/", class: "button", "data-words": "stage.leave" }),
  );
  voiceSwitch($("controls"));
  soundSwitch($("controls"));
  $("controls").addEventListener("click", ({ target, detail }) => {
    if (detail > 0) target.closest("button")?.blur(); // the space bar is the shutter again
  });
}

function drawControls() {
  const props = may("press") ? kit.kit?.props ?? [] : [];
  for (const button of $("controls").querySelectorAll("[data-prop]")) {
    button.hidden = !props.includes(button.dataset.prop);
    button.setAttribute("aria-pressed", String(isOn(button.dataset.prop)));
  }
  $("invite").hidden = !kit.here;
}

/** The keys, all of them. */
function keys() {
  const open = document.querySelector("dialog.board");
  if (open) return open.close();
  const rows = [["stage.shutter", SHUTTER], ...CONTROLS].map(([words, all]) =>
    h("tr", {}, h("td", {}, ...all.flatMap((key) => [h("kbd", {}, shown(key)), " "])), h("td", {}, say(words))),
  );
  show("stage.keys", h("table", {}, h("tbody", {}, ...rows)));
}

/** How the hall's phones come in: for the wall of the kit's own computer, and only while it lasts. */
async function invite() {
  if (!kit.here) return;
  const open = document.querySelector("dialog.board");
  if (open) return open.close();
  const found = await invitation();
  const [way] = found?.ways ?? [];
  if (!way) return show("stage.invite", h("p", {}, say("invite.none")));
  show("stage.invite",
    h("div", { class: "invite" },
      qrCode(way, say("invite.qr", { address: way.address })),
      h("ol", {}, h("li", {}, say("invite.network")), h("li", {}, say("invite.scan")), h("li", {}, say("invite.join")),
        h("li", { class: "or" }, say("invite.or"), " ", h("b", {}, way.address), " ", h("b", {}, found.code))),
      h("p", {}, say(`invite.${found.lan_may}`), " ", say("pair.note"))));
}

function show(title, ...content) {
  const dialog = h("dialog", { class: "board", "aria-label": say(title) }, ...content,
    h("form", { method: "dialog" }, h("button", { autofocus: true }, say("photo.close"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

let sleeps = 0;

function wake() {
  document.body.dataset.awake = "true";
  clearTimeout(sleeps);
  sleeps = setTimeout(() => (document.body.dataset.awake = "false"), AWAKE_MS);
}

const isBlack = () => !$("black").hidden;

function isShutter({ key, target }) {
  if (!SHUTTER.includes(key) || isBlack() || document.querySelector("dialog")) return false;
  const isOther = target.closest?.("button, a") && target !== $("shutter");
  return !isOther || key.startsWith("Page") || key.startsWith("Arrow");
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = CONTROLS.find(([, all]) => all.includes(key));
  if (isBlack() && key !== "Escape" && found?.[0] !== "stage.black") {
    if (["Tab", "Enter", " "].includes(key)) event.preventDefault();
    return; // nobody sees what it would do
  }
  if (isBlack() && key === "Escape") return black();
  if (!found) return;
  event.preventDefault();
  found[2]();
});
for (const name of ["pointermove", "pointerdown"]) document.addEventListener(name, wake);

const photos = photoStrip($("photos"), $("no-photos"), KEPT);
let framesDue = false;

function draw() {
  drawState();
  drawCause();
  drawControls();
  drawCame();
  if (framesDue) return;
  framesDue = true;
  requestAnimationFrame(() => {
    framesDue = false;
    drawBars();
  });
}

function drawFinder(kind) {
  finderKind = document.body.dataset.finder = kind;
  $("finder").setAttribute("aria-label", say({ picture: "finder.live", mosaic: "finder.mosaic", none: "finder.none" }[kind]));
}

let known = null; // photos and videos
document.documentElement.dataset.theme = remembered("theme") ?? "dark";
buildControls();
on("change", draw);
on("change", () => {
  photos();
  const isNew = known !== null && kit.photos.some((name) => !known.includes(name));
  known = kit.photos;
  if (isNew) fly();
});
on("event", (event) => {
  if (!PRESSES.includes(event.kind)) return;
  came = event;
  shownUntil = performance.now() + SHOWN_MS;
  drawCame();
  setTimeout(drawCame, SHOWN_MS + 50);
});
viewfinder($("finder"), drawFinder);
finger($("shutter"), isShutter);
start(() => {
  draw();
  drawFinder(finderKind);
  photos(true);
});
wake();
