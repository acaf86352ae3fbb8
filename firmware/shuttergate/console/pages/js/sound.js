// Two sounds, off by default: a click for a photo, a low tone for a refusal.

import { on } from "./live.js";
import { say } from "./words.js";

let context = null;

/** Put a switch into `place`. */
export function soundSwitch(place) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.id = "sound";
  button.addEventListener("click", () => {
    if (context) context.close();
    context = context ? null : new AudioContext();
    speak();
  });
  place.prepend(button);
  function speak() {
    button.dataset.words = context ? "sound.on" : "sound.off";
    button.setAttribute("aria-pressed", String(context !== null));
    button.textContent = say(button.dataset.words);
  }
  speak();
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

on("line", ({ event }) => {
  if (event === "photo") {
    tone(2400, 0.03, "square", 0.3);
    setTimeout(() => tone(1600, 0.04, "square", 0.3), 60);
  } else if (event === "press refused") tone(130, 0.35, "triangle", 0.5);
});
