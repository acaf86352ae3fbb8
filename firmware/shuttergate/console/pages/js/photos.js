// The photos and videos that were published, and only those: newest first, larger at a click.

import { h } from "./frame.js";
import { kit } from "./live.js";
import { clock, language, lengthWords, say } from "./words.js";

/** Keep `list` in step with the kit, with at most `most` in it; returns the function that does so. */
export function photoStrip(list, none, most = Infinity) {
  let shown = new Map(); // name: its item; a video that stays is not asked for again
  return (anew = false) => {
    none.hidden = kit.photos.length > 0;
    for (const one of document.querySelectorAll("dialog.photo")) {
      if (!kit.photos.includes(one.dataset.name)) one.close(); // it was deleted
    }
    const names = kit.photos.slice(-most);
    if (anew !== true && names.join() === [...shown.keys()].join()) return;
    const before = anew === true ? new Map() : shown;
    shown = new Map(names.map((name) => [name, before.get(name) ?? item(name)]));
    list.replaceChildren(...[...shown.values()].reverse());
  };
}

const isVideo = (name) => name.endsWith(".mp4");

function item(name) {
  const button = h("button", { type: "button", onclick: () => open(name, button) });
  if (isVideo(name)) fillVideo(button, name);
  else {
    const alt = say("photo.alt", { time: timeOf(name) });
    button.append(h("img", { src: `/photo/${name}?small`, alt, decoding: "async" }));
  }
  return h("li", {}, button);
}

function fillVideo(button, name) {
  const time = timeOf(name);
  const length = h("span", {}, say("video"));
  const video = h("video", {
    src: `/photo/${name}#t=0.1`, // a browser that shows nothing before it plays shows this
    preload: "metadata", playsinline: true, disablepictureinpicture: true, "aria-hidden": "true",
  });
  video.muted = true; // the attribute counts only in a page's source
  video.addEventListener("durationchange", () => {
    if (!Number.isFinite(video.duration)) return;
    length.textContent = clock(video.duration);
    const words = { time, length: lengthWords(video.duration) };
    button.setAttribute("aria-label", say("video.length", words));
  });
  button.setAttribute("aria-label", say("video.alt", { time }));
  button.append(video, h("span", { class: "length", "aria-hidden": "true" }, "▶ ", length));
}

function timeOf(name) {
  const [, year, month, day, hour, minute, second] =
    name.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/) ?? [];
  if (!year) return name;
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  return time.toLocaleTimeString(language());
}

function open(name, button) {
  const src = `/photo/${name}`;
  const alt = button.getAttribute("aria-label") ?? button.firstChild.alt;
  const large = isVideo(name)
    ? h("video", { src, controls: true, autoplay: true, playsinline: true, "aria-label": alt })
    : h("img", { src, alt });
  const dialog = h("dialog", { class: "photo", "data-name": name, "aria-label": alt },
    large,
    h("form", { method: "dialog" },
      h("a", { href: src, download: name, class: "button" }, say("photo.save")),
      h("button", { autofocus: true }, say("photo.close"))));
  dialog.addEventListener("close", () => {
    large.removeAttribute("src"); // a video would play on, and hold on to its connection
    large.load?.();
    dialog.remove();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
