// The camera: what whoever stands before the kit sees.

import { strip } from "./chart.js";
import { finger } from "./finger.js";
import { begin, h } from "./frame.js";
import { viewfinder } from "./finder.js";
import { invitation } from "./invitation.js";
import { kit, may, newest, on, standing } from "./live.js";
import { photoStrip } from "./photos.js";
import { MARKS, whyWords } from "./pill.js";
import { soundSwitch } from "./sound.js";
import { voiceSwitch } from "./voice.js";
import { capital, clock, join, language, modelName, say, sentence } from "./words.js";

const $ = (id) => document.getElementById(id);
const RECENT_MS = 5000;
const PRESS_SHOWN_MS = 4000;
const VIDEO_SHOWN_MS = 7000; // there is more to read

let spoken = "";
let finderKind = "none";

function drawState() {
  const now = standing();
  const { mark, title } = now;
  document.body.dataset.mark = mark;
  $("mark").textContent = MARKS[mark];
  const [words, why] = [say(title), whyWords(now)];
  if ($("title").textContent !== words) $("title").textContent = words;
  if ($("why").textContent !== why) $("why").textContent = why;
  const contact = mark === "blocked" || mark === "ask" ? kit.contact : "";
  $("contact").textContent = contact;
  $("contact").hidden = !contact;
  const heard = join([sentence(words), why, contact]);
  drawQuestion(now);
  if (heard !== spoken) {
    spoken = heard;
    $("spoken").textContent = heard;
  }
}

/** How much of the time for an answer is left, or how much of the hold is done: for the eye alone. */
function drawQuestion({ mark }) {
  const asked = mark === "ask" ? kit.standing?.status?.question : null;
  $("asked").hidden = !asked;
  if (!asked) return;
  const isHeld = (asked.held_s ?? null) !== null;
  $("asked").dataset.held = String(isHeld);
  const share = isHeld ? asked.held_s / asked.hold_s : asked.left_s / asked.answer_s;
  $("asked").firstElementChild.style.transform = `scaleX(${Math.min(1, share)})`;
}

let recent = []; // of the last seconds: [time, how many verdicts, how long all of them took]

function drawFacts() {
  const status = kit.standing?.status;
  const verdict = status?.timings.verdict;
  const now = performance.now();
  if (verdict) recent.push([now, verdict.counts.reduce((sum, n) => sum + n, 0), verdict.sum_ms]);
  recent = verdict ? recent.filter(([time]) => now - time < RECENT_MS) : [];
  const [first, last] = [recent[0], recent.at(-1)];
  const count = first ? last[1] - first[1] : 0;
  $("latency").textContent =
    count > 0 ? say("ms", { n: Math.round((last[2] - first[2]) / count) }) : "–";
  $("fps").textContent = status ? say("fact.fps.unit", { n: status.fps.toFixed(0) }) : "–";
  $("runs").textContent = status ? runsOn(status.runs_on) : "–";
}

/** What computes: "cpu", "edgetpu", or one with the accelerator's state, "cpu: edgetpu absent". */
function runsOn(text) {
  const [name, ...rest] = text.split(": ");
  const key = `runs.${name}`;
  const state = text.match(/edgetpu (\w+)$/)?.[1];
  if (state && language() !== "en") {
    const part = say(rest.length ? key : "runs.edgetpu");
    return say("runs.with", { part, state: say(`accelerator.${state}`) });
  }
  return [say(key) === key ? name : say(key), ...rest].join(": ");
}

function drawScores() {
  const limits = Object.entries(kit.kit?.live.limits ?? {});
  const scores = newest()?.[3] ?? [];
  const rows = $("channels");
  if (rows.childElementCount !== limits.length) {
    rows.replaceChildren(
      ...limits.map(([name]) =>
        h("li", { "data-channel": name },
          h("span", { class: "name" }, name), h("output", { class: "score" }),
          h("canvas", { role: "img" })),
      ),
    );
  }
  limits.forEach(([name, { clear_below, block_at }], index) => {
    const [label, value, canvas] = rows.children[index].children;
    label.textContent = modelName(name, index);
    const score = scores[index];
    value.textContent = score === undefined ? say("scores.none") : score.toFixed(2);
    const words = { name, score: value.textContent, line: clear_below };
    canvas.setAttribute("aria-label", say("scores.one", words));
    strip(canvas, kit.seen, index, [clear_below, block_at]);
  });
}

