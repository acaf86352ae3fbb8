// The plane of two channels' scores: what the rule clears, what it blocks, and where a frame lies.

import { judge } from "./rule.js";

const STEPS = 240;

/** Draw on `canvas` the rule of two channels, and `scores` as a dot if there are any. */
export function plane(canvas, rule, scores) {
  const scale = window.devicePixelRatio || 1;
  const side = (canvas.width = canvas.height = Math.round(canvas.clientWidth * scale));
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim();
  const rim = 8 * scale; // so that a frame at an end is seen whole
  const at = (score) => rim + score * (side - 2 * rim);
  context.fillStyle = colour("--block-zone");
  context.fillRect(0, 0, side, side);
  // A higher score never opens, so one height a column is the whole border.
  const heights = Array.from({ length: STEPS }, (_, step) => border((step + 0.5) / STEPS, rule));
  const clear = heights.filter((height) => height > 0);
  context.beginPath();
  context.moveTo(0, side);
  clear.forEach((height, step) => {
    context.lineTo(step ? at(step / STEPS) : 0, side - at(height));
    context.lineTo(at((step + 1) / STEPS), side - at(height));
  });
  context.lineTo(clear.length ? at(clear.length / STEPS) : 0, side);
  context.fillStyle = colour("--clear-zone");
  context.fill();
  context.strokeStyle = colour("--ink");
  context.lineWidth = scale;
  context.stroke();
  if (scores.length < 2) return;
  context.beginPath();
  context.arc(at(scores[0]), side - at(scores[1]), 6 * scale, 0, 2 * Math.PI);
  context.fillStyle = colour(judge(scores, rule) === "clear" ? "--open" : "--blocked");
  context.fill();
  context.stroke();
}

/** Up to where the second score is clear beside `first`, by halving. */
function border(first, rule) {
  const isClear = (second) => judge([first, second], rule) === "clear";
  if (!isClear(0)) return 0;
  let [low, high] = [0, 1];
  for (let turn = 0; turn < 12; turn += 1) {
    const middle = (low + high) / 2;
    if (isClear(middle)) low = middle;
    else high = middle;
  }
  return low;
}
