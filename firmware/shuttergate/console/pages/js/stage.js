// The stage: what the audience sees.

import { strip } from "./chart.js";
import { begin, h } from "./frame.js";
import { viewfinder } from "./finder.js";
import { ask, kit, on, standing } from "./live.js";
import { photoStrip } from "./photos.js";
import { MARKS } from "./pill.js";
import { soundSwitch } from "./sound.js";
import { join, say } from "./words.js";

const $ = (id) => document.getElementById(id);

let spoken = "";
let finderKind = "none";

function drawState() {
  const { mark, title, reasons } = standing();
  document.body.dataset.mark = mark;
  $("mark").textContent = MARKS[mark];
  const [words, why] = [say(title), join(reasons.map((reason) => say(reason)))];
  if ($("title").textContent !== words) $("title").textContent = words;
  if ($("why").textContent !== why) $("why").textContent = why;
  const contact = mark === "blocked" ? kit.contact : "";
  $("contact").textContent = contact;
  $("contact").hidden = !contact;
  const heard = `${words}. ${why} ${contact}`;
  if (heard !== spoken) {
    spoken = heard;
    $("spoken").textContent = heard;
  }
}

function drawFacts() {
  const status = kit.standing?.status;
  const verdict = status?.timings.verdict;
  const count = verdict ? verdict.counts.reduce((sum, n) => sum + n, 0) : 0;
  $("latency").textContent = count ? say("ms", { n: Math.round(verdict.sum_ms / count) }) : "–";
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
    label.textContent = name;
    const score = kit.standing?.status?.scores[name];
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
  $("shutter-state").textContent = simulated ? say(live ? "shutter.live" : "shutter.dead") : "";
}

function lastWords(line) {
  switch (line.event) {
    case "photo": return say("event.photo.long", { ms: Math.round(line.ms) });
    case "press refused": return say("event.refused", { why: refusal(line) });
    case "gate": return say(line.state === "OPEN" ? "event.open" : "event.closed");
    case "gate ended": case "publisher ended": case "console ended": return say("event.restart");
    case "gate frozen": case "publisher frozen": return say("event.frozen");
    default: return null;
  }
}

function refusal(line) {
  const faults = (line.faults ?? []).map((name) => say(`fault.${name}`)).join(say("comma"));
  return join([say(`reason.${line.reason}`), faults]);
}

function drawLast() {
  const last = kit.lines.findLast((line) => lastWords(line) !== null);
  $("last").textContent = last ? lastWords(last) : say("fact.none");
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
  drawFacts();
  drawLast();
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
on("whole", photos);
on("line", ({ event }) => event === "photo" && photos());
on("change", photos);
viewfinder($("finder"), drawFinder);
listenToFingers();
begin(() => {
  draw();
  drawFinder(finderKind);
  photos(true);
});
soundSwitch($("tools"));
