"""Limits of answers to interactions."""

from bot.local.limits.checks import Checks, as_dict, as_list

MAX_CHOICES = 25
DEFERRED = 5
EPHEMERAL = 1 << 6


def check_callback(body: object) -> None:
    """Refuse a callback without a known type; its data is checked by what it holds."""
    form = Checks()
    data = as_dict(body)
    form.keys((), data, ("type", "data"))
    form.one_of(("type",), data.get("type"), (1, 4, 5, 6, 7, 8, 9, 12))
    if data.get("type") in (4, 7, 8, 9):
        form.required(("data",), data.get("data"))
    if data.get("type") == DEFERRED and as_dict(data.get("data")).get("flags") not in (None, 0, EPHEMERAL):
        message = "Only the EPHEMERAL flag can be set when deferring; the others come with the edit"
        form.wrong(("data", "flags"), "INTERACTION_DEFER_FLAGS_INVALID", message)
    form.raise_if_wrong()


def check_choices(choices: object) -> None:
    """Refuse autocomplete results that Discord would refuse."""
    form = Checks()
    form.length(("choices",), choices, MAX_CHOICES)
    for index, choice in enumerate(as_list(choices)):
        body = as_dict(choice)
        path = ("choices", index)
        form.text((*path, "name"), body.get("name"), 100)
        value = body.get("value")
        if value is None:
            form.required((*path, "value"), value)
        elif isinstance(value, str):
            form.length((*path, "value"), value, 100)
    form.raise_if_wrong()
