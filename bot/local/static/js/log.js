// The message list of the open channel: history, pushes, scroll-back, staying at the bottom.
import { h } from "./dom.js";
import { store, putMessages, dropMessage, findMessage, channelName, isDirect, isThread, isUnread, lastRead, markRead, newer, on, tell } from "./store.js";
import { drawMessage, follows } from "./message.js";
import { avatar } from "./names.js";
import { dayText, sameDay } from "./time.js";
import { act, get } from "./wire.js";
import { leafAt } from "./commands.js";

const PAGE = 40;
const log = document.getElementById("log");
const toBottom = document.getElementById("to-bottom");
const list = h("div", { class: "log-list" });
let pinned = true;
let loading = null;
let newFrom = null;

export function setUpLog() {
  log.append(list);
  log.setAttribute("role", "log");
  log.setAttribute("aria-live", "polite");
  log.setAttribute("aria-relevant", "additions");
  new ResizeObserver(() => pinned && toEnd()).observe(list);
  new ResizeObserver(() => pinned && toEnd()).observe(log);
  log.addEventListener("scroll", () => {
    pinned = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    toBottom.hidden = pinned;
    if (pinned) readNow();
    if (log.scrollTop < 500) older();
  }, { passive: true });
  toBottom.addEventListener("click", () => { toEnd(); log.focus(); });
  log.addEventListener("keydown", walk);
  log.addEventListener("pointerdown", hold);
  log.addEventListener("keydown", (event) => event.key === " " && hold(event));
  for (const end of ["pointerup", "pointercancel", "keyup", "blur"]) window.addEventListener(end, letGo);
  window.addEventListener("pointermove", (event) => !event.buttons && letGo());
  document.addEventListener("visibilitychange", () => readNow());
  on("dismiss", async (message) => {
    removeFromLog(message.channel_id, message.id);
    if (!message.local) await act({ do: "dismiss", channel: message.channel_id, message: message.id }).catch(() => {});
  });
}

// A press is two events on one element. Whatever redraws or moves the log between them would lose it, so it waits.
let press = null;

function hold(event) {
  if (press || !event.target.closest(".message")) return;
  let end;
  const ended = new Promise((resolve) => { end = resolve; });
  press = { channel: store.current, ended, end, behind: false };
}

function letGo() {
  const over = press;
  // The click itself comes after pointerup, still in this turn of the loop.
  if (over) setTimeout(() => {
    if (press !== over) return;
    press = null;
    over.end();
    if (over.behind && store.current === over.channel) draw();
  });
}

const toEnd = () => { log.scrollTop = log.scrollHeight; };

function readNow() {
  if (!store.current || !pinned || document.hidden) return;
  markRead(store.current);
  tell("unread");
}

export async function openChannel(id) {
  store.current = id;
  const channel = store.channels.get(id);
  newFrom = isUnread(channel) && lastRead(id) !== "0" ? lastRead(id) : null;
  log.setAttribute("aria-label", `Messages in ${channelName(channel)}`);
  pinned = true;
  toBottom.hidden = true;
  loading = null;
  if (store.messages.has(id)) draw();
  else list.replaceChildren(skeleton());
  // History is not news: a screen reader is told of what arrives later.
  log.setAttribute("aria-busy", "true");
  const page = await get("/page/messages", { channel: id, limit: PAGE }).finally(() => setTimeout(() => log.removeAttribute("aria-busy"), 50));
  if (!store.complete.has(id) && page.length < PAGE) store.complete.add(id);
  const held = store.messages.get(id) ?? [];
  const floor = page[0]?.id;
  // What the server no longer lists within this page is gone; notices of this tab stay.
  store.messages.set(id, held.filter((message) => message.local || (floor && newer(floor, message.id))));
  putMessages(id, page);
  if (store.current === id) draw(), readNow();
}

export function refresh() {
  if (store.current) return openChannel(store.current);
  return undefined;
}

