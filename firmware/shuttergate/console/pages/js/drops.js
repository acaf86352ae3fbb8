// Pictures of a person's own, judged by the kit one after the other and kept nowhere.

import { h } from "./frame.js";
import { ask } from "./live.js";
import { say } from "./words.js";

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_SHOWN = 20;
const CAUSES = { 413: "size", 429: "busy" };

/** Take what is dropped on `place` or chosen; returns what redraws the words. */
export function drops(place, files, choose, clear, list) {
  const entries = []; // {name, url, found: null | {...}}
  let queue = Promise.resolve();

  function take(chosen) {
    for (const file of chosen) {
      const entry = { name: file.name, url: URL.createObjectURL(file), found: null };
      entries.unshift(entry);
      while (entries.length > MAX_SHOWN) URL.revokeObjectURL(entries.pop().url);
      queue = queue.then(() => judge(file, entry));
    }
    draw();
  }

  async function judge(file, entry) {
    if (file.size > MAX_BYTES) entry.found = { cause: "size" };
    else {
      try {
        const answer = await ask("/judge", file);
        entry.found = answer.ok ? await answer.json() : { cause: CAUSES[answer.status] ?? "broken" };
      } catch {
        entry.found = { cause: "broken" };
      }
    }
    draw();
  }

  function draw() {
    clear.hidden = entries.length === 0;
    list.replaceChildren(
      ...entries.map(({ name, url, found }) =>
        h("li", {}, found?.cause ? h("span", {}, name) : h("img", { src: url, alt: say("drop.alt", { name }), onerror: ({ target }) => (target.hidden = true) }), words(found))),
    );
  }

  function words(found) {
    if (found === null) return h("p", {}, say("drop.working"));
    if (found.cause) return h("p", {}, say("drop.failed", { why: say(`drop.cause.${found.cause}`) }));
    return h("div", {}, line("drop.live", found.live), line("drop.look", found.look));
  }

  function line(title, { verdict, reason, scores }) {
    const isClear = verdict === "CLEAR";
    const values = Object.entries(scores).map(([name, score]) => `${name} ${score.toFixed(2)}`);
    return h("p", {},
      h("span", {}, `${say(title)}: `),
      h("b", { class: "verdict", "data-clear": String(isClear) }, say(isClear ? "verdict.clear" : "verdict.blocked")),
      ` ${isClear ? "" : say(`reason.${reason}`)} `,
      h("span", { class: "small" }, values.join(say("comma"))));
  }

  choose.addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    take([...files.files]);
    files.value = "";
  });
  clear.addEventListener("click", () => {
    for (const { url } of entries) URL.revokeObjectURL(url);
    entries.length = 0;
    draw();
  });
  for (const name of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.toggle("over", name === "dragover");
      if (name === "drop") take([...event.dataTransfer.files]);
    });
  }
  return draw;
}
