"""`/bounce folder`: the operator's panel of watched folders and of keys for companions."""

from pathlib import Path

from bot.bounces.model import Folder, PostChoice, WatchMode
from bot.errors import NotFound
from bot.say.card import (
    Accent,
    Button,
    Card,
    Option,
    Section,
    Select,
    SelectKind,
    Style,
    Text,
    join,
    mention,
    note,
    raw,
)
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who
from bot.ui.places import must_be_seen
from cogs.bounces.forms import undo_bounce

_MINE, _SERVER = "mine", "server"
_DEPTHS = ("flat", "deep")


async def panel(turn: Turn) -> Card:
    """Return the list of folders."""
    words = turn.words
    folders = await turn.services.bounces.folders.all()
    modes = {run.name: run for run in (await turn.services.bounces.pipeline.health()).folders}
    lines = [
        words(
            "bounce.folder.line",
            name=Path(folder.path).name,
            state=_state(folder, modes[Path(folder.path).name].mode if Path(folder.path).name in modes else "", words),
            post=words(f"bounce.folder.post.{folder.post}"),
            owner=_owner(turn, folder),
        )
        for folder in folders
    ]
    options = [Option(Path(folder.path).name, folder.id) for folder in folders[:25]]
    add = Button("bounce", "folder-add", words("bounce.folder.add"), style=Style.PRIMARY, owner=turn.person)
    keys = Button("bounce", "keys", words("bounce.folder.keys"), owner=turn.person)
    rows = [[add, keys]]
    if options:
        pick = Select("bounce", "folder", words("bounce.folder.pick"), options, owner=turn.person)
        return Card(
            words("bounce.folder.title"),
            lead=words("bounce.folder.lead", count=len(folders)),
            sections=[Section(None, lines)],
            rows=[pick, *rows],
        )
    return Card(words("bounce.folder.title"), lead=words("bounce.folder.empty"), rows=rows)


def _owner(turn: Turn, folder: Folder) -> Text:
    """Say whose a folder is: one's own, this or another server's, somebody else's."""
    guild = turn.interaction.client.get_guild(folder.owner_id)
    if guild is not None:
        return turn.words("bounce.folder.of", name=guild.name)
    if folder.owner_id == turn.person:
        return turn.words("bounce.folder.owner.mine")
    return mention(folder.owner_id)


def _state(folder: Folder, mode: str, words: Words) -> str:
    if folder.is_paused:
        return words("bounce.folder.paused")
    if folder.gone_since is not None:
        return words("bounce.folder.gone", when=folder.gone_since)
    return words("bounce.folder.polling" if mode == WatchMode.POLLING else "bounce.folder.watching")


async def _folder(turn: Turn, folder_id: str) -> Folder:
    turn.services.studio.require_operator(turn.person)
    for folder in await turn.services.bounces.folders.all():
        if folder.id == folder_id:
            return folder
    raise NotFound("folder", "/bounce folder")


async def folder_card(turn: Turn, folder: Folder) -> Card:
    """Return the settings of one folder: what it posts, where, pause."""
    words = turn.words
    posts = [Option(words(f"bounce.folder.post.{one}"), one, default=one is folder.post) for one in PostChoice]
    pause = "bounce.folder.resume" if folder.is_paused else "bounce.folder.pause"
    return Card(
        Path(folder.path).name,
        lead=join(" · ", [_state(folder, "", words), _owner(turn, folder)]),
        accent=Accent.LOOK if folder.gone_since is not None else None,
        rows=[
            Select("bounce", "folder-post", words("bounce.folder.choose_post"), posts, folder.id, owner=turn.person),
            Select(
                "bounce",
                "folder-channel",
                words("bounce.folder.choose_channel"),
                id=folder.id,
                kind=SelectKind.CHANNEL,
                owner=turn.person,
                defaults=[folder.channel_id] if folder.channel_id is not None else (),
            ),
            [
                Button("bounce", "folder-pause", words(pause), folder.id, owner=turn.person),
                Button("bounce", "folder-how", words("bounce.folder.how"), folder.id, owner=turn.person),
                Button("bounce", "folders", words("bounce.folder.back"), owner=turn.person),
                Button("bounce", "folder-remove", words("bounce.folder.remove"), folder.id, owner=turn.person),
            ],
        ],
    )


@control("bounce", "folders")
async def show_panel(press: Press) -> None:
    press.services.studio.require_operator(press.person)
    await press.update(await panel(press))


@control("bounce", "folder")
async def show_folder(press: Press) -> None:
    await press.update(await folder_card(press, await _folder(press, press.values[0])))


@control("bounce", "folder-post")
async def set_post(press: Press) -> None:
    folder = await _folder(press, press.id)
    changed, _ = await press.services.bounces.folders.change(
        press.actor, folder.owner_id, folder.id, post=PostChoice(press.values[0])
    )
    await _changed(press, changed)


@control("bounce", "folder-channel")
async def set_channel(press: Press) -> None:
    folder = await _folder(press, press.id)
    channel = int(press.values[0]) if press.values else None
    await must_be_seen(press, channel)
    changed, _ = await press.services.bounces.folders.change(
        press.actor, folder.owner_id, folder.id, channel_id=channel
    )
    await _changed(press, changed)


@control("bounce", "folder-pause")
async def pause(press: Press) -> None:
    folder = await _folder(press, press.id)
    changed, _ = await press.services.bounces.folders.change(
        press.actor, folder.owner_id, folder.id, is_paused=not folder.is_paused
    )
    await _changed(press, changed)


