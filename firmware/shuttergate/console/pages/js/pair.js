// Asks for the pairing code; nothing of the kit is shown before it is right.

import { fill, say } from "./words.js";

fill();
document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await fetch("/pair", { method: "POST", body: document.getElementById("code").value });
  if (answer.ok) location.href = "/";
  else document.getElementById("answer").textContent = say(answer.status === 429 ? "pair.many" : "pair.wrong");
});
document.getElementById("code").focus();
