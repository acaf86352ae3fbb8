// How the kit stands, in one line, for the views beside the camera.

import { h } from "./frame.js";
import { standing } from "./live.js";
import { faultWords, join, say, sentence } from "./words.js";

export const MARKS = { open: "●", blocked: "■", ask: "?", wait: "◔", fault: "▲", off: "✕" };

/** Why it stands so, in words. */
export function whyWords({ because, faults = [], also = [], values = {} }) {
  const why = because && say(because);
  const words = faults.length ? say("because", { why, faults: faultWords(faults) }) : why;
  return join([words && sentence(words), ...also.map((key) => say(key, values))]);
}

/** Bring the line in `place` up to date. */
export function drawPill(place) {
  const now = standing();
  const { mark, title } = now;
  document.body.dataset.mark = mark;
  const words = [say(title), whyWords(now)];
  if (place.dataset.said === words.join()) return; // a screen reader says it once
  place.dataset.said = words.join();
  place.replaceChildren(
    h("span", { class: "mark", "aria-hidden": "true" }, MARKS[mark]),
    h("strong", {}, words[0]),
    h("span", {}, words[1]),
  );
}
