// Asks for the pairing code, or takes the one that a link brought; nothing of the kit is shown before.

import { fill, say } from "./words.js";

const $ = (id) => document.getElementById(id);

let wanted = ""; // the word of a receipt, whose link led here first

fill();
$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("/pair", { method: "POST", body: $("code").value });
  if (answer.ok) location.href = wanted ? `/ledger#${wanted}` : "/";
  else $("answer").textContent = say(answer.status === 429 ? "pair.many" : "pair.wrong");
});

/** Take the code out of the link, where no server sees it, and leave it in no history. */
function take() {
  const [, first, last] = location.hash.match(/^#(\d{4})(\d{4})$/) ?? [];
  [, wanted] = location.hash.match(/^#([a-z]+-[a-z]+)$/) ?? ["", wanted];
  history.replaceState(null, "", location.pathname + location.search);
  if (!first) return false;
  $("code").value = `${first} ${last}`;
  $("ask").dataset.words = "pair.brought";
  fill();
  document.querySelector("button").focus();
  return true;
}

window.addEventListener("hashchange", take);
if (!take()) $("code").focus();