@control("bounce", "folder-how", opens_form=True)
async def how(press: Press) -> None:
    """Open what is changed rarely: subfolders, how it is watched, what is not looked at."""
    folder, words = await _folder(press, press.id), press.words
    depth = [Option(words(f"bounce.folder.depth.{one}"), one) for one in _DEPTHS]
    modes = [Option(words(f"bounce.folder.mode.{one}"), one) for one in WatchMode]
    fields = [
        Field("depth", words("bounce.form.depth"), kind=FieldKind.SELECT, options=depth,
              value=_DEPTHS[folder.is_recursive]),
        Field("mode", words("bounce.form.mode"), words("bounce.form.mode_help"), kind=FieldKind.SELECT, options=modes,
              value=str(folder.mode)),
        Field("ignore", words("bounce.form.ignore"), words("bounce.form.ignore_help"), kind=FieldKind.PARAGRAPH,
              value="\n".join(folder.ignore), required=False, max_length=1000),
    ]  # fmt: skip
    await press.open(Form("bounce", "folder-set", words("bounce.form.how"), fields, id=folder.id))


@form("bounce", "folder-set", who=Who.ANYONE)
async def set_how(submit: Submit) -> None:
    folder, values = await _folder(submit, submit.id), submit.values
    patterns = [line.strip() for line in values.text("ignore").splitlines() if line.strip()]
    changed, group_id = await submit.services.bounces.folders.change(
        submit.actor,
        folder.owner_id,
        folder.id,
        is_recursive=values.choice("depth") != _DEPTHS[False],
        mode=WatchMode(values.choice("mode") or folder.mode),
        ignore=patterns,
    )
    await submit.services.bounces.pipeline.refresh()
    told = submit.words("bounce.told.folder_changed")
    await submit.reply(note(told, [undo_bounce(submit, changed.owner_id, group_id)]))


async def _changed(press: Press, folder: Folder) -> None:
    await press.services.bounces.pipeline.refresh()
    await press.update(await folder_card(press, folder))


@control("bounce", "folder-remove")
async def remove(press: Press) -> None:
    folder = await _folder(press, press.id)
    group_id = await press.services.bounces.folders.remove(press.actor, folder.owner_id, folder.id)
    await press.services.bounces.pipeline.refresh()
    told = press.words("bounce.told.folder_removed", name=Path(folder.path).name)
    await press.update(note(told, [undo_bounce(press, folder.owner_id, group_id)]))


@control("bounce", "folder-add", opens_form=True)
async def add(press: Press) -> None:
    press.services.studio.require_operator(press.person)
    words = press.words
    fields = [Field("path", words("bounce.form.path"), words("bounce.form.path_help"), max_length=500)]
    if press.guild is not None:
        kinds = [Option(words(f"bounce.folder.owner.{one}"), one) for one in (_MINE, _SERVER)]
        fields.append(Field("owner", words("bounce.form.owner"), kind=FieldKind.SELECT, options=kinds, value=_MINE))
    await press.open(Form("bounce", "folder-added", words("bounce.form.folder"), fields))


@form("bounce", "folder-added", who=Who.ANYONE)
async def added(submit: Submit) -> None:
    services = submit.services
    services.studio.require_operator(submit.person)
    owner = submit.person
    if submit.guild is not None and submit.values.choice("owner") == _SERVER:
        owner = submit.guild
    folder = await services.bounces.folders.ensure(submit.actor, owner, Path(submit.values.text("path")))
    await services.bounces.pipeline.refresh()
    await submit.reply(note(submit.words("bounce.told.folder_added", name=Path(folder.path).name)))


# ---------------------------------------------------------------- keys


@control("bounce", "keys")
async def show_keys(press: Press) -> None:
    await press.update(await keys_card(press))


async def keys_card(turn: Turn) -> Card:
    words = turn.words
    keys = [key for key in await turn.services.bounces.folders.keys(turn.person) if key.revoked_at is None]
    lines = [
        words("bounce.folder.key_used", name=key.name, when=key.last_used_at)
        if key.last_used_at is not None
        else words("bounce.folder.key_line", name=key.name, when=key.created_at)
        for key in keys
    ]
    new = Button("bounce", "key-new", words("bounce.folder.key_new"), style=Style.PRIMARY, owner=turn.person)
    back = Button("bounce", "folders", words("bounce.folder.back"), owner=turn.person)
    if not keys:
        lead = words("bounce.folder.key_none", command=raw("`studiohand watch`"))
        return Card(words("bounce.folder.keys"), lead=lead, rows=[[new, back]])
    options = [Option(key.name, key.id) for key in keys[:25]]
    revoke = Select("bounce", "key-revoke", words("bounce.folder.key_revoke"), options, owner=turn.person)
    return Card(words("bounce.folder.keys"), sections=[Section(None, lines)], rows=[revoke, [new, back]])


@control("bounce", "key-new", opens_form=True)
async def new_key(press: Press) -> None:
    words = press.words
    field = Field("name", words("bounce.form.key_name"), words("bounce.form.key_name_help"), max_length=60)
    await press.open(Form("bounce", "key-made", words("bounce.form.key"), [field]))


@form("bounce", "key-made", who=Who.ANYONE)
async def made_key(submit: Submit) -> None:
    made = await submit.services.bounces.folders.make_key(submit.actor, submit.person, submit.values.text("name"))
    await submit.reply(note(submit.words("bounce.told.key", secret=raw(f"`{made.secret}`"))), ephemeral=True)


@control("bounce", "key-revoke")
async def revoke_key(press: Press) -> None:
    keys = await press.services.bounces.folders.keys(press.person)
    name = next((key.name for key in keys if key.id == press.values[0]), "")
    done = await press.services.bounces.folders.revoke_key(press.actor, press.person, press.values[0])
    told = "bounce.told.revoked" if done else "bounce.told.revoked_before"
    await press.update(note(press.words(told, name=name)))
