// The rule of verdict.py once more, for the what-if copy: tests/whole/test_pages.py holds the two together.

/** "clear", "nudity" or "doubt" for `scores` (an array) and `limits` ([[clear, block], …]). */
export function judge(scores, limits) {
  const found = limits.map(([clear, block], index) => {
    const score = scores[index];
    if (!(score >= 0 && score <= 1)) return "doubt";
    if (score < clear) return "clear";
    return score >= block ? "nudity" : "doubt";
  });
  for (const reason of ["nudity", "doubt"]) if (found.includes(reason)) return reason;
  return found.length > 0 ? "clear" : "doubt";
}

/** The channel that decided: the first that says `reason`; -1 where every one did. */
export function decider(scores, limits, reason) {
  return reason === "clear" ? -1 : limits.findIndex((own, index) => judge([scores[index]], [own]) === reason);
}
