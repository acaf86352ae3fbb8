// What brings other devices to the page, for the screen of the kit itself: nobody else is told it here.

const SVG = "http://www.w3.org/2000/svg";

/** {code, lan_may, ways: [{address, size, path}]} as the kit has it now; null where nobody may come. */
export async function invitation() {
  try {
    const answer = await fetch("/invitation.json");
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** One of its ways as a QR code, black on white with its quiet zone; `label` is for the ear. */
export function qrCode({ size, path }, label) {
  const drawn = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${size} ${size}`, role: "img", "aria-label": label })) {
    drawn.setAttribute(name, value);
  }
  for (const [d, fill] of [[`M0 0h${size}v${size}h-${size}z`, "#fff"], [path, "#000"]]) {
    const part = document.createElementNS(SVG, "path");
    for (const [name, value] of Object.entries({ d, fill, "shape-rendering": "crispEdges" })) part.setAttribute(name, value);
    drawn.append(part);
  }
  return drawn;
}
