// How the kit stands, in one line, for the views beside the stage.

import { h } from "./frame.js";
import { standing } from "./live.js";
import { join, say } from "./words.js";

export const MARKS = { open: "●", blocked: "■", wait: "◔", fault: "▲", off: "✕" };

/** Bring the line in `place` up to date. */
export function drawPill(place) {
  const { mark, title, reasons } = standing();
  document.body.dataset.mark = mark;
  const words = [say(title), join(reasons.map((reason) => say(reason)))];
  if (place.dataset.said === words.join()) return; // a screen reader says it once
  place.dataset.said = words.join();
  place.replaceChildren(
    h("span", { class: "mark", "aria-hidden": "true" }, MARKS[mark]),
    h("strong", {}, words[0]),
    h("span", {}, words[1]),
  );
}
