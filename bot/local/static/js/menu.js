// Menus: of a message (reactions, Apps), of a person (Apps), and the small row of reactions.
import { h, icon } from "./dom.js";
import { store, nameOf, isDirect, on, tell, roleColour } from "./store.js";
import { act } from "./wire.js";
import { avatar, appTag } from "./names.js";
import { react, isEphemeral } from "./message.js";
import { place } from "./listbox.js";
import { quickReactions } from "./emoji.js";
import { openForm } from "./form.js";
import { notice } from "./log.js";


export function setUpMenus() {
  on("message-menu", ({ message, event, anchor, node }) => openMenu({
    label: "Message", anchor: anchor ?? at(event, node), back: anchor ?? node,
    parts: [!isEphemeral(message) && quickRow(message), appsPart(3, message.id), message.content && item("copy", "Copy text", () => navigator.clipboard.writeText(message.content)), message.author.id === store.me.id && item("close", "Delete message", () => remove(message))],
  }));
  on("reaction-menu", ({ message, anchor }) => openMenu({ label: "Reactions", anchor, back: anchor, parts: [quickRow(message)] }));
  on("person-menu", ({ user, event }) => {
    if (!user) return;
    openMenu({ label: nameOf(user), anchor: at(event, event.currentTarget), back: event.currentTarget, parts: [card(user), direct(user), appsPart(2, user.id)] });
  });
}

function remove(message) {
  act({ do: "delete", channel: message.channel_id, message: message.id }).catch((error) => tell("problem", error.message));
}

// A pointer has a place; a key press does not, so the menu then opens at the element.
function at(event, node) {
  const byKeyboard = !event.clientX && !event.clientY;
  if (byKeyboard || event.type === "click") return event.target.closest?.("button") ?? node;
  const rect = new DOMRect(event.clientX, event.clientY, 0, 0);
  return { getBoundingClientRect: () => rect, contains: () => false };
}

function card(user) {
  const roles = (user.roles ?? []).map((id) => store.roles.get(id)).filter(Boolean);
  const name = h("div", { class: "card-name" }, nameOf(user), user.bot && appTag());
  const colour = roleColour(user);
  if (colour) name.style.setProperty("--role", colour);
  return h("div", { class: "person-card" }, avatar(user, "l"), h("div", {}, name, h("div", { class: "card-user" }, user.username), user.id === store.guild.owner_id && h("div", { class: "card-role" }, icon("crown"), "Owner of the server"), roles.map((role) => h("div", { class: "card-role" }, role.name))));
}

function direct(user) {
  const channel = [...store.channels.values()].find((other) => isDirect(other) && other.recipients?.some((one) => one.id === user.id));
  return channel ? item("at", "Message", () => tell("jump", { channel: channel.id })) : null;
}

function appsPart(type, target) {
  const commands = store.commands.filter((command) => command.type === type);
  const kind = type === 3 ? "message" : "person";
  return h("div", { class: "menu-apps", role: "group", "aria-label": "Apps" },
    h("div", { class: "menu-title" }, icon("apps"), "Apps"),
    commands.length ? commands.map((command) => item(null, command.name, () => runMenu(command, target), store.app.name)) : h("div", { class: "menu-none" }, `No app commands for a ${kind} here`));
}

async function runMenu(command, target) {
  const channel = store.current;
  try {
    const answer = await act({ do: "context_menu", command: command.id, name: command.name, target, channel });
    if (answer.state === "modal") openForm(answer.modal);
    else if (answer.state === "failed" && !answer.shown) notice(channel, { content: answer.text || "The application did not respond", command: command.name });
  } catch (error) {
    tell("problem", error.message);
  }
}

function quickRow(message) {
  return h("div", { class: "quick-row" }, quickReactions().map((name) => {
    const mine = message.reactions?.some((reaction) => reaction.me && reaction.emoji.name === name);
    return h("button", { type: "button", role: "menuitem", class: mine ? "quick mine" : "quick", "aria-label": `React with ${name}`, data: { close: "1" }, on: { click: () => react(message, name, Boolean(mine)) } }, name);
  }));
}

function item(iconName, label, listener, note = "") {
  return h("button", { type: "button", role: "menuitem", class: "menu-item", data: { close: "1" }, on: { click: listener } }, h("span", { class: "menu-label" }, label), note && h("span", { class: "menu-note" }, note), iconName && icon(iconName));
}

let closeOpen = null;

function openMenu({ label, anchor, back, parts }) {
  closeOpen?.();
  const panel = h("div", { class: "menu popup", role: "menu", "aria-label": label }, parts);
  const items = () => [...panel.querySelectorAll("[role=menuitem]")];
  const close = (restore) => {
    closeOpen = null;
    panel.remove();
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", away);
    if (restore && back?.isConnected) back.focus({ preventScroll: true });
  };
  const away = () => close(false);
  const outside = (event) => !panel.contains(event.target) && close(false);
  closeOpen = away;
  panel.addEventListener("click", (event) => event.target.closest("[data-close]") && close(true));
  panel.addEventListener("keydown", (event) => {
    const all = items();
    const now = all.indexOf(document.activeElement);
    const to = { ArrowDown: now + 1, ArrowRight: now + 1, ArrowUp: now - 1, ArrowLeft: now - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[(to + all.length) % all.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  place(panel, anchor, { width: false });
  items()[0]?.focus({ preventScroll: true });
  setTimeout(() => closeOpen === away && document.addEventListener("pointerdown", outside, true));
  window.addEventListener("resize", away);
}