function drawShutter() {
  const [live, mayPress] = [standing().mark === "open", may("press")];
  $("shutter").hidden = !mayPress;
  $("real").hidden = mayPress || kit.kit === null;
  $("hint").hidden = !mayPress || !live;
  $("intro").hidden = kit.kit?.camera !== "simulated camera on the built-in room";
  $("shutter").dataset.live = String(live);
  $("shutter").setAttribute("aria-describedby", "shutter-state");
  const works = kit.kit?.video ? "shutter.live.video" : "shutter.live";
  const dead = standing().mark === "ask" ? "ask.leave" : "shutter.dead"; // how to say yes stands below, after it
  const state = kit.connected ? (live ? works : dead) : "unknown";
  $("shutter-state").textContent = mayPress ? say(state) : "";
  const real = [say("shutter.real"), kit.kit?.video && say("shutter.real.video")];
  $("real").textContent = kit.kit?.simulated ? say("shutter.look") : join(real);
}

/** How long the video in the making is, for the eye; for the ear only that one has begun. */
function drawRecording() {
  const seconds = kit.standing?.status?.recording_s ?? null;
  const isRecording = seconds !== null;
  $("rec").hidden = !isRecording;
  if (isRecording) $("rec-words").textContent = say("rec", { time: clock(seconds) });
  const heard = isRecording ? say("rec.heard") : "";
  if ($("rec-spoken").textContent !== heard) $("rec-spoken").textContent = heard;
}

// What became of presses, and what else happened that the state above does not say already.
const PRESSES = ["photo", "press refused", "video", "video lost"];
const LASTING = [...PRESSES, "computer busy", "switch", "ended", "frozen"];

const said = (event) => capital(event.words[language()]);

function drawLast() {
  const last = kit.events.findLast(({ kind }) => LASTING.includes(kind));
  $("last").textContent = !kit.connected ? say("unknown") : last ? said(last) : say("fact.none");
}

let pressShownUntil = 0;

/** What became of a press or a recording, large, for as long as it takes to read it. */
function drawPress(event) {
  if (event) {
    const shown_ms = ["video", "video lost"].includes(event.kind) ? VIDEO_SHOWN_MS : PRESS_SHOWN_MS;
    pressShownUntil = performance.now() + shown_ms;
    $("pressed").textContent = said(event);
    $("pressed").dataset.taken = String(["photo", "video"].includes(event.kind));
    setTimeout(drawPress, shown_ms + 50);
  }
  $("pressed").hidden = performance.now() > pressShownUntil || !kit.connected;
}

function drawFinder(kind) {
  finderKind = kind;
  const key = { picture: "finder.live", mosaic: "finder.mosaic", none: "finder.none" }[kind];
  $("finder").setAttribute("aria-label", say(key));
  const caption = { picture: "finder.soft", mosaic: "finder.mosaic" }[kind];
  $("caption").textContent = caption ? say(caption) : "";
}

let invited = 0;
let way = null;

function drawInvite() {
  const asked = kit.here ? kit.invite : 0;
  if (asked !== invited) {
    invited = asked;
    way = null;
    if (asked) invitation().then((found) => {
      if (asked === invited && found?.ways.length) way = { address: found.ways[0].address, code: found.code };
      drawInvite();
    });
  }
  $("invite").hidden = !way;
  if (way) $("invite").textContent = say("pair.invite", way);
}

let scoresDue = false;

function draw() {
  drawState();
  drawShutter();
  drawRecording();
  drawFacts();
  drawLast();
  drawPress();
  drawInvite();
  if (!scoresDue) {
    scoresDue = true;
    requestAnimationFrame(() => {
      scoresDue = false;
      drawScores();
    });
  }
}

const photos = photoStrip($("photos"), $("no-photos"));
on("change", draw);
on("event", (event) => {
  if (PRESSES.includes(event.kind)) drawPress(event);
});
on("change", photos);
viewfinder($("finder"), drawFinder);
const button = $("shutter");
finger(button, ({ key, target }) =>
  (key === " " || (key === "Enter" && target === button)) && (target === button || target === document.body),
);
begin(() => {
  draw();
  drawFinder(finderKind);
  photos(true);
});
voiceSwitch($("tools"));
soundSwitch($("tools"));
