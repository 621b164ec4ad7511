// Starts the page: key, person, socket; then keeps the parts in step with what is pushed.
import { h, icon, iconButton, toast } from "./dom.js";
import { store, takeWorld, channelName, isDirect, isThread, nameOf, on, tell } from "./store.js";
import { takeKey, Pushes, get } from "./wire.js";
import { startTicking } from "./time.js";
import { drawSidebar, drawPeople } from "./sidebar.js";
import { setUpLog, openChannel, refresh, takeMessage, removeFromLog, jumpTo, redrawLog } from "./log.js";
import { setUpComposer, composerFor, focusComposer, redrawCommands } from "./composer.js";
import { setUpMenus } from "./menu.js";
import { avatar } from "./names.js";
import { markdown } from "./markdown.js";

const gate = document.getElementById("gate");
const gateText = document.getElementById("gate-text");
const app = document.getElementById("app");
const topbar = document.getElementById("topbar");
const linkState = document.getElementById("link-state");
const typingLine = document.getElementById("typing");
const narrow = matchMedia("(max-width: 760px)");
const typing = new Map();
const sending = new Map();
let pushes;
let ready = false;

// ---- looks: theme, drawer, people ---------------------------------------------------------------

const wantsLight = matchMedia("(prefers-color-scheme: light)");

function theme() {
  return localStorage.getItem("theme") ?? (wantsLight.matches ? "light" : "dark");
}

function applyTheme() {
  document.documentElement.dataset.theme = theme();
  document.querySelector("meta[name=theme-color]").content = theme() === "dark" ? "#0F1115" : "#FFFFFF";
}

function drawer(open) {
  app.classList.toggle("drawer-open", open);
  document.getElementById("sidebar").inert = narrow.matches && !open;
  topbar.querySelector(".open-drawer")?.setAttribute("aria-expanded", String(open));
  if (open) document.querySelector(".channel.open")?.focus();
}

function drawTopbar() {
  const channel = store.channels.get(store.current);
  const direct = isDirect(channel);
  const parent = isThread(channel) ? store.channels.get(channel.parent_id) : null;
  const other = direct ? store.users.get(channel.recipients?.[0]?.id) : null;
  const dark = theme() === "dark";
  topbar.replaceChildren(...[
    iconButton("menu", "Channels", () => drawer(!app.classList.contains("drawer-open")), "open-drawer"),
    direct ? avatar(other, "xs") : icon(isThread(channel) ? "thread" : "hash"),
    parent && h("button", { type: "button", class: "topbar-parent", on: { click: () => go(parent.id) } }, channelName(parent)),
    parent && icon("right", "crumb"),
    h("h1", { class: "topbar-name" }, channelName(channel)),
    channel.topic && h("p", { class: "topbar-topic" }, markdown(channel.topic, { block: false })),
    h("span", { class: "topbar-space" }),
    iconButton(dark ? "sun" : "moon", dark ? "Use the light theme" : "Use the dark theme", () => {
      localStorage.setItem("theme", dark ? "light" : "dark");
      applyTheme();
      drawTopbar();
      topbar.querySelector(".theme").focus();
    }, "theme"),
    iconButton("people", "People", () => { localStorage.setItem("people", app.classList.toggle("people-shut") ? "shut" : "open"); }, "people-toggle"),
  ].filter(Boolean));
  titleFor(channel);
}

function titleFor(channel) {
  if (!channel) return;
  const waiting = [...store.channels.values()].reduce((sum, other) => sum + (other.pings ?? 0), 0);
  document.title = `${waiting ? `(${waiting}) ` : ""}${isDirect(channel) ? "" : "#"}${channelName(channel)} · ${store.guild.name}`;
}

// ---- where one is -------------------------------------------------------------------------------

const placeKey = () => `place:${store.me.id}`;

async function go(channelId, messageId) {
  if (!store.channels.has(channelId)) return toast("That place is not open to you.");
  const before = store.current;
  if (channelId !== before || !ready) {
    store.current = channelId;
    sessionStorage.setItem(placeKey(), channelId);
    typing.clear();
    drawTyping();
    drawTopbar();
    composerFor(store.channels.get(channelId), before);
    drawSidebar();
    await Promise.all([openChannel(channelId), loadCommands()]).catch((error) => toast(error.message));
    drawSidebar();
  }
  drawer(false);
  if (messageId) await jumpTo(channelId, messageId);
  else if (!narrow.matches) focusComposer();
  return undefined;
}

async function loadCommands() {
  store.commands = await get("/page/commands", { channel: store.current });
  redrawCommands();
  redrawLog();
}

