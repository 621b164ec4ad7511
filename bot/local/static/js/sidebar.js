// Server name, channels, threads, direct messages, and who one is.
import { h, icon } from "./dom.js";
import { store, channelName, isDirect, isThread, isUnread, nameOf, tell, roleColour } from "./store.js";
import { avatar, appTag } from "./names.js";

const sidebar = document.getElementById("sidebar");
const people = document.getElementById("people");

export function drawSidebar() {
  const all = [...store.channels.values()];
  const text = all.filter((channel) => [0, 5, 15].includes(channel.type)).sort((a, b) => (a.position ?? 0) - (b.position ?? 0));
  const direct = all.filter(isDirect);
  const kept = document.activeElement?.dataset?.place;
  sidebar.replaceChildren(
    h("div", { class: "server" }, h("span", { class: "server-mark" }, icon("mark")), h("div", {}, h("div", { class: "server-name" }, store.guild.name), h("div", { class: "server-note" }, "On this computer only"))),
    h("div", { class: "channels" },
      h("h2", { class: "channels-title" }, "Channels"),
      h("ul", {}, text.map((channel) => h("li", {}, row(channel, "hash"), threadsOf(channel, all)))),
      h("h2", { class: "channels-title" }, "Direct messages"),
      h("ul", {}, direct.map((channel) => h("li", {}, row(channel, null))))),
    h("div", { class: "whoami" },
      avatar(store.me, "s"),
      h("div", { class: "whoami-words" }, h("div", { class: "whoami-name" }, nameOf(store.me)), h("div", { class: "whoami-note" }, store.me.id === store.guild.owner_id ? "Owner" : "Member")),
      h("div", { class: "be", role: "radiogroup", "aria-label": "Be this person" }, store.actors.map((id) => {
        const user = store.users.get(id);
        const mine = id === store.me.id;
        return h("button", { type: "button", role: "radio", "aria-checked": String(mine), class: mine ? "be-one mine" : "be-one", data: { place: `be-${id}` }, on: { click: () => !mine && tell("be", id) } }, nameOf(user));
      }))));
  if (kept) sidebar.querySelector(`[data-place="${CSS.escape(kept)}"]`)?.focus();
}

function threadsOf(channel, all) {
  const threads = all.filter((other) => isThread(other) && other.parent_id === channel.id && (!other.thread_metadata?.archived || other.id === store.current));
  return threads.length ? h("ul", { class: "threads" }, threads.map((thread) => h("li", {}, row(thread, "thread")))) : null;
}

function row(channel, iconName) {
  const open = channel.id === store.current;
  const unread = !open && isUnread(channel);
  const other = isDirect(channel) ? store.users.get(channel.recipients?.[0]?.id) ?? channel.recipients?.[0] : null;
  const pings = !open && channel.pings ? channel.pings : 0;
  return h("button", {
    type: "button", class: `channel${open ? " open" : ""}${unread ? " unread" : ""}`, data: { channel: channel.id, place: channel.id },
    "aria-current": open ? "page" : null, on: { click: () => tell("jump", { channel: channel.id }) },
  }, other ? avatar(other, "s") : icon(iconName), h("span", { class: "channel-name" }, channelName(channel)), unread && h("span", { class: "unseen" }, ", unread"), pings ? h("span", { class: "pings", "aria-label": `${pings} for you` }, String(pings)) : null);
}

export function drawPeople() {
  const apps = [...store.users.values()].filter((user) => user.bot);
  const others = [...store.users.values()].filter((user) => !user.bot);
  const group = (title, users) => [h("h2", { class: "channels-title" }, `${title} — ${users.length}`), h("ul", {}, users.map((user) => h("li", {}, one(user))))];
  people.replaceChildren(...group("People", others), ...group("Apps", apps));
}

function one(user) {
  const name = h("span", { class: "person-name" }, nameOf(user));
  const colour = roleColour(user);
  if (colour) name.style.setProperty("--role", colour);
  const open = (event) => tell("person-menu", { user, event });
  return h("button", { type: "button", class: user.bot && !store.app.online ? "person offline" : "person", data: { person: user.id }, on: { click: open, contextmenu: (event) => { event.preventDefault(); open(event); } } }, avatar(user, "s"), name, user.bot && appTag(), user.bot && !store.app.online && h("span", { class: "person-you" }, "offline"), user.id === store.guild.owner_id && icon("crown", "owner"), user.id === store.me.id && h("span", { class: "person-you" }, "you"));
}
