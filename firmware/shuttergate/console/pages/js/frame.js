// What every view has: the bar above it, the language, and a word when the page has lost the kit.

import { connect, kit, on } from "./live.js";
import { choose, fill, language, say } from "./words.js";

/** Make an element: h("a", {href: "/"}, "text", child). A key that begins with "on" is a listener. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const VIEWS = {
  camera: "/", stage: "/stage", bench: "/bench", explain: "/explain", teach: "/teach", ledger: "/ledger", demands: "/demands",
};

/** Put the bar in place, speak the right language, connect; `redraw` is called when words change. */
export function begin(redraw) {
  const here = document.body.dataset.page;
  const links = Object.entries(VIEWS).map(([name, href]) =>
    h("a", { href, "data-words": `nav.${name}`, "aria-current": name === here ? "page" : null }),
  );
  document.querySelector("header").addEventListener("click", ({ target, detail }) => {
    if (detail > 0) target.closest("button")?.blur(); // the space bar is the shutter again
  });
  const tongue = h("button", { type: "button", class: "quiet", id: "language", onclick: swap });
  const full = h("button", {
    type: "button", class: "quiet", id: "fullscreen", "data-words": "fullscreen", onclick: fullScreen,
  });
  document.querySelector("header").append(
    h("a", { href: "/", class: "brand" }, "shuttergate"),
    h("span", { class: "tagline", "data-words": "tagline" }),
    h("nav", { "data-label": "nav.label" }, ...links),
    h("span", { class: "board", id: "board" }),
    h("span", { class: "tools", id: "tools" }, full, tongue),
  );
  start(() => {
    const other = language() === "en" ? "ja" : "en";
    tongue.textContent = say("nav.language");
    tongue.lang = other;
    tongue.setAttribute("aria-label", say("nav.language.long"));
    document.getElementById("board").textContent = kit.kit?.title[language()] ?? "";
    redraw();
  });
}

let speak = () => {};

/** Speak the right language and connect; `redraw` is called when words change. */
export function start(redraw) {
  speak = () => {
    fill();
    redraw();
  };
  on("whole", speak);
  speak();
  connect();
}

/** Speak the other language. */
export function swap() {
  choose(language() === "en" ? "ja" : "en");
  speak();
}

/** Show a dialog of class `name`, headed by `title`, until it is closed. */
export function dialog(name, title, ...children) {
  const one = h("dialog", { class: name, "aria-label": title },
    h("h2", {}, title), ...children,
    h("form", { method: "dialog" }, h("button", { autofocus: true }, say("photo.close"))));
  one.addEventListener("close", () => one.remove());
  one.addEventListener("click", (event) => event.target === one && one.close());
  document.body.append(one);
  one.showModal();
}

/** All of the screen for this page, or no longer. */
export function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}
