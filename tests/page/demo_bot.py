"""A small stock discord.py bot that uses every part of the page once. Nothing of the product is in it."""

import asyncio
import io
import math
import struct
import wave
import zlib
from typing import Any, TypeVar

import discord
from discord import app_commands

Part = TypeVar("Part", bound=discord.ui.Item[Any])


def inside(label: discord.ui.Label[Any], kind: type[Part]) -> Part:
    """Return what stands under a label; the label itself only knows that it is some item."""
    assert isinstance(label.component, kind)
    return label.component


def demo(interaction: discord.Interaction) -> "DemoBot":
    """Return the bot that was asked, with what only this one has."""
    assert isinstance(interaction.client, DemoBot)
    return interaction.client


SONGS = ("Night Drive", "Nightfall", "Harbour Lights", "Slow Tide", "Glass City")


def png(width: int, height: int, colour: tuple[int, int, int] = (34, 211, 238)) -> bytes:
    """Return a PNG that looks like a calm waveform, so that screenshots are worth looking at."""
    rows = bytearray()
    ground = (15, 17, 21)
    for y in range(height):
        rows.append(0)
        for x in range(width):
            reach = abs(math.sin(x / 9) * math.sin(x / 61 + 0.8)) * height * 0.42 + 2
            rows.extend(colour if abs(y - height / 2) < reach and x % 4 < 3 else ground)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes(rows), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def wav(seconds: float = 4.0, rate: int = 8000) -> bytes:
    """Return a quiet sine as a WAV."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        frames = (int(4000 * math.sin(i / rate * 2 * math.pi * 220)) for i in range(int(seconds * rate)))
        out.writeframes(b"".join(struct.pack("<h", f) for f in frames))
    return buffer.getvalue()


class EveryField(discord.ui.Modal, title="Every kind of field"):
    """One of each text, choice and file field that fits into five parts; `EveryPick` holds the rest."""

    intro = discord.ui.TextDisplay("Fill in what you like. **Nothing** is kept.")
    name = discord.ui.Label(
        text="Name",
        description="3 to 20 characters",
        component=discord.ui.TextInput(custom_id="name", min_length=3, max_length=20, placeholder="Night Drive"),
    )
    notes = discord.ui.Label(
        text="Notes",
        component=discord.ui.TextInput(
            custom_id="notes", style=discord.TextStyle.paragraph, required=False, max_length=300, default="Warm."
        ),
    )
    pace = discord.ui.Label(
        text="Pace",
        component=discord.ui.RadioGroup(
            custom_id="pace",
            options=[
                discord.RadioGroupOption(label="Relaxed", value="relaxed", description="One a week"),
                discord.RadioGroupOption(label="Intensive", value="intensive"),
            ],
        ),
    )
    files = discord.ui.Label(
        text="Files", component=discord.ui.FileUpload(custom_id="files", required=False, min_values=0, max_values=3)
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        name, notes = inside(self.name, discord.ui.TextInput), inside(self.notes, discord.ui.TextInput)
        pace, files = inside(self.pace, discord.ui.RadioGroup), inside(self.files, discord.ui.FileUpload)
        names = ",".join(file.filename for file in files.values)
        await interaction.response.send_message(
            f"name={name.value} notes={notes.value} pace={pace.value} files={names}",
            ephemeral=True,
        )


class EveryPick(discord.ui.Modal, title="Every kind of pick"):
    mood = discord.ui.Label(
        text="Mood",
        component=discord.ui.Select(
            custom_id="mood",
            options=[discord.SelectOption(label=m, value=m.lower()) for m in ("Calm", "Bright", "Dark")],
        ),
    )
    who = discord.ui.Label(text="Who", component=discord.ui.UserSelect(custom_id="who", required=False, max_values=2))
    where = discord.ui.Label(
        text="Where",
        component=discord.ui.ChannelSelect(custom_id="where", channel_types=[discord.ChannelType.text]),
    )
    lanes = discord.ui.Label(
        text="Lanes",
        component=discord.ui.CheckboxGroup(
            custom_id="lanes",
            max_values=2,
            options=[discord.CheckboxGroupOption(label=m, value=m.lower()) for m in ("Creative", "Promo", "Refine")],
        ),
    )
    sure = discord.ui.Label(text="I am sure", component=discord.ui.Checkbox(custom_id="sure"))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        mood, lanes = inside(self.mood, discord.ui.Select), inside(self.lanes, discord.ui.CheckboxGroup)
        who, where = inside(self.who, discord.ui.UserSelect), inside(self.where, discord.ui.ChannelSelect)
        await interaction.response.send_message(
            f"mood={mood.values[0]} who={','.join(u.display_name for u in who.values)} where={where.values[0].name} "
            f"lanes={','.join(lanes.values)} sure={inside(self.sure, discord.ui.Checkbox).value}",
            ephemeral=True,
        )


class Roles(discord.ui.Modal, title="Roles"):
    role = discord.ui.Label(text="Role", component=discord.ui.RoleSelect(custom_id="role"))
    anyone = discord.ui.Label(text="Anyone", component=discord.ui.MentionableSelect(custom_id="anyone"))

    async def on_submit(self, interaction: discord.Interaction) -> None:
        role = inside(self.role, discord.ui.RoleSelect).values[0]
        await interaction.response.send_message(f"role={role.name}", ephemeral=True)


class StuckForm(discord.ui.Modal, title="Never answers"):
    text = discord.ui.TextInput(label="Text", custom_id="text")

    async def on_submit(self, interaction: discord.Interaction) -> None:
        return


class Loud(discord.ui.View):
    """Classic buttons of every style, a select of each kind."""

    def __init__(self, owner_id: int) -> None:
        super().__init__(timeout=None)
        self.owner_id = owner_id
        self.add_item(discord.ui.Button(label="Website", url="https://example.org/studio"))

    @discord.ui.button(label="Primary", style=discord.ButtonStyle.primary, custom_id="primary")
    async def primary(self, interaction: discord.Interaction, _button: object) -> None:
        if interaction.user.id != self.owner_id:
            await interaction.response.send_message("This is Ada's card, so only she can change it.", ephemeral=True)
            return
        await interaction.response.edit_message(content="Pressed by the owner.")

    @discord.ui.button(label="Secondary", style=discord.ButtonStyle.secondary, custom_id="form")
    async def form(self, interaction: discord.Interaction, _button: object) -> None:
        await interaction.response.send_modal(EveryField())

    @discord.ui.button(label="Success", style=discord.ButtonStyle.success, custom_id="thanks", emoji="✅")
    async def thanks(self, interaction: discord.Interaction, _button: object) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.followup.send("Done, and only you know.")

    @discord.ui.button(label="Danger", style=discord.ButtonStyle.danger, custom_id="silent")
    async def silent(self, interaction: discord.Interaction, _button: object) -> None:
        return

    @discord.ui.select(
        custom_id="colour",
        placeholder="Pick colours",
        min_values=1,
        max_values=3,
        options=[
            discord.SelectOption(label=f"Colour {n}", value=str(n), description="A shade", default=n == 2)
            for n in range(1, 15)
        ],
    )
    async def colour(self, interaction: discord.Interaction, select: discord.ui.Select) -> None:
        await interaction.response.send_message(f"Colours {', '.join(select.values)}", ephemeral=True)

    @discord.ui.select(cls=discord.ui.UserSelect, custom_id="person", placeholder="Pick somebody")
    async def person(self, interaction: discord.Interaction, select: discord.ui.UserSelect) -> None:
        await interaction.response.send_message(f"You picked {select.values[0].display_name}", ephemeral=True)

    @discord.ui.select(cls=discord.ui.ChannelSelect, custom_id="place", placeholder="Pick a channel")
    async def place(self, interaction: discord.Interaction, select: discord.ui.ChannelSelect) -> None:
        await interaction.response.send_message(f"You picked #{select.values[0].name}", ephemeral=True)


class Card(discord.ui.LayoutView):
    """A Components V2 card as the product draws them."""

    def __init__(self, command: str) -> None:
        super().__init__(timeout=None)
        done = discord.ui.Button(label="Done", style=discord.ButtonStyle.primary, custom_id="card:done")
        done.callback = self.done
        gallery = discord.ui.MediaGallery(
            discord.MediaGalleryItem(
                "attachment://timeline.png", description="Timeline of Night Drive, 8 clips on 5 lanes."
            )
        )
        row = discord.ui.ActionRow(
            done,
            discord.ui.Button(label="Add clip", custom_id="card:add"),
            discord.ui.Button(label="Suggest", custom_id="card:suggest"),
            discord.ui.Button(label="More", custom_id="card:more"),
        )
        self.add_item(
            discord.ui.Container(
                discord.ui.TextDisplay("### Night Drive\nStrong 🔵 · 52 of 100"),
                discord.ui.Section(
                    discord.ui.TextDisplay("**Plan** 8 clips on 5 lanes, bars 1 to 6"),
                    discord.ui.TextDisplay("**Motion** 31%: one finished clip this week, <t:1780000000:R>"),
                    accessory=discord.ui.Thumbnail("attachment://cover.png", description="Cover of Night Drive"),
                ),
                discord.ui.Separator(),
                gallery,
                discord.ui.TextDisplay(f"**Next**\n- Finish the *hook*, adds 6\n- Bounce it, see {command}"),
                discord.ui.TextDisplay("-# Ada · updated <t:1780000000:R> · not AI-written"),
                row,
                accent_colour=0x22D3EE,
            )
        )

    async def done(self, interaction: discord.Interaction) -> None:
        await interaction.response.edit_message(
            view=discord.ui.LayoutView().add_item(discord.ui.TextDisplay("### Night Drive\nAll done.")),
            attachments=[],
        )


class DemoBot(discord.Client):
    """Commands for the journeys; synced once at start."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), guild_ready_timeout=0.0)
        self.tree = app_commands.CommandTree(self)
        self.synced = asyncio.Event()
        self.mention = ""
        self.late = asyncio.Event()
        self.hold: asyncio.Event | None = None
        """While set, an autocomplete waits for it; `held` counts those that wait."""
        self.held = 0
        for command in (say, buttons, card, slow, never, options, file, xss, embed, gallery, picks, roles, stuck, many):
            self.tree.add_command(command)
        song = app_commands.Group(name="song", description="Songs")
        song.add_command(show)
        song.add_command(make)
        self.tree.add_command(song)
        self.tree.add_command(log_as_bounce)
        self.tree.add_command(show_shared)

    async def setup_hook(self) -> None:
        synced = await self.tree.sync()
        self.mention = next(f"</song show:{c.id}>" for c in synced if c.name == "song")
        self.synced.set()


