// The rule of verdict.py once more, for the what-if copy: tests/whole/test_pages.py holds the two together.

const RESOLUTION = 1 / 512;

/**
 * "clear", "nudity", "taught" or "doubt" for `scores` (an array), `limits` ([[clear, block], …]), `fusions`
 * ([{weights: [one a score], line}, …]) and `agreements` ([{lines: [one a score, 0 for none]}, …]).
 */
export function judge(scores, { limits, fusions = [], agreements = [], taught = [] }) {
  const found = limits.map(([clear, block], index) => {
    const score = scores[index];
    if (!isScore(score)) return "doubt";
    if (score < clear) return "clear";
    return score >= block ? (taught[index] ? "taught" : "nudity") : "doubt";
  });
  if (!fusions.every((fusion) => over(scores, fusion) < 0)) found.push("doubt");
  if (!agreements.every(({ lines }) => lines.some((line, index) => scores[index] < line))) found.push("doubt");
  const reason = gravest(found);
  const ofNudity = gravest(found.filter((one, index) => !taught[index]));
  return reason === "taught" && ofNudity !== "clear" ? ofNudity : reason;
}

const gravest = (found) =>
  ["nudity", "taught", "doubt"].find((reason) => found.includes(reason)) ?? (found.length > 0 ? "clear" : "doubt");

/** By how much a fusion is over its line; NaN where a score is none. */
export function over(scores, { weights, line }) {
  const parts = weights.map((weight, index) => (weight ? weight * logOdds(scores[index]) : 0));
  return parts.reduce((sum, part) => sum + part, 0) - line;
}

/** One score of all: CLEAR is below 0.5; NaN where one is none. See `joint_score` in verdict.py. */
export function joint(scores, { limits, fusions = [], agreements = [], taught = [] }) {
  const isSilent = (index) =>
    taught[index] || fusions.some(({ weights }) => weights[index]) || agreements.some(({ lines }) => lines[index]);
  const said = [
    ...fusions.map((fusion) => logistic(over(scores, fusion))),
    ...agreements.map(({ lines }) => Math.min(...lines.flatMap((line, index) => (line ? stretched(scores[index], line) : [])))),
    ...limits.map(([clear], index) => {
      const own = stretched(scores[index], clear);
      return own < 0.5 && isSilent(index) ? 0 : own;
    }),
  ];
  return said.length ? Math.max(...said) : NaN;
}

/** The channel that decided: the first that says `reason`; -1 where every one did, or a fusion. */
export function decider(scores, limits, reason) {
  return reason === "clear" ? -1 : limits.findIndex((own, index) => scores[index] !== undefined && judge([scores[index]], { limits: [own] }) === reason);
}

/** A rule as the kit tells it, by channels' names, with all in the order of its `names`. */
export function inOrder({ limits, fusions, agreements }) {
  const names = Object.keys(limits);
  const listed = (by) => names.map((name) => by[name] ?? 0);
  return {
    names,
    limits: Object.values(limits).map(({ clear_below, block_at }) => [clear_below, block_at]),
    fusions: fusions.map(({ weights, line }) => ({ weights: listed(weights), line })),
    agreements: agreements.map(({ lines }) => ({ lines: listed(lines) })),
    taught: Object.values(limits).map(({ blocks_with }) => blocks_with === "taught"),
  };
}

export const NO_RULE = { limits: {}, fusions: [], agreements: [] };

const isScore = (score) => score >= 0 && score <= 1;

const BELOW = 0.5 - 2 ** -54; // what is under a line stays under it

function logistic(value) {
  const found = 1 / (1 + Math.exp(-Math.max(-700, Math.min(value, 700))));
  return value < 0 ? Math.min(found, BELOW) : found;
}

function stretched(score, line) {
  if (!isScore(score)) return NaN;
  if (score < line) return Math.min((0.5 * score) / line, BELOW);
  return line >= 1 ? 1 : 0.5 + (0.5 * (score - line)) / (1 - line);
}

function logOdds(score) {
  if (!isScore(score)) return NaN;
  const within = Math.min(Math.max(score, RESOLUTION), 1 - RESOLUTION);
  return Math.log(within / (1 - within));
}
