"""What the report of an evaluation says besides figures, in the reader's language.

A text with markup in it is safe to show as it stands: nothing is filled in but numbers and words of
ours, and what comes from a manifest is escaped.
"""

from __future__ import annotations

from shuttergate.lang import _


def report_words() -> dict[str, str]:
    """Return the report's texts by the names that its template has for them."""
    return {
        "page": _("Evaluation of {manifest}"),
        "title": _("How often the shutter would stay dead"),
        "what": _(
            "shuttergate {version}, evaluated on {manifest}: {pictures} pictures, {nude} marked "
            "nude and {safe} marked safe, in {sets} sets."
        ),
        "what_no_sets": _(
            "shuttergate {version}, evaluated on {manifest}: {pictures} pictures, {nude} marked "
            "nude and {safe} marked safe."
        ),
        "caution": _("What this does not show."),
        "looks": _(
            "A frame is looked at twice. The <strong>live</strong> look sees every frame once, "
            "whole, and keeps the shutter dead until the picture is clear. At the press, the "
            "<strong>second look</strong> sees the full-resolution picture, whole and in tiles; "
            "only what it clears is saved. Blocking should be as frequent as possible for pictures "
            "marked nude, as rare as possible for those marked safe."
        ),
        "marked_nude": _("marked nude"),
        "marked_safe": _("marked safe"),
        "all_pictures": _("all pictures"),
        "set": _("set"),
        **_pictures(),
        **_videos(),
        **_scores(),
        **_rivals(),
        **_models(),
    }


def _pictures() -> dict[str, str]:
    return {
        "unreadable": _("Unreadable pictures: {n}"),
        "unreadable_why": _(
            "These have no score. They are in no rate on this page: counted neither as blocked nor "
            "as clear. (The kit itself would refuse them.)"
        ),
        "all_readable": _("Every picture could be read, and is counted below."),
        "by": _("by"),
        "picture": _("picture"),
        "cause": _("cause"),
        "blocked": _("Pictures blocked"),
        "blocked_why": _(
            "Under each rate stands its 95 %\xa0interval by Wilson's method (1927; recommended "
            "for small numbers by Brown, Cai and DasGupta, 2001): judging by so many pictures, the "
            "true rate for pictures like these could lie anywhere within it. A dash: no picture."
        ),
        "blocked_by": _("Blocked, by {column}"),
        "blocked_all": _("Blocked"),
        "rare": _("If nudity is rare"),
        "rare_why": _(
            "Most pictures taken in life show no nudity. Then even a small rate of false blocks "
            "outnumbers the right ones, whatever the model. A refusal costs a photo, and says "
            "nothing about anyone."
        ),
        "rare_range": _(
            "Under a figure stands its range, with both rates at the worse and at the better ends "
            "of their intervals."
        ),
        "expect": _("{look}: to expect of {pictures} pictures"),
        "show_nudity": _("pictures that show nudity"),
        "rightly": _("blocked rightly"),
        "missed": _("missed"),
        "wrongly": _("blocked wrongly"),
        "precision": _("share of the blocked that show nudity"),
        "needs_both": _("{look}: needs readable pictures of both kinds."),
    }


def _videos() -> dict[str, str]:
    return {
        "videos": _("Videos before the gate"),
        "videos_why": _(
            "A picture is judged once, a camera thirty times a second. So each frame of a video is "
            "judged as a live one, and a gate with this kit's settings is told of it. Before a "
            "harmless video it should never shut."
        ),
        "marked": _("marked"),
        "clips": _("videos"),
        "minutes": _("minutes"),
        "shut": _("shut"),
        "an_hour": _("an hour (95 %\xa0interval)"),
        "dead": _("share of the time shut"),
    }


def _scores() -> dict[str, str]:
    return {
        "apart": _("How well the scores tell the two apart"),
        "apart_why": _(
            "Each channel (model) gives a score from 0 to 1. The joint score is what the nudity "
            "rule makes of them: from {line} up a picture is blocked, because one channel is sure "
            "or because the doubts of several add up. The curve shows what moving the threshold "
            "would do; the further up and left, the better. Hollow marks are the thresholds in "
            "use. The area under it (AUC) is how often a picture marked nude scores higher than "
            "one marked safe: 1 is perfect, 0.5 is chance (ties count half; Mann and Whitney, "
            "1947)."
        ),
        "roc": _("ROC curves of the {look}"),
        "where": _("Where the scores lie"),
        "where_why": _(
            "Share of the pictures of each kind per twentieth of the scale; linear up to 1 %, "
            "logarithmic above. Dotted upright lines: the thresholds in use (a channel's lower one "
            "clears, its upper one means nudity; between the two is a doubt, also blocked)."
        ),
        "distribution": _("{look}: distribution of the {name} score"),
        "others": _("Other thresholds"),
        "others_why": _("Blocked if the joint score were at or over"),
        "threshold": _("threshold"),
        "kits": _(" (the kit's)"),
    }


def _rivals() -> dict[str, str]:
    return {
        "rivals": _("Beside public models"),
        "rivals_why": _(
            "The same pictures through public models, each in its own runtime, with its own "
            "preprocessing, and blocked by its own customary rule. “At ≤ 1 %\xa0false” is the "
            "lowest threshold that blocks at most 1 %\xa0of the pictures marked safe here, chosen "
            "on these very pictures: it flatters all alike."
        ),
        "model": _("model"),
        "few": _("nude blocked at ≤ 1 %\xa0false"),
        "own_nude": _("nude blocked, own rule"),
        "own_safe": _("safe blocked, own rule"),
        "unread": _("unreadable"),
        "version": _("version"),
        "licence": _("licence"),
        "rule": _("blocks if"),
    }


def _models() -> dict[str, str]:
    return {
        "measured": _("What exactly was measured"),
        "look": _("look"),
        "channel": _("channel"),
        "clear_below": _("clear below"),
        "nudity_from": _("nudity from"),
        "sha256": _("sha256 of the model"),
        "manifest": _("Manifest {manifest}, sha256 {sha256}."),
        "named": _(
            "Pictures are named by file name and set only and never shown. Per-picture scores are "
            "in the file that <code>--json</code> writes."
        ),
    }