async function older() {
  const id = store.current;
  if (loading || store.complete.has(id) || !store.messages.get(id)?.length) return;
  const first = store.messages.get(id).find((message) => !message.local);
  if (!first) return;
  loading = id;
  log.setAttribute("aria-busy", "true");
  try {
    const page = await get("/page/messages", { channel: id, before: first.id, limit: PAGE });
    if (page.length < PAGE) store.complete.add(id);
    putMessages(id, page);
    await press?.ended;
    if (store.current !== id) return;
    // What is on the screen stays where it is; the message at the seam may lose its name line.
    const edge = log.getBoundingClientRect().top;
    const anchor = [...list.querySelectorAll(".message")].find((message) => message.getBoundingClientRect().bottom > edge);
    const before = anchor?.getBoundingClientRect().bottom ?? 0;
    draw();
    const same = anchor && document.getElementById(anchor.id);
    if (same) log.scrollTop += same.getBoundingClientRect().bottom - before;
  } finally {
    loading = null;
    setTimeout(() => log.removeAttribute("aria-busy"), 50);
  }
}

// Articles are kept by id and made anew only when their message or place in its block changed.
let drawn = new Map();

function draw() {
  const id = store.current;
  if (press?.channel === id) return void (press.behind = true);
  const messages = store.messages.get(id) ?? [];
  const next = new Map();
  const nodes = [];
  if (store.complete.has(id)) nodes.push(intro(store.channels.get(id)));
  else nodes.push(h("div", { class: "older", "aria-hidden": "true" }));
  let before = null;
  for (const message of messages) {
    const date = new Date(message.timestamp);
    const newDay = !before || !sameDay(new Date(before.timestamp), date);
    if (newDay) nodes.push(divider(dayText(date)));
    const fresh = newFrom && newer(message.id, newFrom) && !(before && newer(before.id, newFrom));
    if (fresh) nodes.push(divider("New", "new"));
    const joined = !newDay && !fresh && follows(message, before);
    const old = drawn.get(message.id);
    const node = old && old.message === message && old.joined === joined ? old.node : replace(old, drawMessage(message, { joined }));
    next.set(message.id, { message, joined, node });
    nodes.push(node);
    before = message;
  }
  drawn = next;
  const focused = document.activeElement;
  const inside = list.contains(focused) ? focusMark(focused) : null;
  reconcile(nodes);
  if (inside && !list.contains(document.activeElement)) restoreFocus(inside);
  if (pinned) toEnd();
}

