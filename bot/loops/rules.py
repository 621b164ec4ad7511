"""The numbers of this area, as read from section `loops` of `assets/rules.toml`."""

from pydantic import Field, model_validator

from bot.loops.model import LANES, Lane, Pace, Role
from bot.rules import Rules, load_rules


class SequenceRules(Rules):
    next_kept: int = Field(ge=1)
    next_shown: int = Field(ge=1)
    overlap_units: float = Field(ge=0)
    lane_heavy_share: float = Field(gt=0, le=1)
    gap_share: float = Field(gt=0, le=1)
    remark_from_clips: int = Field(ge=1)
    warnings_shown: int = Field(ge=0)


class MomentumRules(Rules):
    capacity_undated: float = Field(gt=0)
    capacity_per_week: dict[Pace, float]
    completions_per_week: dict[Pace, float]
    flow_share_undated: float = Field(gt=0, le=1)
    flow_share_dated: float = Field(gt=0, le=1)
    drive_half_life_days: float = Field(gt=0)
    output_half_life_days: float = Field(gt=0)
    quality_floor: float = Field(ge=0, le=1)
    drive_weight: float = Field(ge=0, le=1)
    plan_exponent: float = Field(gt=0, lt=1)
    pillar_floor: float = Field(gt=0, lt=1)
    completions_per_day: int = Field(ge=1)
    label_edges: tuple[float, float, float, float]
    reason_window_days: int = Field(ge=1)
    targets: dict[Role, tuple[float, float, float, float, float]]

    @model_validator(mode="after")
    def _shares_add_up(self) -> "MomentumRules":
        for role in Role:
            if abs(sum(self.targets[role]) - 1) > 1e-9:
                raise ValueError(f"the target shares of {role} add up to {sum(self.targets[role])}, not 1")
        for table in (self.capacity_per_week, self.completions_per_week):
            if set(table) != set(Pace):
                raise ValueError("a pace is missing in capacity_per_week or completions_per_week")
        return self

    def target(self, role: Role, lane: Lane) -> float:
        """Return the share of a full plan that belongs on this lane."""
        return self.targets[role][LANES.index(lane)]


class WhatIfRules(Rules):
    min_gain: float = Field(gt=0)
    shown: int = Field(ge=1)


class SuggestRules(Rules):
    clips: int = Field(ge=1)
    read_clips: int = Field(ge=1)
    read_fixes: int = Field(ge=1)
    fix_max: int = Field(ge=1)
    name_max: int = Field(ge=1)
    notes_max: int = Field(ge=1)
    effort_days: dict[str, int]
    dismissed_days: int = Field(ge=0)
    tips: int = Field(ge=1)


class SummaryRules(Rules):
    words_max: int = Field(ge=1)


class TransferRules(Rules):
    bytes_max: int = Field(ge=1)
    rows_max: int = Field(ge=1)
    problems_shown: int = Field(ge=1)


class ExportRules(Rules):
    retries: int = Field(ge=0)
    xp_tips: int = Field(ge=0)


class PanelRules(Rules):
    redraw_s: float = Field(gt=0)
    edit_gap_s: float = Field(ge=0)
    retry_s: tuple[float, ...]
    later_s: float = Field(gt=0)
    waiting_max: int = Field(ge=1)


class PictureRules(Rules):
    plot_px: int = Field(ge=200)
    unit_px: float = Field(gt=0)


class LoopRules(Rules):
    default_name: str
    default_clip_name: str
    default_bpm: float
    bpm_range: tuple[float, float]
    default_zoom: float
    zoom_range: tuple[float, float]
    default_length_units: float = Field(gt=0)
    timeline_min_units: float = Field(gt=0)
    timeline_pad_units: float = Field(ge=0)
    playhead_step_units: float = Field(gt=0)
    max_start_units: float = Field(gt=0)
    max_length_units: float = Field(gt=0)
    max_clips: int = Field(ge=1)
    max_loops: int = Field(ge=1)
    name_max: int = Field(ge=1)
    notes_max: int = Field(ge=0)
    sequence: SequenceRules
    momentum: MomentumRules
    whatif: WhatIfRules
    suggest: SuggestRules
    summary: SummaryRules
    transfer: TransferRules
    exports: ExportRules
    panel: PanelRules
    picture: PictureRules


def loop_rules() -> LoopRules:
    """Return this area's numbers; the file is read once."""
    return load_rules("loops", LoopRules)
