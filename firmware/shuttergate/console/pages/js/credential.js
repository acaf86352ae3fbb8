// What a photo or video that was dropped states of itself, and what that does not prove.

import { h } from "./frame.js";
import { fact } from "./sources.js";
import { language, say } from "./words.js";

const SHOWN = 12; // digits of a sha256, as `shuttergate verify` shows them

/** What is said of it in one line; `told`: an answer of the kit, or {failed}. */
export function statedLine(told) {
  if (told.failed) return say("stated.failed", { why: told.failed });
  const cause = language() === "ja" ? told.cause_ja : told.cause;
  const line = say(`stated.${told.state}`, { name: told.class });
  return cause ? say("stated.why", { line, cause }) : line;
}

/** The part of what was found that says what the file states of itself. */
export function statedCard(told) {
  const state = told.failed ? "failed" : told.state;
  const more = [
    state === "unknown signer" ? (told.known ? say("stated.other", { name: told.known }) : say("stated.noclass")) : null,
    state === "no credential" ? say("stated.none.proof") : null,
    state === "valid" ? say("stated.proof") : null,
  ].filter(Boolean);
  return h("article", { class: "hit", "data-stated": state },
    h("h3", {}, say("stated")),
    h("p", {}, state === "valid" ? h("strong", {}, statedLine(told)) : statedLine(told)),
    state === "valid" ? h("dl", {}, ...facts(told)) : null,
    ...more.map((text) => h("p", { class: "small" }, text)));
}

function facts({ camera, kit, rule, models, taught, looks, training }) {
  const sums = (all) => Object.entries(all).map(([name, sha]) => `${name} ${sha.slice(0, SHOWN)}…`).join(say("comma"));
  const seen = looks.map((look) => (["live", "second"].includes(look) ? say(`stated.look.${look}`) : look));
  return [
    ["camera", camera && say(camera === "real" ? "stated.camera" : "stated.simulated")],
    ["models", sums(models) || say("stated.silent")],
    ["taught", sums(taught)],
    ["looks", seen.join(say("comma"))],
    ["rule", rule && `${rule.slice(0, SHOWN)}…`],
    ["training", training === "notAllowed" ? say("stated.training") : training],
    ["kit", kit && `shuttergate ${kit}`],
  ].filter(([, text]) => text).map(([key, text]) => fact(key, text));
}
