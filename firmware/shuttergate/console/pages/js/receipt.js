// A contribution's receipt: its word in both languages, and a QR code by which a phone finds it again.

import { dialog, h } from "./frame.js";
import { qrCode } from "./invitation.js";
import { say } from "./words.js";

/** A word as it is shown to everybody: "blue heron · 青いサギ". */
export function bothWords(word, ja) {
  return h("span", { class: "word" }, h("b", { lang: "en" }, word), " · ", h("b", { lang: "ja" }, ja));
}

/** Show the receipt of the contribution with that word. */
export async function showReceipt(word) {
  const answer = await fetch(`/ledger/receipt.json?word=${encodeURIComponent(word)}`);
  if (!answer.ok) return;
  const receipt = await answer.json();
  dialog("slip", say("receipt"),
    bothWords(receipt.word, receipt.word_ja),
    qrCode(receipt, say("receipt.qr", { address: receipt.address })),
    h("p", { class: "small" }, receipt.address),
    h("p", {}, say("receipt.why")));
}
