"""The numbers of this area: section `[clients]` of assets/rules.toml."""

from pydantic import Field

from bot.rules import Rules, load_rules


class ClientRules(Rules):
    name_max: int = Field(ge=1)
    notes_max: int = Field(ge=1)
    clients_max: int = Field(ge=1)
    people_max: int = Field(ge=1)
    invites_max: int = Field(ge=1)
    person_clients_max: int = Field(ge=1)
    invite_days: int = Field(ge=1)
    code_signs: int = Field(ge=8)
    wrong_codes: int = Field(ge=1)
    wrong_codes_minutes: int = Field(ge=1)
    lines_shown: int = Field(ge=1)
    finished_days: int = Field(ge=1)
    assignees_max: int = Field(ge=1)
    telling_gap_minutes: int = Field(ge=0)
    handover_days: int = Field(ge=1)
    week_lines: int = Field(ge=1)
    week_words_max: int = Field(ge=1)
    week_days_max: int = Field(ge=7)
    week_held_hours: int = Field(ge=1)
    week_leads_max: int = Field(ge=1)


def client_rules() -> ClientRules:
    return load_rules("clients", ClientRules)
