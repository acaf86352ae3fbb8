// A strip chart of one channel's score over the last minute, with its thresholds.

const SPAN_FRAMES = 1800;

/** Draw on `canvas`: `seen` as the hub tells it, `index` of the channel, its [clear, block] lines. */
export function strip(canvas, seen, index, [clear, block]) {
  const scale = window.devicePixelRatio || 1;
  const width = (canvas.width = Math.round(canvas.clientWidth * scale));
  const height = (canvas.height = Math.round(canvas.clientHeight * scale));
  const context = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim();
  const y = (score) => (1 - score) * (height - 4 * scale) + 2 * scale;
  context.fillStyle = colour("--clear-zone");
  context.fillRect(0, y(clear), width, height);
  context.fillStyle = colour("--block-zone");
  context.fillRect(0, 0, width, y(block));
  for (const [line, name, dash] of [[clear, "--open", [6, 4]], [block, "--blocked", [2, 3]]]) {
    context.strokeStyle = colour(name);
    context.setLineDash(dash.map((length) => length * scale));
    context.lineWidth = 1.5 * scale;
    context.beginPath();
    context.moveTo(0, y(line));
    context.lineTo(width, y(line));
    context.stroke();
  }
  context.setLineDash([]);
  if (seen.length === 0) return;
  const last = seen[seen.length - 1][0];
  context.strokeStyle = colour("--ink");
  context.lineWidth = 2 * scale;
  context.lineJoin = "round";
  context.beginPath();
  let before = null;
  for (const [frame, , , scores] of seen) {
    const score = scores[index];
    const x = width - ((last - frame) / SPAN_FRAMES) * width;
    if (score === undefined || x < 0 || frame > last) {
      before = null;
      continue;
    }
    if (before === null || frame < before) context.moveTo(x, y(score));
    else context.lineTo(x, y(score));
    before = frame;
  }
  context.stroke();
}
