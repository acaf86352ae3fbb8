// Rows and packages of the ledgers, as a page shows them.

import { h } from "./frame.js";
import { optOut } from "./optout.js";
import { language, say } from "./words.js";

const FIELDS = [["path", "path"], ["what", "what"], ["licence", "licence"], ["source", "source"], ["consent", "consent_basis"]];

const OURS = ["shuttergate"]; // renders of the project's own: nobody else's to take out

/** One row of a ledger; `head` says why it is shown. */
export function rowCard({ heirs, source, pack, ledger, row }, head) {
  const { registry, package: name, version } = source;
  const facts = FIELDS.filter(([, field]) => source[field]).map(([key, field]) => fact(key, field === "what" ? `${source.kind}, ${source.what}` : source[field]));
  if (heirs.length) facts.push(fact("heirs", heirs.join(say("comma"))));
  const what = say("ledger.row", { row, pack, ledger });
  return h("article", { class: "hit" },
    h("h3", {}, head ?? what),
    h("p", {}, `${registry} ${name} ${version}`),
    h("dl", {}, ...facts),
    OURS.includes(registry) ? null : h("p", { class: "row" }, outButton({ sha256: source.sha256 }, `${name} ${source.path}`)));
}

/** One line of what is known; `key` names its words. */
export function fact(key, text) {
  return h("div", {}, h("dt", {}, say(`ledger.field.${key}`)), h("dd", {}, text));
}

function outButton(asked, what) {
  return h("button", { type: "button", onclick: () => optOut(asked, what), "aria-label": `${say("out")}: ${what}` }, say("out"));
}

/** Packages with how much of each was used. */
export function packageTable(packages, label) {
  const heads = ["package", "rows", "licence", "consent"].map((key) => h("th", { scope: "col" }, say(`ledger.field.${key}`)));
  const rows = packages.map((one) => {
    const name = `${one.registry} ${one.package} ${one.version}`;
    const persons = one.persons ? h("span", { class: "small" }, ` ${say("ledger.persons", { n: one.persons })}`) : null;
    return h("tr", {},
      h("th", { scope: "row" }, name, h("br"), h("span", { class: "small" }, say("ledger.in", one))),
      h("td", {}, String(one.rows), persons),
      h("td", {}, one.licences.join(say("comma"))),
      h("td", {}, h("ul", {}, ...one.consents.map((text) => h("li", {}, text)))),
      h("td", {}, OURS.includes(one.registry) ? "" : outButton({ package: one.package }, one.package)));
  });
  return h("div", { class: "wide", tabindex: "0", role: "group", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, ...heads, h("td"))), h("tbody", {}, ...rows)));
}

/** One model pack: what it was made from, and what nobody knows. */
export function packCard(pack) {
  const never = pack.undisclosed[language()];
  const counts = { rows: pack.rows, persons: pack.persons };
  return h("article", { class: "hit" },
    h("h3", {}, `${pack.pack}: ${pack.title[language()]}`),
    pack.rows ? h("p", {}, say("ledger.pack.rows", counts)) : null,
    ...pack.made_from.map((other) => h("p", {}, say("ledger.pack.from", { pack: other }))),
    pack.bank ? h("p", {}, say("ledger.pack.bank", { n: pack.bank })) : null,
    never.length ? h("p", {}, say(pack.rows ? "ledger.pack.never" : "ledger.pack.silent")) : null,
    never.length ? h("ul", { class: "never" }, ...never.map((text) => h("li", {}, text))) : null,
    pack.packages.length
      ? h("details", {}, h("summary", {}, say("ledger.pack.packages", { n: pack.packages.length })), packageTable(pack.packages, pack.pack))
      : null);
}
