"""The area's tunable numbers: section `[bounces]` of assets/rules.toml."""

from bot.rules import Rules, load_rules


class BounceRules(Rules):
    """Limits and thresholds; units are in the names."""

    quiet_s: float
    found_quiet_s: float
    writer_unknown_quiet_s: float
    foreign_writer_quiet_s: float
    header_open_s: float
    empty_s: float
    poll_interval_s: float
    rescan_s: float
    watch_check_s: float
    again_s: float
    again_most_s: float
    probe_s: float
    burst_window_s: float
    burst_quiet_s: float
    burst_files: int
    max_duration_s: float
    max_size_bytes: int
    max_upload_bytes: int
    upload_room_bytes: int
    upload_connections: int
    upload_idle_s: float
    wrong_keys: int
    wrong_keys_window_s: int
    max_channels: int
    max_sample_rate: int
    min_posted_s: float
    columns: int
    clip_run: int
    silence_dbfs: float
    gap_s: float
    max_sections: int
    min_section_s: float
    tempo_confidence: float
    key_confidence: float
    workers: int
    worker_memory_bytes: int
    worker_time_s: float
    worker_time_per_minute_s: float
    slice_min_s: float
    slice_max_s: float
    slices_per_person: int
    comment_characters: int
    comments_per_bounce: int
    targets_lufs: dict[str, float]


def bounce_rules() -> BounceRules:
    """Return the shipped numbers, checked."""
    return load_rules("bounces", BounceRules)
