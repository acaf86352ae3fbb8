// A page of ideas, for a wall: one at a time, twice the size, by a clicker's keys too.

import { say } from "./words.js";

const $ = (id) => document.getElementById(id);
const KEYS = { PageDown: 1, ArrowRight: 1, PageUp: -1, ArrowLeft: -1 };

/** Let the page's ideas be gone through; `redraw` is called when another is shown. Returns what speaks anew. */
export function ideas(redraw) {
  const all = [...document.querySelectorAll("[data-idea]")];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.id = "wall";
  let now = new URLSearchParams(location.search).has("wall") ? 0 : -1; // -1: the whole page

  function show(index) {
    now = index;
    const isWall = now >= 0;
    document.body.toggleAttribute("data-wall", isWall);
    $("steps").hidden = !isWall;
    all.forEach((idea, place) => idea.toggleAttribute("data-now", place === now));
    $("back").disabled = now <= 0;
    $("next").disabled = now === all.length - 1;
    window.scrollTo(0, 0);
    speak();
    redraw();
  }

  function speak() {
    button.textContent = say(now < 0 ? "wall" : "wall.leave");
    $("step").textContent = say("wall.step", { n: now + 1, all: all.length });
    if (!button.isConnected) $("tools")?.prepend(button);
  }

  const step = (by) => now >= 0 && show(Math.min(all.length - 1, Math.max(0, now + by)));
  button.addEventListener("click", () => show(now < 0 ? 0 : -1));
  $("next").addEventListener("click", () => step(1));
  $("back").addEventListener("click", () => step(-1));
  document.addEventListener("keydown", (event) => {
    if (now < 0 || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input")) return;
    if (event.key === "Escape") show(-1);
    else if (event.key in KEYS) step(KEYS[event.key]);
    else return;
    event.preventDefault();
  });
  show(now);
  return speak;
}
