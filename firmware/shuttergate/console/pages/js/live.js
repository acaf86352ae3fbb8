// The page's one connection: everything that is new comes through it, and it comes back by itself.

import { learn } from "./words.js";

export const kit = {
  connected: false,
  full: false,
  token: "",
  clauses: {}, // by language: what the kit says of reasons, faults and switches; see words.py
  contact: "",
  invite: 0, // another number for each invitation; only this computer's pages are told what it says
  here: false, // whether this is the kit's own computer
  lan_may: "look",
  kit: null,
  standing: null,
  photos: [],
  events: [], // {kind, event, words: {en, ja}, notable, line}: see Happened in companion.py
  seen: [],
  teaching: null, // rules in the making and in force; see Notebook.tell in console/notebook.py
  trial: null, // what the rule in the making says of the newest frame
};

const EVENTS_KEPT = 1000;
const SILENT_MS = 2000; // the server says something every half second
const STILL_MS = 1000; // without a frame for so long, what was seen last no longer counts
const CALM_MS = 700; // a gate that opens and closes many times a second must not flash on a wall
const SEEN_KEPT = 1800;
const AGAIN_MS = [250, 500, 1000, 2000];

const listeners = new Map();

const MAY = ["look", "teach", "press", "break"];

/** Whether this page may teach any kit, or press or break a simulated one; from another device, who presents says. */
export function may(what) {
  const most = kit.here ? "break" : kit.lan_may;
  const can = what === "teach" ? kit.kit !== null : kit.kit?.simulated ?? false;
  return can && MAY.indexOf(what) <= MAY.indexOf(most);
}

/** Call `listener(detail)` on: "change" (anything), "event", "seen", "picture", "whole". */
export function on(name, listener) {
  listeners.set(name, [...(listeners.get(name) ?? []), listener]);
}

function tell(name, detail) {
  for (const listener of listeners.get(name) ?? []) listener(detail);
}

let failures = 0;
let heardAt = 0;
let seenAt = -Infinity;

/** Connect, and connect again whenever the connection is lost. */
export function connect() {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  const watch = setInterval(() => {
    if (kit.connected && performance.now() - heardAt > SILENT_MS) {
      lose(); // a server that hangs closes nothing
      socket.close();
    }
  }, 250);
  socket.onmessage = ({ data }) => {
    heardAt = performance.now();
    if (typeof data === "string") take(JSON.parse(data));
    else tell("picture", data);
  };
  socket.onclose = async () => {
    clearInterval(watch);
    lose();
    kit.full = await isFull();
    tell("change");
    setTimeout(connect, AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)]);
  };
}

function lose() {
  Object.assign(kit, { connected: false, standing: null });
  tell("change");
}

/** Whether too many pages look already: a socket that was refused does not say why. */
async function isFull() {
  try {
    const answer = await fetch("/health");
    if (answer.status === 401) location.href = "/pair"; // the session has ended
    return (await answer.json()).full;
  } catch {
    return false;
  }
}

/** Of what the nudity rule does not clear, a taught rule's score is not told: it comes as null. */
const untold = (seen) => seen?.map(([frame, clear, reason, scores]) => [frame, clear, reason, scores.map((one) => one ?? undefined)]);

function take(news) {
  if (news.seen) news.seen = untold(news.seen);
  const isWhole = "token" in news;
  if (news.seen?.length) seenAt = performance.now();
  if (isWhole) {
    failures = 0;
    Object.assign(kit, news, { connected: true });
    learn(kit.clauses);
    tell("whole");
  } else {
    if (news.kit && String(names(news.kit)) !== String(names(kit.kit))) kit.seen = []; // scores of others
    for (const key of ["kit", "standing", "photos", "invite", "teaching", "trial"]) if (key in news) kit[key] = news[key];
    if (news.seen) kit.seen = [...kit.seen, ...news.seen].slice(-SEEN_KEPT);
    for (const event of news.events ?? []) {
      kit.events.push(event);
      if (kit.events.length > EVENTS_KEPT) kit.events.shift();
      // The next status will say so too; until then nobody is shown both "saved" and "REC".
      if (["video", "video lost"].includes(event.kind) && kit.standing?.status) kit.standing.status.recording_s = null;
      tell("event", event);
    }
  }
  if (news.seen) tell("seen", news.seen);
  tell("change");
}

const names = (one) => Object.keys(one?.live.limits ?? {});

/** Ask the kit for something: POST `body` to `path`; the answer as the server gives it. */
export function ask(path, body) {
  const isBytes = body instanceof Blob;
  return fetch(path, {
    method: "POST",
    headers: { "X-Shuttergate-Token": kit.token },
    body: isBytes ? body : JSON.stringify(body),
    keepalive: !isBytes,
  });
}

/** The newest verdict [frame, clear, reason, scores], or undefined where no frames come. */
export function newest() {
  const isLive = kit.standing?.status && performance.now() - seenAt < STILL_MS;
  return isLive ? kit.seen.at(-1) : undefined;
}

let calmUntil = 0;
let before = null;

/**
 * How the kit stands, for people: {mark, title, because, faults, also, values}. Marks: open, blocked, ask,
 * wait, fault, off. `because` and `faults` are the kit's clauses, `also` are the page's own sentences, with `values`.
 * It says so at once when the shutter dies, and a little late when it works again.
 */
export function standing() {
  const now = stands();
  if (now.mark !== "open") {
    calmUntil = performance.now() + CALM_MS;
    before = now;
  } else if (performance.now() < calmUntil) return before;
  return now;
}

function stands() {
  if (!kit.connected) {
    return { mark: "off", title: "page.lost", also: [kit.full ? "page.full" : "page.lost.why"] };
  }
  const status = kit.standing?.status;
  if (!status) return { mark: "off", title: "kit.off", also: ["kit.off.why"] };
  if (status.open) {
    const title = (status.recording_s ?? null) === null ? "open" : "rec.heard";
    return { mark: "open", title, also: ["open.why"] };
  }
  if (status.question) {
    const { answer_s: answer, hold_s: hold, held_s: held } = status.question;
    const also = (held ?? null) === null ? ["ask.leave", "ask.take"] : ["ask.let.go", "ask.hold"];
    return { mark: "ask", title: "ask", also, values: { answer, hold } };
  }
  const because = `reason.${status.reason}`;
  if (status.reason === "fault") {
    const passing = status.faults.find((name) => name === "starting" || name === "stopping");
    if (passing) return { mark: "wait", title: "wait", because: `fault.${passing}` };
    return { mark: "fault", title: "fault", because, faults: status.faults };
  }
  const mark = status.reason === "waiting" || status.reason === "stale" ? "wait" : "blocked";
  const also = mark === "blocked" ? ["doubt.means"] : [];
  if (status.reason === "doubt") also.unshift("doubt.rule");
  return { mark, title: mark, because, also };
}
