// The stage: what the audience sees.

import { strip } from "./chart.js";
import { begin, h } from "./frame.js";
import { viewfinder } from "./finder.js";
import { ask, kit, newest, on, standing } from "./live.js";
import { photoStrip } from "./photos.js";
import { MARKS, whyWords } from "./pill.js";
import { soundSwitch } from "./sound.js";
import { clock, faultWords, join, lengthWords, lostWords, modelName, say } from "./words.js";

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
  const contact = mark === "blocked" ? kit.contact : "";
  $("contact").textContent = contact;
  $("contact").hidden = !contact;
  const heard = join([say("sentence", { text: words }), why, contact]);
  if (heard !== spoken) {
    spoken = heard;
    $("spoken").textContent = heard;
  }
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

function runsOn(text) {
  const [name, ...rest] = text.split(": ");
  const key = `runs.${name}`;
  return [say(key) === key ? name : say(key), ...rest].join(": ");
}

function drawScores() {
  const limits = Object.entries(kit.kit?.limits ?? {});
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
  limits.forEach(([name, lines], index) => {
    const [label, value, canvas] = rows.children[index].children;
    label.textContent = modelName(name, index);
    const score = scores[index];
    value.textContent = score === undefined ? say("scores.none") : score.toFixed(2);
    const words = { name, score: value.textContent, line: lines[0] };
    canvas.setAttribute("aria-label", say("scores.one", words));
    strip(canvas, kit.seen, index, lines);
  });
}

function drawShutter() {
  const [live, simulated] = [standing().mark === "open", kit.kit?.simulated ?? false];
  $("shutter").hidden = !simulated;
  $("real").hidden = simulated || kit.kit === null;
  $("hint").hidden = !simulated;
  $("intro").hidden = kit.kit?.camera !== "simulated camera on the built-in room";
  $("shutter").dataset.live = String(live);
  $("shutter").setAttribute("aria-describedby", "shutter-state");
  const works = kit.kit?.video ? "shutter.live.video" : "shutter.live";
  const state = kit.connected ? (live ? works : "shutter.dead") : "unknown";
  $("shutter-state").textContent = simulated ? say(state) : "";
  $("real").textContent = join([say("shutter.real"), kit.kit?.video && say("shutter.real.video")]);
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

function lastWords(line) {
  switch (line.event) {
    case "photo": return say("event.photo.long", { ms: Math.round(line.ms) });
    case "video": return say("event.video", { length: lengthWords(line.seconds) });
    case "video lost": return say("event.lost", { why: lostWords(line.reason) });
    case "press refused": return say("event.refused", { why: refusal(line) });
    case "fault injected": return say("event.injected", { fault: say(`inject.${line.fault}`) });
    case "fault taken back": return say("event.mended", { fault: say(`inject.${line.fault}`) });
    case "gate ended": case "publisher ended": case "console ended": return say("event.restart");
    case "gate frozen": case "publisher frozen": return say("event.frozen");
    default: return null;
  }
}

function refusal(line) {
  return join([say(`reason.${line.reason}`), faultWords(line.faults ?? [])]);
}

function drawLast() {
  const last = kit.lines.findLast((line) => lastWords(line) !== null);
  $("last").textContent = !kit.connected ? say("unknown") : last ? lastWords(last) : say("fact.none");
}

const ENDED = { limit: "limit", nudity: "doubt", doubt: "doubt", "second look": "doubt" };

/** What became of a press; of a video also why it ended, where nobody let go. */
function pressWords(line) {
  if (line.event !== "video" || line.ended === "released") return lastWords(line);
  return say(`event.video.${ENDED[line.ended] ?? "closed"}`, { length: lengthWords(line.seconds) });
}

let pressShownUntil = 0;

/** What became of a press or a recording, large, for as long as it takes to read it. */
function drawPress(line) {
  if (line) {
    const shown_ms = line.event.startsWith("video") ? VIDEO_SHOWN_MS : PRESS_SHOWN_MS;
    pressShownUntil = performance.now() + shown_ms;
    $("pressed").textContent = pressWords(line);
    $("pressed").dataset.taken = String(line.event === "photo" || line.event === "video");
    setTimeout(drawPress, shown_ms + 50);
  }
  $("pressed").hidden = performance.now() > pressShownUntil || !kit.connected;
}

function drawFinder(kind) {
  finderKind = kind;
  const key = { picture: "finder.live", mosaic: "finder.mosaic", none: "finder.none" }[kind];
  $("finder").setAttribute("aria-label", say(key));
  $("caption").textContent = kind === "mosaic" ? say(key) : "";
}

let isDown = false;

function finger(down) {
  if (down === isDown || !kit.kit?.simulated) return;
  isDown = down;
  $("shutter").classList.toggle("down", down);
  ask("/press", { down }).catch(() => {});
}

function listenToFingers() {
  const button = $("shutter");
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    finger(true);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    button.addEventListener(name, () => finger(false));
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  const isOurs = (event) =>
    (event.key === " " || (event.key === "Enter" && event.target === button)) &&
    (event.target === button || event.target === document.body);
  document.addEventListener("keydown", (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    if (!event.repeat) finger(true);
  });
  document.addEventListener("keyup", (event) => {
    if (isOurs(event)) finger(false);
  });
  for (const name of ["blur", "pagehide"]) window.addEventListener(name, () => finger(false));
}

function drawInvite() {
  $("invite").hidden = !kit.invite;
  if (kit.invite) $("invite").textContent = say("pair.invite", kit.invite);
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
on("line", (line) => {
  if (["photo", "press refused", "video", "video lost"].includes(line.event)) drawPress(line);
});
on("change", photos);
viewfinder($("finder"), drawFinder);
listenToFingers();
begin(() => {
  draw();
  drawFinder(finderKind);
  photos(true);
});
soundSwitch($("tools"));
