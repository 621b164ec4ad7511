"""A plain discord.py bot with one of everything, for tests of the local Discord."""

import io
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.local.rest.cdn import plain_png

PNG = plain_png(b"\x30\x60\x90", side=8)
BOUNCES = ["Night Drive", "Night Shift", "Harbour"]


def picture(name: str = "card.png", description: str | None = None) -> discord.File:
    return discord.File(io.BytesIO(PNG), name, description=description)


class TagSelect(ui.Select[Any]):
    def __init__(self) -> None:
        options = [discord.SelectOption(label=tag, value=tag.lower()) for tag in ("Keeper", "Maybe", "Scratch")]
        super().__init__(custom_id="tag:pick", placeholder="Tag", options=options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        view = ui.LayoutView()
        view.add_item(ui.TextDisplay(f"Tagged {self.values[0]}"))
        await interaction.response.edit_message(view=view, attachments=[])


class NameForm(ui.Modal, title="Rename"):
    name: ui.Label[Any] = ui.Label(text="New name", component=ui.TextInput(custom_id="name", max_length=30))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        field = self.name.component
        assert isinstance(field, ui.TextInput)
        await interaction.response.send_message(f"Renamed to {field.value}", ephemeral=True)


class EveryField(ui.Modal, title="Everything"):
    def __init__(self) -> None:
        super().__init__(custom_id="everything")
        option = discord.SelectOption
        self.add_item(ui.TextDisplay("Tell me everything."))
        self.add_item(ui.Label(text="Text", component=ui.TextInput(custom_id="text", default="as before")))
        picks = [option(label="One", value="1"), option(label="Two", value="2")]
        self.add_item(ui.Label(text="Pick", component=ui.Select(custom_id="pick", options=picks, max_values=2)))
        self.add_item(ui.Label(text="Who", component=ui.UserSelect(custom_id="who")))
        self.add_item(ui.Label(text="Files", component=ui.FileUpload(custom_id="files", required=False, max_values=3)))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        told: list[str] = []
        for item in self.walk_children():
            if isinstance(item, ui.TextInput):
                told.append(item.value)
            elif isinstance(item, (ui.Select, ui.UserSelect)):
                told.append(",".join(getattr(v, "display_name", str(v)) for v in item.values))
            elif isinstance(item, ui.FileUpload):
                told.append(",".join([f"{f.filename}:{len(await f.read())}" for f in item.values]))
        await interaction.response.send_message(" / ".join(told))


class Boxes(ui.Modal, title="Boxes"):
    def __init__(self) -> None:
        super().__init__(custom_id="boxes")
        radio = ui.RadioGroup(custom_id="radio", options=[discord.RadioGroupOption(label=x, value=x) for x in "ab"])
        group = ui.CheckboxGroup(
            custom_id="group",
            options=[discord.CheckboxGroupOption(label=x, value=x) for x in "cd"],
            required=False,
            min_values=0,
        )
        self.add_item(ui.Label(text="Radio", component=radio))
        self.add_item(ui.Label(text="Group", component=group))
        self.add_item(ui.Label(text="Sure", component=ui.Checkbox(custom_id="sure")))
        self.add_item(ui.Label(text="Role", component=ui.RoleSelect(custom_id="role", required=False, min_values=0)))
        self.add_item(
            ui.Label(text="Channel", component=ui.ChannelSelect(custom_id="where", required=False, min_values=0))
        )
        self._parts = radio, group

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        told: list[str] = []
        for item in self.walk_children():
            if isinstance(item, (ui.RadioGroup, ui.Checkbox)):
                told.append(str(item.value))
            elif isinstance(item, (ui.CheckboxGroup, ui.RoleSelect, ui.ChannelSelect)):
                told.append("+".join(str(v) for v in item.values))
        await interaction.response.send_message(" / ".join(told))


class Counter(
    ui.DynamicItem[ui.Button[Any]],
    template=r"v1:count:(?P<count>\d+)",
):
    def __init__(self, count: int) -> None:
        super().__init__(ui.Button(label=f"Count {count}", custom_id=f"v1:count:{count}"))
        self.count = count

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: Any, /) -> "Counter":
        return cls(int(match["count"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        view = ui.View(timeout=None)
        view.add_item(Counter(self.count + 1))
        await interaction.response.edit_message(content=f"Counted {self.count + 1}", view=view)


class BounceCard(ui.LayoutView):
    def __init__(self, name: str) -> None:
        super().__init__(timeout=None)
        gallery = ui.MediaGallery(discord.MediaGalleryItem("attachment://card.png", description=f"Levels of {name}"))
        container = ui.Container(ui.TextDisplay(f"### {name}"), gallery, ui.ActionRow(TagSelect()))
        row: ui.ActionRow[Any] = ui.ActionRow()
        rename: ui.Button[Any] = ui.Button(label="Rename", custom_id="rename")
        rename.callback = self.rename
        row.add_item(rename)
        row.add_item(ui.Button(label="Help", url="https://example.com/help"))
        self.add_item(container)
        self.add_item(row)

    async def rename(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_modal(NameForm())


class Bounces(app_commands.Group):
    """Bounces."""

    @app_commands.command()
    async def show(self, interaction: discord.Interaction[Any], bounce: str) -> None:
        """Show a bounce."""
        await interaction.response.send_message(view=BounceCard(bounce), file=picture())

    @show.autocomplete("bounce")
    async def names(self, _: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        found = [name for name in BOUNCES if typed.casefold() in name.casefold()]
        return [app_commands.Choice(name=name, value=name) for name in found]

    @app_commands.command()
    async def work(self, interaction: discord.Interaction[Any]) -> None:
        """Answer late, with files, then tidy up."""
        await interaction.response.defer(ephemeral=True)
        await interaction.edit_original_response(content="Measured", attachments=[picture("one.png")])
        extra = await interaction.followup.send("More", file=picture("two.png"), wait=True)
        extra = await extra.edit(content="More, edited")
        read = await extra.attachments[0].read()
        await extra.delete()
        fetched = await interaction.original_response()
        await interaction.followup.send(f"{fetched.content}, {len(read)} bytes, {fetched.attachments[0].filename}")

    @app_commands.command()
    async def twice(self, interaction: discord.Interaction[Any]) -> None:
        """Answer twice."""
        await interaction.response.send_message("Once")
        interaction.response._response_type = None
        try:
            await interaction.response.send_message("Twice")
        except discord.HTTPException as error:
            await interaction.followup.send(f"refused {error.status}/{error.code}")


@app_commands.command()
@app_commands.choices(
    target=[app_commands.Choice(name="Analogue", value="an"), app_commands.Choice(name="XP", value="xp")]
)
async def options(
    interaction: discord.Interaction[Any],
    target: str,
    count: app_commands.Range[int, 1, 10],
    ratio: float,
    loud: bool,
    who: discord.User,
    where: discord.TextChannel,
    role: discord.Role,
    any_one: discord.User | discord.Role,
    file: discord.Attachment,
) -> None:
    """Take one of each option."""
    data = await file.read()
    told = [target, count, ratio, loud, who.display_name, where.name, role.name, any_one.name, file.filename]
    await interaction.response.send_message(" ".join(str(t) for t in [*told, len(data)]))


@app_commands.command()
async def gallery(interaction: discord.Interaction[Any]) -> None:
    """Show an embed with pictures and loose files."""
    body = {"title": "Gallery", "image": {"url": "attachment://a.png"}, "fields": [{"name": "Key", "value": "A minor"}]}
    embed = discord.Embed.from_dict(body)  # noqa: TID251 - the server must take them, the product uses none
    files = [picture("a.png"), picture("b.png", "the second")]
    await interaction.response.send_message(embed=embed, files=files)
    sent = await interaction.original_response()
    told = [str(sent.embeds[0].image.width), *(a.filename for a in sent.attachments)]
    await interaction.followup.send(" ".join(told))


@app_commands.command()
async def selects(interaction: discord.Interaction[Any]) -> None:
    """Offer every kind of select."""
    view = ui.View(timeout=None)
    kinds: dict[str, ui.Item[Any]] = {
        "user": ui.UserSelect(custom_id="user", placeholder="Who"),
        "role": ui.RoleSelect(custom_id="role", placeholder="Which role"),
        "anyone": ui.MentionableSelect(custom_id="anyone", placeholder="Anyone", max_values=2),
        "channel": ui.ChannelSelect(custom_id="channel", placeholder="Where"),
    }
    for select in kinds.values():

        async def chosen(interaction: discord.Interaction[Any], select: Any = select) -> None:
            await interaction.response.edit_message(content=" ".join(v.name for v in select.values))

        select.callback = chosen
        view.add_item(select)
    await interaction.response.send_message("Choose", view=view)


@app_commands.command()
@app_commands.choices(which=[app_commands.Choice(name=n, value=n) for n in ("everything", "boxes")])
async def form(interaction: discord.Interaction[Any], which: str) -> None:
    """Open a form."""
    await interaction.response.send_modal(EveryField() if which == "everything" else Boxes())


@app_commands.command()
@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
async def anywhere(interaction: discord.Interaction[Any], followups: int = 0) -> None:
    """Work wherever a person is."""
    await interaction.response.send_message(f"{interaction.context} in private" if not interaction.guild else "here")
    try:
        for number in range(followups):
            await interaction.followup.send(f"follow-up {number + 1}")
    except discord.HTTPException as error:
        await interaction.edit_original_response(content=f"stopped by {error.code}")


@app_commands.command()
async def counter(interaction: discord.Interaction[Any]) -> None:
    """Start a counter that survives restarts."""
    view = ui.View(timeout=None)
    view.add_item(Counter(0))
    await interaction.response.send_message("Counted 0", view=view)


@app_commands.command()
async def silent(interaction: discord.Interaction[Any]) -> None:
    """Never answer."""


@app_commands.command()
async def letter(interaction: discord.Interaction[Any]) -> None:
    """Write to the person in private."""
    try:
        await interaction.user.send("Hello in private", file=picture())
        await interaction.response.send_message("Sent", ephemeral=True)
    except discord.HTTPException as error:
        await interaction.response.send_message(f"refused {error.code}", ephemeral=True)


@app_commands.command()
async def threads(interaction: discord.Interaction[Any]) -> None:
    """Make threads, react, pin, read back."""
    channel = interaction.channel
    assert isinstance(channel, discord.TextChannel)
    await interaction.response.defer()
    post = await channel.send("A post", nonce="once", file=picture())
    again = await channel.send("A post", nonce="once")
    await post.add_reaction("🎧")
    await post.remove_reaction("🎧", discord.Object(interaction.client.user.id))  # type: ignore[union-attr]
    await post.add_reaction("🎧")
    thread = await post.create_thread(name="About it")
    await thread.send("In the thread")
    free = await channel.create_thread(name="Free", type=discord.ChannelType.public_thread)
    free = await free.edit(archived=True)
    async with channel.typing():
        history = [message.content async for message in channel.history(limit=10, oldest_first=True)]
    fetched = await channel.fetch_message(post.id)
    reacted = [user.name async for user in fetched.reactions[0].users()]
    await post.edit(attachments=[])
    told = [post.id == again.id, len(history), reacted[0], thread.name, free.archived]
    await interaction.followup.send(" ".join(str(t) for t in told))


@app_commands.context_menu(name="Log as bounce")
async def log_as_bounce(interaction: discord.Interaction[Any], message: discord.Message) -> None:
    await interaction.response.send_message(f"Logged: {message.content}", ephemeral=True)


@app_commands.context_menu(name="Show shared card")
async def shared_card(interaction: discord.Interaction[Any], user: discord.Member) -> None:
    await interaction.response.send_message(f"{user.display_name} shares nothing", ephemeral=True)


class SampleBot(commands.Bot):
    """Everything above, synced at the start."""

    def __init__(self, *, guild_id: int | None = None, **options: Any) -> None:
        super().__init__(
            command_prefix="!",
            intents=options.pop("intents", discord.Intents(guilds=True, dm_messages=True)),
            guild_ready_timeout=0.0,
            allowed_mentions=discord.AllowedMentions.none(),
            **options,
        )
        self._guild_id = guild_id
        self.heard: list[str] = []
        self.resumes = 0

    async def setup_hook(self) -> None:
        self.tree.add_command(Bounces(name="bounce", description="Bounces."))
        for command in (
            options, gallery, selects, form, anywhere, counter, silent, letter, threads, log_as_bounce, shared_card,
        ):  # fmt: skip
            self.tree.add_command(command)
        self.add_dynamic_items(Counter)
        if self._guild_id is None:
            await self.tree.sync()
            return
        guild = discord.Object(self._guild_id)
        self.tree.copy_global_to(guild=guild)
        await self.tree.sync(guild=guild)

    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot:
            self.heard.append(message.content)
            await message.channel.send(f"You said: {message.content}")

    async def on_resumed(self) -> None:
        self.resumes += 1
