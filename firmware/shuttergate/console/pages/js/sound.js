// Sounds, off by default: a click for a photo, a tone at both ends of a video, a soft one for a question, a low
// one for a refusal.

import { kit, on } from "./live.js";
import { forget, remember, remembered, say } from "./words.js";

let context = null; // a browser lets it begin only after a click or a key

/** Put a switch into `place`; the wish is remembered from view to view. */
export function soundSwitch(place) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.id = "sound";
  let isWanted = remembered("sound") === "on";
  button.addEventListener("click", () => {
    isWanted = !isWanted;
    if (isWanted) remember("sound", "on");
    else forget("sound");
    begin();
    if (isWanted) click();
    speak();
  });
  for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, begin);
  place.prepend(button);
  speak();

  function begin() {
    if (isWanted) context ??= new AudioContext();
    else if (context) {
      context.close();
      context = null;
    }
  }

  function speak() {
    button.dataset.words = isWanted ? "sound.on" : "sound.off";
    button.setAttribute("aria-pressed", String(isWanted));
    button.textContent = say(button.dataset.words);
  }
}

function tone(frequency, seconds, shape, loudness) {
  if (!context) return;
  const [source, volume] = [context.createOscillator(), context.createGain()];
  const now = context.currentTime;
  source.type = shape;
  source.frequency.value = frequency;
  volume.gain.setValueAtTime(loudness, now);
  volume.gain.exponentialRampToValueAtTime(0.001, now + seconds);
  source.connect(volume).connect(context.destination);
  source.start(now);
  source.stop(now + seconds);
}

function click() {
  tone(2400, 0.03, "square", 0.3);
  setTimeout(() => tone(1600, 0.04, "square", 0.3), 60);
}

on("event", ({ kind }) => {
  if (kind === "photo") click();
  else if (kind === "asked") tone(523, 0.6, "sine", 0.4); // soft: nobody is told off
  else if (kind === "press refused" || kind === "video lost") tone(220, 0.45, "sawtooth", 0.6); // with overtones: small loudspeakers have no bass
});

let wasRecording = false;

on("change", () => {
  const isRecording = (kit.standing?.status?.recording_s ?? null) !== null;
  if (isRecording !== wasRecording) tone(isRecording ? 880 : 660, 0.12, "sine", 0.3);
  wasRecording = isRecording;
});
