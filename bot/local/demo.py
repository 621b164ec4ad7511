"""A short piece of music made from numbers, so that a newcomer sees a card before exporting anything."""

import wave
from pathlib import Path

import numpy as np

RATE = 44_100
BPM = 112


def make_demo_bounce(file: Path, seconds: float = 34.0) -> None:
    """Write a stereo 16-bit WAV: pads, then a beat, then a bass, then all of it, then a tail."""
    frames = int(seconds * RATE)
    time = np.arange(frames) / RATE
    beat = 60 / BPM
    bar = 4 * beat
    rng = np.random.default_rng(7)
    chords = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (130.8, 164.8, 196.0), (196.0, 246.9, 293.7))
    index = (time // bar).astype(int)
    pad = np.zeros((frames, 2))
    bass = np.zeros(frames)
    for number, chord in enumerate(chords):
        here = (index % 4) == number
        for note, pitch in enumerate(chord):
            wobble = 0.4 * np.sin(2 * np.pi * 0.25 * time + note)
            pad[here, 0] += np.sin(2 * np.pi * pitch * time + wobble)[here]
            pad[here, 1] += np.sin(2 * np.pi * pitch * 1.003 * time - wobble)[here]
        bass[here] = np.tanh(2 * np.sin(2 * np.pi * chord[0] / 2 * time))[here]
    since_beat = np.mod(time, beat)
    since_half = np.mod(time + beat, 2 * beat)
    since_hat = np.mod(time, beat / 2)
    kick = np.sin(2 * np.pi * (48 * since_beat + 6 * (1 - np.exp(-since_beat * 30)))) * np.exp(-since_beat * 9)
    snare = rng.standard_normal(frames) * np.exp(-since_half * 14)
    hat = rng.standard_normal(frames) * np.exp(-since_hat * 60)

    def part(start_bar: float, end_bar: float) -> np.ndarray:
        ramp = np.clip((time - start_bar * bar) / 0.02, 0, 1) * np.clip((end_bar * bar - time) / 0.02, 0, 1)
        return np.asarray(ramp)

    drums = part(3, 7) + part(9, 14)
    low = part(5, 14)
    soft = np.clip(time / 4, 0, 1) * np.clip((seconds - time) / 4, 0, 1)
    mono = 0.55 * kick * drums + 0.16 * snare * (part(5, 7) + part(9, 14)) + 0.05 * hat * drums + 0.22 * bass * low
    mix = 0.11 * pad * soft[:, None] + mono[:, None] * np.array([1.0, 0.97])
    mix *= 0.82 / np.max(np.abs(mix))
    with wave.open(str(file), "wb") as target:
        target.setnchannels(2)
        target.setsampwidth(2)
        target.setframerate(RATE)
        target.writeframes((mix * 32767).astype("<i2").tobytes())
