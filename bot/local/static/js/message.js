// One message to one article.
import { add, h, icon, iconButton } from "./dom.js";
import { store, authorOf, nameOf, person, roleColour, channelName, tell } from "./store.js";
import { avatar, appTag } from "./names.js";
import { markdown } from "./markdown.js";
import { components, hasV2, appName } from "./components.js";
import { attachments } from "./media.js";
import { embed } from "./embeds.js";
import { emoji } from "./emoji.js";
import { messageTime, clockTime, editedMark } from "./time.js";
import { act } from "./wire.js";

const EPHEMERAL = 1 << 6;
const LOADING = 1 << 7;
const PLAIN = new Set([0, 19, 20, 23]);

export const isEphemeral = (message) => Boolean(message.flags & EPHEMERAL);
const isLoading = (message) => Boolean(message.flags & LOADING);

// Whether two messages read as one block: same author, few minutes apart, no reply header.
export function follows(message, before) {
  if (!before || usedCommand(message) || !PLAIN.has(message.type) || !PLAIN.has(before.type)) return false;
  if (message.author.id !== before.author.id || isEphemeral(message) !== isEphemeral(before) || message.failed || before.failed) return false;
  return new Date(message.timestamp) - new Date(before.timestamp) < 7 * 60 * 1000;
}

export function usedCommand(message) {
  const used = message.interaction ?? message.interaction_metadata;
  return used?.name ? used : null;
}

export function drawMessage(message, { joined = false } = {}) {
  if (!PLAIN.has(message.type)) return systemLine(message);
  const author = authorOf(message);
  const pinged = (message.mentions ?? []).some((user) => user.id === store.me.id);
  const marks = [joined && "joined", isEphemeral(message) && "ephemeral", pinged && "pinged", isLoading(message) && "loading", message.failed && "failed"].filter(Boolean);
  const node = h("article", { class: ["message", ...marks].join(" "), id: `message-${message.id}`, tabindex: -1, data: { id: message.id }, "aria-label": `${nameOf(author)}${isEphemeral(message) ? ", only you can see this" : ""}` });
  const used = usedCommand(message);
  if (used) node.append(usedLine(used));
  if (joined) node.append(h("span", { class: "gutter" }, clockTime(message.timestamp)));
  else node.append(h("button", { type: "button", class: "gutter face", tabindex: -1, "aria-hidden": "true", data: { person: author.id }, on: { click: (event) => tell("person-menu", { user: author, event }) } }, avatar(author)));
  const body = h("div", { class: "message-body" });
  if (!joined) body.append(headLine(message, author));
  body.append(...content(message));
  const reactions = reactionRow(message);
  if (reactions) body.append(reactions);
  const thread = threadChip(message);
  if (thread) body.append(thread);
  if (isEphemeral(message) || message.failed) body.append(dismissLine(message));
  add(node, [body, toolbar(message, node)]);
  node.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a, input, textarea, audio, video")) return;
    event.preventDefault();
    const named = event.target.closest("[data-person]");
    if (named && person(named.dataset.person)) tell("person-menu", { user: person(named.dataset.person), event });
    else tell("message-menu", { message, event, node });
  });
  return node;
}

function systemLine(message) {
  const words = { 6: "pinned a message to this channel.", 7: "joined. Welcome!", 18: "started a thread:", 21: "This thread starts here." }[message.type] ?? "";
  return h("article", { class: "message system", id: `message-${message.id}`, tabindex: -1, data: { id: message.id } },
    h("span", { class: "gutter" }, icon("thread")),
    h("div", { class: "message-body" }, h("p", {}, message.type !== 21 && h("b", {}, nameOf(authorOf(message))), " ", words, " ", message.type === 18 && h("b", {}, message.content), " ", messageTime(message.timestamp))));
}

function usedLine(used) {
  const user = person(used.user?.id) ?? used.user;
  return h("div", { class: "used" }, avatar(user, "xs"), h("button", { type: "button", class: "used-name", data: { person: user?.id }, on: { click: (event) => tell("person-menu", { user, event }) } }, nameOf(user)), " used ", h("span", { class: "used-command" }, used.name));
}

function headLine(message, author) {
  const name = h("button", { type: "button", class: "author", data: { person: author.id }, on: { click: (event) => tell("person-menu", { user: author, event }) } }, nameOf(author));
  const colour = roleColour(author);
  if (colour) name.style.setProperty("--role", colour);
  return h("header", { class: "message-head" }, name, author.bot && appTag(), messageTime(message.timestamp));
}

function content(message) {
  const nodes = [];
  const edited = message.edited_timestamp && !isLoading(message) ? editedMark(message.edited_timestamp) : null;
  if (message.failed) return [h("p", { class: "did-not-respond", role: "alert" }, icon("warn"), message.content || "The application did not respond")];
  if (isLoading(message)) return [h("p", { class: "thinking", role: "status" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), `${appName()} is thinking…`)];
  if (message.content) nodes.push(h("div", { class: "message-text md" }, markdown(message.content), edited));
  const v2 = hasV2(message);
  if (!v2) {
    nodes.push(...attachments(message.attachments ?? []));
    nodes.push(...(message.embeds ?? []).map(embed));
  }
  if (message.components?.length) nodes.push(h("div", { class: v2 ? "parts" : "parts classic" }, components(message.components, message)));
  if (edited && !message.content) nodes.push(h("div", { class: "edited-line" }, edited));
  return nodes;
}

function reactionRow(message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map((reaction) => h("button", {
    type: "button", class: reaction.me ? "reaction mine" : "reaction", "aria-pressed": String(Boolean(reaction.me)),
    on: { click: () => react(message, reaction.emoji.name, Boolean(reaction.me)) },
  }, emoji(reaction.emoji), h("span", {}, String(reaction.count)))));
}

export function react(message, name, remove = false) {
  return act({ do: "react", channel: message.channel_id, message: message.id, emoji: name, remove }).catch((error) => tell("problem", error.message));
}

function threadChip(message) {
  const thread = message.thread && (store.channels.get(message.thread.id) ?? message.thread);
  if (!thread) return null;
  return h("button", { type: "button", class: "thread-chip", on: { click: () => tell("jump", { channel: thread.id }) } }, icon("thread"), h("b", {}, channelName(thread)), h("span", {}, "Open the thread"));
}

function dismissLine(message) {
  const dismiss = () => tell("dismiss", message);
  return h("div", { class: "ephemeral-line" }, icon("eye"), h("span", {}, "Only you can see this"), h("span", { "aria-hidden": "true" }, "·"), h("button", { type: "button", class: "text-button", on: { click: dismiss } }, "Dismiss"));
}

function toolbar(message, node) {
  if (message.failed || isLoading(message)) return null;
  const open = (event) => tell("message-menu", { message, event, node, anchor: event.currentTarget });
  return h("div", { class: "toolbar" },
    !isEphemeral(message) && iconButton("smile", "Add a reaction", (event) => tell("reaction-menu", { message, anchor: event.currentTarget })),
    iconButton("more", "More actions", open));
}
