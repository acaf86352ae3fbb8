// The viewfinder: a cleared picture, or the mosaic that the gate's process made.

import { kit, on, standing } from "./live.js";

const PICTURE = "P".charCodeAt(0);

/** Draw on `canvas`; `changed(kind)` is told "picture", "mosaic" or "none" whenever that changes. */
export function viewfinder(canvas, changed) {
  const context = canvas.getContext("2d");
  const cells = document.createElement("canvas");
  let kind = "";
  let decoding = false;
  let voids = 0; // how often what was cleared before was taken back
  canvas.width = 960;
  canvas.height = 540;

  function become(now) {
    if (now === kind) return;
    kind = now;
    changed(now);
  }

  function blank() {
    voids++;
    context.clearRect(0, 0, canvas.width, canvas.height);
    become("none");
  }

  async function picture(bytes) {
    if (decoding) return; // a slow browser skips pictures, and shows none late
    decoding = true;
    const before = voids;
    try {
      const image = await createImageBitmap(new Blob([bytes.slice(1)], { type: "image/jpeg" }));
      if (standing().mark === "open" && voids === before) {
        fit(image.width, image.height);
        context.drawImage(image, 0, 0);
        become("picture");
      }
      image.close();
    } finally {
      decoding = false;
    }
  }

  function mosaic(bytes) {
    voids++;
    const [, columns, rows] = new Uint8Array(bytes, 0, 3);
    const colours = new Uint8Array(bytes, 3);
    const image = new ImageData(columns, rows);
    for (let cell = 0; cell < columns * rows; cell++) {
      image.data.set(colours.subarray(cell * 3, cell * 3 + 3), cell * 4);
      image.data[cell * 4 + 3] = 255;
    }
    cells.width = columns;
    cells.height = rows;
    cells.getContext("2d").putImageData(image, 0, 0);
    if (kind !== "picture" && kind !== "mosaic") fit(columns * 80, rows * 80);
    context.imageSmoothingEnabled = false;
    context.drawImage(cells, 0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = true;
    become("mosaic");
  }

  function fit(width, height) {
    if (canvas.width === width && canvas.height === height) return;
    canvas.width = width;
    canvas.height = height;
  }

  on("picture", (data) => {
    if (new Uint8Array(data, 0, 1)[0] === PICTURE) picture(data);
    else if (standing().mark !== "off") mosaic(data);
  });
  on("change", () => {
    // The moment it closes, whatever was cleared before is gone from the page too.
    if (standing().mark !== "open") voids++;
    if (kind === "picture" && standing().mark !== "open") blank();
    if (kind !== "none" && (!kit.connected || !kit.standing?.status)) blank();
  });
  blank();
}
