// nsfwjs for `shuttergate evaluate --against nsfwjs`: raw RGB pixels in, one JSON object a picture out.
// In: width and height (uint32, little-endian), then width * height * 3 bytes; again until the end.
// With --bench, for `bench/peers.py`: a width of 0 means the picture before once more, the answer is
// how many milliseconds the verdict took, and the WebAssembly backend is used where it is installed.
// nsfwjs and TensorFlow.js are sought in ./node_modules and in NODE_PATH. Nothing is downloaded: the
// default model is part of the nsfwjs package.
"use strict";

const { createRequire } = require("node:module");
const { dirname, join } = require("node:path");
const { readFileSync } = require("node:fs");

console.log = console.info = console.warn = console.error; // stdout is for answers only

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");
const here = createRequire(join(process.cwd(), "here.cjs"));
const entry = here.resolve("nsfwjs");

function home() {
  let folder = dirname(entry);
  for (;;) {
    try {
      const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      if (found.name === "nsfwjs") return { nsfwjs: found.version, root: folder };
    } catch (error) {
      if (dirname(folder) === folder) throw error;
    }
    folder = dirname(folder);
  }
}

const chunks = process.stdin[Symbol.asyncIterator]();
let left = Buffer.alloc(0);

async function take(count) {
  const parts = [left];
  let held = left.length;
  while (held < count) {
    const { value, done } = await chunks.next();
    if (done) return null;
    parts.push(value);
    held += value.length;
  }
  const all = Buffer.concat(parts);
  left = all.subarray(count);
  return all.subarray(0, count);
}

function webAssembly() {
  try {
    return createRequire(entry)("@tensorflow/tfjs-backend-wasm").version_wasm;
  } catch {
    return null;
  }
}

async function main() {
  const tf = createRequire(entry)("@tensorflow/tfjs"); // the very one that nsfwjs uses
  if (process.argv.includes("--version"))
    return say({ ...home(), tfjs: tf.version.tfjs, wasm: webAssembly() });
  const bench = process.argv.includes("--bench");
  if (bench && webAssembly() !== null) await tf.setBackend("wasm");
  tf.enableProdMode();
  const model = await here("nsfwjs").load();
  let [shape, data] = [null, null];
  for (let head = await take(8); head !== null; head = await take(8)) {
    const [width, height] = [head.readUInt32LE(0), head.readUInt32LE(4)];
    if (width > 0 || !bench) {
      const bytes = await take(width * height * 3);
      if (bytes === null) return;
      [shape, data] = [[height, width, 3], new Uint8Array(bytes)];
    }
    const began = performance.now();
    const pixels = tf.tensor3d(data, shape, "int32");
    const classes = await model.classify(pixels, 5);
    pixels.dispose();
    const ms = performance.now() - began;
    say(bench ? { ms } : Object.fromEntries(classes.map((one) => [one.className, one.probability])));
  }
}

main().catch((error) => {
  say({ error: String(error) });
  process.exitCode = 1;
});
