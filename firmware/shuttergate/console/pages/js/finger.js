// The finger on the page's shutter. Whether it is heard is the server's to decide, what comes of it the gate's.

import { ask, may } from "./live.js";

const SHORTEST_MS = 150; // a clicker lets go at once; a button that was pressed for so long is surely felt

/** Let `button` be the shutter, and each key of which `isShutter(event)` says so. */
export function finger(button, isShutter) {
  let isDown = false;
  let held = ""; // the key
  let pressedAt = 0;
  let last = Promise.resolve(); // one after the other: a release must not come before its press

  function press(down) {
    if (down === isDown || !may("press")) return;
    isDown = down;
    button.classList.toggle("down", down);
    if (down) pressedAt = performance.now();
    const wait_ms = down ? 0 : pressedAt + SHORTEST_MS - performance.now();
    last = last
      .then(() => wait_ms > 0 && new Promise((resolve) => setTimeout(resolve, wait_ms)))
      .then(() => ask("/press", { down }))
      .catch(() => {});
  }

  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    press(true);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    button.addEventListener(name, () => press(false));
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (!isShutter(event)) return;
    event.preventDefault();
    if (event.repeat) return;
    held = event.key;
    press(true);
  });
  document.addEventListener("keyup", ({ key }) => {
    if (key === held) press(false); // also where it would not be pressed now
  });
  for (const name of ["blur", "pagehide"]) window.addEventListener(name, () => press(false));
}
