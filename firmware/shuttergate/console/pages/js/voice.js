// A voice, off by default, for people who cannot see the lamp: what firmware/shuttergate/voice says on a kit with
// a loudspeaker, by the same sounds and the same rules; see Herald there.

import { kit, on } from "./live.js";
import { forget, language, remember, remembered, say } from "./words.js";

const STOOD_MS = 1000; // a gate that opens and closes many times a second must not stammer
const AGAIN_MS = 2000; // whoever presses again and again hears it no more often
const NO_VERDICT = ["waiting", "stale", "fault"];

const URGENT = { asked: "asked", "press refused": "refused" }; // a word for each kind of event

let context = null; // a browser lets it begin only after a click or a key
let now = null; // what is being said
let next = null; // and what is to be said then: the newest, older words no longer hold
const sounds = new Map(); // by their paths, decoded

/** Put a switch into `place`; the wish is remembered from view to view. */
export function voiceSwitch(place) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.id = "voice";
  let isWanted = remembered("voice") === "on";
  button.addEventListener("click", () => {
    isWanted = !isWanted;
    if (isWanted) remember("voice", "on");
    else forget("voice");
    if (!isWanted) next = null;
    begin();
    label();
    said = null; // it begins with how the kit stands
  });
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, begin);
  place.prepend(button);
  label();

  function begin() {
    if (isWanted) {
      context ??= new AudioContext();
      context.resume(); // telephones put it to sleep with their screen
    } else if (context) {
      context.close();
      context = null;
    }
  }

  function label() {
    button.dataset.words = isWanted ? "voice.on" : "voice.off";
    button.setAttribute("aria-pressed", String(isWanted));
    button.textContent = say(button.dataset.words);
  }
}

async function sound(path) {
  if (!sounds.has(path)) {
    const answer = await fetch(path);
    if (!answer.ok) throw new Error(path);
    sounds.set(path, await context.decodeAudioData(await answer.arrayBuffer()));
  }
  return sounds.get(path);
}

/** Say a word, after the one that is being said; a tab that nobody sees says nothing. */
async function speak(word) {
  if (!context || document.hidden) return;
  if (now) {
    next = word;
    return;
  }
  now = word;
  const mine = context;
  try {
    const source = new AudioBufferSourceNode(mine, { buffer: await sound(`/voice/${language()}/${word}.wav`) });
    source.connect(mine.destination);
    await new Promise((resolve) => {
      source.onended = resolve;
      mine.onstatechange = () => mine.state === "closed" && resolve(); // it was switched off
      source.start();
    });
  } catch {
    // no such sound, or it was switched off meanwhile: nothing is said
  }
  const then = next;
  now = next = null;
  if (then) speak(then);
}

let said = null; // how the kit was said to stand
let stands = null;
let since = 0;
let refusedAt = -Infinity;

/** What is to be said of how the kit stands, or null. */
function standingWord() {
  const status = kit.connected ? kit.standing?.status : null;
  if (!status || status.question) return null; // the question was put at once, below
  if (status.open) return (status.recording_s ?? null) === null ? "ready" : "recording";
  return NO_VERDICT.includes(status.reason) ? null : "refused";
}

function look() {
  const found = standingWord();
  const time = performance.now();
  if (found !== stands) [stands, since] = [found, time];
  if (stands === said || (stands !== "recording" && time - since < STOOD_MS)) return;
  said = stands;
  if (said) speak(said);
}

on("change", look);
on("event", ({ kind }) => {
  const word = URGENT[kind];
  const time = performance.now();
  if (!word || (word === "refused" && time - refusedAt < AGAIN_MS)) return;
  if (word === "refused") refusedAt = time;
  if (stands === word) said = word; // it has been said
  speak(word);
});
