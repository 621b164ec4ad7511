"""How the process ends, for supervisors and scripts."""

from enum import IntEnum


class ExitCode(IntEnum):
    FINE = 0
    SETTINGS = 2
    ALREADY_RUNNING = 3
    DATABASE = 4
    TOKEN_REFUSED = 5
    DISCORD_UNREACHABLE = 6
    UNEXPECTED = 70


class Stop(Exception):
    """End the process with a code and one sentence for the terminal."""

    def __init__(self, code: ExitCode, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
