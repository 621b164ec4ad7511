"""Discord's limits on what bots send, as hand-written rules. Each raises a `FormError` tree with Discord's codes.

Always applied: a bot that goes over a limit fails here as it would in production. Standard library only.
"""

from bot.local.limits.commands import check_commands
from bot.local.limits.interactions import check_callback, check_choices
from bot.local.limits.messages import Existing, check_message
from bot.local.limits.modals import check_modal

__all__ = ["Existing", "check_callback", "check_choices", "check_commands", "check_message", "check_modal"]
