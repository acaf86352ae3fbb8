// Taking out: of a pack at its next build, of a taught rule at once.

import { dialog, h } from "./frame.js";
import { ask } from "./live.js";
import { bothWords } from "./receipt.js";
import { say } from "./words.js";

/** Say what asking for `asked` ({sha256} or {package}) to be left out would do; nothing is written. */
export async function optOut(asked, what) {
  const query = new URLSearchParams(asked);
  const answer = await fetch(`/ledger/opt-out.json?${query}`);
  if (!answer.ok) {
    dialog("out", say("out.title", { what }), h("p", {}, answer.status === 404 ? say("out.none") : await answer.text()));
    return;
  }
  const { opted_out: found, command } = await answer.json();
  const { pack, pictures, needed, build, file } = found;
  dialog("out", say("out.title", { what }),
    h("p", {}, h("strong", {}, say("out.unchanged"))),
    pictures ? h("p", {}, say("out.next", { pack, file, n: pictures })) : null,
    ...needed.map((one) => h("p", {}, say("out.needed", { package: one.package }))),
    h("p", {}, say("out.command")),
    h("pre", {}, h("code", {}, command)),
    pictures ? h("p", {}, say("out.build")) : null,
    pictures ? h("pre", {}, h("code", {}, build.join("\n"))) : null,
    h("p", {}, h("a", { class: "button", href: `/ledger/opt-out.csv?${query}`, download: file }, say("out.save", { file }))));
}

/** Ask whether to take a contribution out of a rule, do it, and say what changed. */
export function takeOut(rule, word, ja) {
  const place = h("div", { "aria-live": "polite" });
  const why = h("p", {}, say("take.why", { rule }));
  const go = h("button", { type: "button", class: "serious" }, say("take.go"));
  go.addEventListener("click", async () => {
    go.disabled = true;
    const began = performance.now();
    let told;
    try {
      const answer = await ask("/teach/withdraw", { name: rule, word });
      const ms = Math.round(performance.now() - began);
      told = answer.ok
        ? { isOut: true, nodes: changes(rule, word, await answer.json(), ms) }
        : { isOut: false, nodes: [h("p", {}, await answer.text())] };
    } catch {
      told = { isOut: false, nodes: [h("p", {}, say("ledger.broken"))] };
    }
    place.replaceChildren(...told.nodes);
    if (told.isOut) {
      why.remove();
      place.closest("dialog").querySelector("h2").textContent = say("take.out");
    }
    go.remove();
  });
  dialog("take", say("take.title"), bothWords(word, ja), why, h("p", { class: "row" }, go), place);
}

function changes(rule, word, found, ms) {
  if (found === null) return [h("p", {}, say("take.gone", { rule, word }))];
  const heads = ["word", "before", "after"].map((key) => h("th", { scope: "col" }, say(`take.${key}`)));
  const rows = Object.entries(found.before).map(([one, before]) =>
    h("tr", { "data-out": one === word }, h("th", { scope: "row", lang: "en" }, one), h("td", {}, before.toFixed(2)), h("td", {}, found.after[one].toFixed(2))));
  const count = (confused) => Object.values(confused).reduce((sum, n) => sum + n, 0);
  const names = Object.entries(found.confused).map(([name, n]) => `${say(`harmless.${name}`)} ${n}`).join(say("comma"));
  return [
    h("p", {}, say("take.done", { rule, word, ms })),
    h("table", {}, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows)),
    h("p", {}, say("take.confused", { before: count(found.confused_before), after: count(found.confused) }), names && ` ${names}`),
  ];
}
