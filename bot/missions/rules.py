"""Numbers of missions: section `[missions]` of `assets/rules.toml`."""

from bot.rules import Rules, load_rules


class MissionRules(Rules):
    """Minutes, days, counts and characters, as the names say."""

    min_cadence_minutes: int
    steps_per_iteration: int
    open_proposals_per_owner: int
    proposal_days: int
    input_characters: int
    back_off_minutes: int
    back_off_cap_minutes: int
    failures_to_pause: int
    quiet_runs_to_slow: int
    stride_cap: int
    rejected_memory_days: int
    iterations_in_prompt: int
    tool_runs_per_day: int
    accept_rate_window: int
    accept_rate_floor_percent: int
    max_missions: int
    max_agents: int
    quorum_cap: int
    runs_computing_at_once: int
    attempts_to_interrupt: int
    agent_tokens_per_day: int
    undo_card_minutes: int


def mission_rules() -> MissionRules:
    return load_rules("missions", MissionRules)
