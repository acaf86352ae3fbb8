// The photos that were published, and only those: newest first, larger at a click.

import { h } from "./frame.js";
import { kit } from "./live.js";
import { language, say } from "./words.js";

/** Keep `list` in step with the kit; returns the function that does so. */
export function photoStrip(list, none) {
  let shown = [];
  return (anew = false) => {
    none.hidden = kit.photos.length > 0;
    if (anew !== true && kit.photos.join() === shown.join()) return;
    shown = [...kit.photos];
    list.replaceChildren(
      ...shown.toReversed().map((name) => {
        const alt = say("photo.alt", { time: timeOf(name) });
        const small = h("img", { src: `/photo/${name}?small`, alt, decoding: "async" });
        return h("li", {}, h("button", { type: "button", onclick: () => open(name, alt) }, small));
      }),
    );
  };
}

function timeOf(name) {
  const [, year, month, day, hour, minute, second] =
    name.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/) ?? [];
  if (!year) return name;
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  return time.toLocaleTimeString(language());
}

function open(name, alt) {
  const dialog = h("dialog", { class: "photo", "aria-label": alt },
    h("img", { src: `/photo/${name}`, alt }),
    h("form", { method: "dialog" },
      h("a", { href: `/photo/${name}`, download: name, class: "button" }, say("photo.save")),
      h("button", { autofocus: true }, say("photo.close"))));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