@app_commands.command(description="Say something back")
async def say(interaction: discord.Interaction, text: str) -> None:
    await interaction.response.send_message(text, allowed_mentions=discord.AllowedMentions.none())


@app_commands.command(description="Show every button and select")
async def buttons(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("Press what you like.", view=Loud(interaction.user.id))


@app_commands.command(description="Show a card with a picture")
async def card(interaction: discord.Interaction) -> None:
    files = [
        discord.File(io.BytesIO(png(960, 320)), "timeline.png"),
        discord.File(io.BytesIO(png(128, 128, (167, 139, 250))), "cover.png"),
    ]
    await interaction.response.send_message(view=Card(demo(interaction).mention), files=files)


@app_commands.command(description="Answer late, after thinking")
async def slow(interaction: discord.Interaction) -> None:
    await interaction.response.defer()
    await demo(interaction).late.wait()
    await interaction.edit_original_response(content="Here at last.")


@app_commands.command(description="Never answer")
async def never(interaction: discord.Interaction) -> None:
    return


@app_commands.command(description="Use every kind of option")
@app_commands.choices(lane=[app_commands.Choice(name=n, value=n.lower()) for n in ("Creative", "Promo", "Refine")])
async def options(
    interaction: discord.Interaction,
    lane: app_commands.Choice[str],
    bars: app_commands.Range[int, 1, 16],
    gain: float = 0.0,
    loud: bool = False,
    who: discord.User | None = None,
    where: discord.TextChannel | None = None,
    role: discord.Role | None = None,
) -> None:
    await interaction.response.send_message(
        f"lane={lane.value} bars={bars} gain={gain} loud={loud} "
        f"who={who and who.display_name} where={where and where.name}",
        ephemeral=True,
    )


@app_commands.command(description="Take a file and give it back with a player")
async def file(interaction: discord.Interaction, audio: discord.Attachment) -> None:
    await interaction.response.send_message(f"Got {audio.filename}", file=await audio.to_file())


@app_commands.command(description="Say things that must stay text")
async def xss(interaction: discord.Interaction) -> None:
    await interaction.response.send_message(
        '<img src=x onerror="window.broken=1"> [press](javascript:window.broken=1) <script>window.broken=1</script>',
        embed=discord.Embed(  # noqa: TID251 - the page shows embeds of any bot
            title="<b>bold?</b>", description="[x](javascript:alert(1))", url="https://example.org/"
        ),
    )


@app_commands.command(description="Show an embed")
async def embed(interaction: discord.Interaction) -> None:
    made = discord.Embed(  # noqa: TID251
        title="Night Drive", description="A *calm* one.", colour=0xE69F00, url="https://example.org/"
    )
    made.add_field(name="Length", value="3:17").add_field(name="Peak", value="-0.8 dBFS").add_field(
        name="Loudness", value="-14.2 LUFS"
    )
    made.set_author(name="Ada").set_footer(text="Measured here").set_image(url="attachment://wave.png")
    await interaction.response.send_message(embed=made, file=discord.File(io.BytesIO(png(640, 180)), "wave.png"))


@app_commands.command(description="Show several pictures, a sound and a file")
async def gallery(interaction: discord.Interaction) -> None:
    view = discord.ui.LayoutView()
    names = ("one.png", "two.png", "three.png")
    view.add_item(
        discord.ui.MediaGallery(
            *(
                discord.MediaGalleryItem(f"attachment://{n}", description=f"Picture {n}", spoiler=n == "three.png")
                for n in names
            )
        )
    )
    view.add_item(discord.ui.File("attachment://facts.json"))
    files = [discord.File(io.BytesIO(png(480, 320, (52, 211, 153))), n) for n in names]
    files.append(discord.File(io.BytesIO(b"{}"), "facts.json"))
    await interaction.response.send_message(view=view, files=files)
    await interaction.followup.send(file=discord.File(io.BytesIO(wav()), "night-drive.wav"))


@app_commands.command(description="Open a form with picks")
async def picks(interaction: discord.Interaction) -> None:
    form = EveryPick()
    # Libraries send the ids of present values as numbers.
    inside(form.who, discord.ui.UserSelect).default_values = [discord.SelectDefaultValue.from_user(interaction.user)]
    await interaction.response.send_modal(form)


@app_commands.command(description="Open a form with roles")
async def roles(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(Roles())


@app_commands.command(description="Open a form that gets no answer")
async def stuck(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(StuckForm())


@app_commands.command(description="Only for managers")
@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
async def many(interaction: discord.Interaction) -> None:
    await interaction.response.send_message("For managers.", ephemeral=True)


@app_commands.command(name="show", description="Show one song")
async def show(interaction: discord.Interaction, song: str) -> None:
    await interaction.response.send_message(f"### {song}\nIt is **calm**.", ephemeral=True)


@show.autocomplete("song")
async def songs(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
    bot = demo(interaction)
    if (hold := bot.hold) is not None:
        bot.held += 1
        await hold.wait()
        bot.held -= 1
    return [app_commands.Choice(name=s, value=s) for s in SONGS if current.lower() in s.lower()]


@app_commands.command(name="new", description="Make a song")
async def make(interaction: discord.Interaction) -> None:
    await interaction.response.send_modal(EveryField())


@app_commands.context_menu(name="Log as bounce")
async def log_as_bounce(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.send_message(f"Logged: {message.content}", ephemeral=True)


@app_commands.context_menu(name="Show shared card")
async def show_shared(interaction: discord.Interaction, user: discord.User) -> None:
    await interaction.response.send_message(f"{user.display_name} shared nothing here.", ephemeral=True)