// Moves only what is out of place, so that players keep playing and focus stays.
function reconcile(nodes) {
  let at = list.firstChild;
  const keep = new Set(nodes);
  for (const node of nodes) {
    while (at && !keep.has(at)) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
    if (at === node) at = at.nextSibling;
    else list.insertBefore(node, at);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function replace(old, node) {
  if (!old) return node;
  // Spoilers somebody opened stay open over an edit.
  const opened = [...old.node.querySelectorAll(".spoiler")].map((part) => part.classList.contains("open"));
  [...node.querySelectorAll(".spoiler")].forEach((part, at) => opened[at] && part.click());
  // A player goes on playing when the words beside it change.
  const players = [...old.node.querySelectorAll("audio")];
  [...node.querySelectorAll("audio")].forEach((player, at) => players[at]?.getAttribute("src") === player.getAttribute("src") && player.replaceWith(players[at]));
  // The same picture is moved over; a new one is laid over the old one until it has come, so nothing flashes.
  const pictures = [...old.node.querySelectorAll(".picture img")];
  [...node.querySelectorAll(".picture img")].forEach((image, at) => {
    const before = pictures[at];
    if (!before?.complete || !before.naturalWidth) return;
    if (before.getAttribute("src") === image.getAttribute("src")) image.replaceWith(before);
    else image.closest(".picture").style.backgroundImage = `url("${before.src}")`;
  });
  return node;
}

function focusMark(focused) {
  const message = focused.closest(".message");
  return message && { id: message.id, customId: focused.dataset?.customId };
}

function restoreFocus(mark) {
  const message = document.getElementById(mark.id);
  if (!message) return;
  const same = mark.customId && [...message.querySelectorAll("[data-custom-id]")].find((node) => node.dataset.customId === mark.customId && !node.disabled);
  (same || message).focus({ preventScroll: true });
}

const divider = (text, kind = "") => h("div", { class: `divider ${kind}`.trim(), role: "separator", "aria-label": text }, h("span", {}, text));

function skeleton() {
  return h("div", { class: "skeleton", "aria-hidden": "true" }, [68, 40, 82, 55, 73].map((width) => {
    const line = h("i", {});
    line.style.width = `${width}%`;
    return h("div", {}, h("b", {}), h("span", {}, h("u", {}), line));
  }));
}

function intro(channel) {
  const name = channelName(channel);
  if (isDirect(channel)) {
    const other = store.users.get(channel.recipients?.[0]?.id) ?? channel.recipients?.[0];
    return h("div", { class: "intro" }, avatar(other, "xl"), h("h2", {}, name), h("p", {}, `This is the beginning of your messages with ${name}.`));
  }
  return h("div", { class: "intro" }, h("h2", {}, isThread(channel) ? name : `Welcome to #${name}`), h("p", {}, isThread(channel) ? "This is the start of the thread." : channel.topic || `This is the start of #${name}. Type / to see what you can do here.`), !isThread(channel) && start());
}

// The one command that explains the others, one press away.
function start() {
  const leaf = leafAt("help");
  return leaf && h("p", {}, h("button", { type: "button", class: "button secondary", on: { click: () => tell("fill-command", { path: leaf.path, id: leaf.id }) } }, "Start with /help"));
}

// ---- pushes -------------------------------------------------------------------------------------

export function takeMessage(message, { isNew = true } = {}) {
  const channel = store.channels.get(message.channel_id);
  if (channel && !(message.flags & 64) && (!channel.last_message_id || newer(message.id, channel.last_message_id))) channel.last_message_id = message.id;
  const known = findMessage(message.channel_id, message.id);
  if (store.messages.has(message.channel_id) || message.channel_id === store.current) putMessages(message.channel_id, [message]);
  if (message.channel_id !== store.current) {
    const pings = isDirect(channel) || (message.mentions ?? []).some((user) => user.id === store.me.id);
    if (channel && isNew && !known && pings && message.author.id !== store.me.id) channel.pings = (channel.pings ?? 0) + 1;
    return void tell("unread");
  }
  if (!known && message.author.id === store.me.id) pinned = true;
  draw();
  readNow();
}

export function removeFromLog(channelId, id) {
  dropMessage(channelId, id);
  if (channelId === store.current) draw();
}

// What only this tab has seen: a command that got no answer.
let notices = 0;
export function notice(channelId, { content, command }) {
  const newest = (store.messages.get(channelId) ?? []).at(-1);
  const id = `${newest?.id ?? "1"}${""}`;
  notices += 1;
  const message = {
    id: `${(BigInt(id) + BigInt(notices)).toString()}`, local: true, failed: true, type: 0, flags: 64, channel_id: channelId, content,
    author: store.users.get(store.app.id) ?? { id: store.app.id, username: store.app.name, bot: true }, timestamp: new Date().toISOString(),
    interaction: { name: command, user: store.me }, mentions: [], attachments: [], embeds: [], components: [],
  };
  putMessages(channelId, [message]);
  pinned = true;
  draw();
}

export const redrawLog = () => store.messages.has(store.current) && draw();

export async function jumpTo(channelId, messageId) {
  for (let tries = 0; tries < 25 && !findMessage(channelId, messageId) && !store.complete.has(channelId); tries += 1) await older();
  const node = document.getElementById(`message-${messageId}`);
  if (!node) return;
  pinned = false;
  node.scrollIntoView({ block: "center" });
  node.focus({ preventScroll: true });
  node.classList.add("found");
  setTimeout(() => node.classList.remove("found"), 2000);
}

function walk(event) {
  if (!["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key) || event.target.closest("button, a, input, textarea, audio")) return;
  const all = [...list.querySelectorAll(".message")];
  if (!all.length) return;
  const at = all.indexOf(document.activeElement.closest(".message"));
  const to = { ArrowUp: at < 0 ? all.length - 1 : at - 1, ArrowDown: at < 0 ? 0 : at + 1, Home: 0, End: all.length - 1 }[event.key];
  event.preventDefault();
  all[Math.max(0, Math.min(to, all.length - 1))].focus();
  document.activeElement.scrollIntoView({ block: "nearest" });
}