function be(personId) {
  sessionStorage.setItem("person", personId);
  ready = false;
  store.current = null;
  store.messages.clear();
  store.complete.clear();
  pushes.as(personId);
}

// ---- pushes -------------------------------------------------------------------------------------

async function start(world) {
  const again = ready && store.me?.id === world.me.id;
  takeWorld(world);
  sessionStorage.setItem("person", store.me.id);
  drawPeople();
  app.hidden = false;
  gate.hidden = true;
  if (again && store.channels.has(store.current)) {
    drawSidebar();
    drawTopbar();
    await Promise.all([refresh(), loadCommands()]);
    return drawSidebar();
  }
  const wanted = sessionStorage.getItem(placeKey());
  store.current = null;
  await go(store.channels.has(wanted) ? wanted : world.channels.find((channel) => channel.type === 0)?.id ?? world.channels[0].id);
  ready = true;
  return undefined;
}

const EVENTS = {
  READY: start,
  MESSAGE_CREATE: (message) => { stopTyping(message.author.id); takeMessage(message); },
  MESSAGE_UPDATE: (message) => takeMessage(message, { isNew: false }),
  MESSAGE_DELETE: ({ channel_id, id }) => removeFromLog(channel_id, id),
  TYPING_START: startTypingOf,
  COMMANDS_UPDATE: loadCommands,
  WORLD_UPDATE: (world) => {
    const pings = new Map([...store.channels].map(([id, channel]) => [id, channel.pings]));
    takeWorld(world);
    for (const [id, channel] of store.channels) channel.pings = pings.get(id);
    if (!store.channels.has(store.current)) return void go(world.channels[0].id);
    drawSidebar();
    drawPeople();
    drawTopbar();
    return undefined;
  },
};

function startTypingOf({ channel_id, user_id }) {
  if (channel_id !== store.current || user_id === store.me.id) return;
  clearTimeout(typing.get(user_id));
  typing.set(user_id, setTimeout(() => stopTyping(user_id), 10000));
  drawTyping();
}

function stopTyping(userId) {
  clearTimeout(typing.get(userId));
  if (typing.delete(userId)) drawTyping();
}

function drawTyping() {
  const names = [...typing.keys()].map((id) => nameOf(store.users.get(id)));
  const texts = [...sending.values()];
  if (names.length) texts.unshift(`${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing…`);
  typingLine.replaceChildren(...(texts.length ? [h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), h("span", {}, texts.join(" "))] : []));
}

function showLink(state) {
  if (state === "refused") return showGate("This address has lost its key. Open the address that Studiohand printed when it started.");
  linkState.hidden = state === "live";
  linkState.replaceChildren(...(state === "live" ? [] : [h("span", { class: "spinner" }), h("span", {}, "Reconnecting. What you see may be behind."), h("button", { type: "button", class: "text-button", on: { click: () => pushes.retryNow() } }, "Try now")]));
  return undefined;
}

function showGate(text) {
  app.hidden = true;
  gate.hidden = false;
  gateText.textContent = text;
}

// ---- start --------------------------------------------------------------------------------------

applyTheme();
wantsLight.addEventListener("change", () => { applyTheme(); if (store.current) drawTopbar(); });
narrow.addEventListener("change", () => drawer(false));
app.classList.toggle("people-shut", (localStorage.getItem("people") ?? (matchMedia("(max-width: 1180px)").matches ? "shut" : "open")) === "shut");
document.querySelector(".gate-mark").append(icon("mark"));
document.getElementById("scrim").addEventListener("click", () => drawer(false));
setUpLog();
setUpComposer();
setUpMenus();
startTicking();
on("jump", ({ channel, message }) => go(channel, message));
on("be", be);
on("unread", () => { drawSidebar(); titleFor(store.channels.get(store.current)); });
on("problem", (text) => toast(text));
on("sending", ({ id, text }) => { if (text) sending.set(id, text); else sending.delete(id); drawTyping(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && app.classList.contains("drawer-open")) drawer(false);
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const rows = [...document.querySelectorAll(".channel")].map((row) => row.dataset.channel);
    event.preventDefault();
    go(rows[(rows.indexOf(store.current) + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length]);
  }
});
window.addEventListener("online", () => pushes?.retryNow());

if (takeKey()) {
  pushes = new Pushes({ onEvent: (type, detail) => EVENTS[type]?.(detail), onState: showLink });
  drawer(false);
  pushes.as(sessionStorage.getItem("person"));
} else {
  showGate("This address has no key. Open the address that Studiohand printed when it started.");
}
