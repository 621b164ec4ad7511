// Discord's Markdown to nodes. Pure parsing; everything typed by people ends in text nodes.
import { h } from "./dom.js";
import { person, store, nameOf, roleColour, channelName, isThread, tell } from "./store.js";
import { stamp } from "./time.js";
import { safeLink } from "./wire.js";
import { icon } from "./dom.js";
import { words } from "./emoji.js";

const FENCE = /```(?:([a-zA-Z0-9+_.#-]+)\n)?\n*([\s\S]+?)\n*```/;

export function markdown(text, { block = true } = {}) {
  const root = document.createDocumentFragment();
  let rest = text ?? "";
  for (let match = FENCE.exec(rest); match; match = FENCE.exec(rest)) {
    blocks(rest.slice(0, match.index).replace(/\n$/, ""), root, block);
    root.append(h("pre", { class: "fence", tabindex: 0 }, h("code", {}, match[2])));
    rest = rest.slice(match.index + match[0].length).replace(/^\n/, "");
  }
  blocks(rest, root, block);
  return root;
}

// ---- blocks -------------------------------------------------------------------------------------

const HEADING = /^(#{1,3}) +(\S.*)$/;
const SMALL = /^-# +(\S.*)$/;
const ITEM = /^( *)([-*]|\d{1,9}[.)]) +(.*)$/;

function blocks(text, into, allowed) {
  if (!text) return;
  if (!allowed) return void inline(text, into);
  const lines = text.split("\n");
  let plain = [];
  const flush = () => {
    if (plain.length) into.append(paragraph(plain.join("\n")));
    plain = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    let match;
    if (line.startsWith(">>> ")) {
      flush();
      const inner = [line.slice(4), ...lines.slice(at + 1)].join("\n");
      const quote = h("blockquote", {});
      blocks(inner, quote, true);
      into.append(quote);
      return;
    }
    if (line.startsWith("> ") || line === ">") {
      flush();
      const inner = [];
      while (at < lines.length && (lines[at].startsWith("> ") || lines[at] === ">")) inner.push(lines[at++].slice(2));
      at -= 1;
      const quote = h("blockquote", {});
      blocks(inner.join("\n"), quote, true);
      into.append(quote);
    } else if ((match = HEADING.exec(line))) {
      flush();
      const heading = h(`h${match[1].length + 2}`, { class: `title-${match[1].length}` });
      inline(match[2], heading);
      into.append(heading);
    } else if ((match = SMALL.exec(line))) {
      flush();
      const small = h("p", { class: "small" });
      inline(match[1], small);
      into.append(small);
    } else if (ITEM.test(line)) {
      flush();
      const items = [];
      while (at < lines.length && (ITEM.test(lines[at]) || (items.length && /^ {2,}\S/.test(lines[at])))) items.push(lines[at++]);
      at -= 1;
      into.append(list(items));
    } else {
      plain.push(line);
    }
  }
  flush();
}

function paragraph(text) {
  const node = h("p", {});
  inline(text, node);
  return node;
}

function list(lines) {
  const root = document.createDocumentFragment();
  const stack = [];
  for (const line of lines) {
    const match = ITEM.exec(line);
    if (!match) {
      const last = stack.at(-1).node.lastElementChild;
      last.append("\n");
      inline(line.trim(), last);
      continue;
    }
    const [, indent, mark, text] = match;
    const numbered = /\d/.test(mark);
    while (stack.length && stack.at(-1).indent > indent.length) stack.pop();
    const deeper = !stack.length || indent.length >= stack.at(-1).indent + 2;
    if (deeper || stack.at(-1).numbered !== numbered) {
      if (!deeper) stack.pop();
      const node = h(numbered ? "ol" : "ul", numbered ? { start: Number.parseInt(mark, 10) } : {});
      (stack.at(-1)?.node.lastElementChild ?? root).append(node);
      stack.push({ node, indent: indent.length, numbered });
    }
    const item = h("li", {});
    inline(text, item);
    stack.at(-1).node.append(item);
  }
  return root;
}

// ---- inline -------------------------------------------------------------------------------------

const RULES = [
  [/^\\([^\sA-Za-z0-9])/, (m, into) => into.append(m[1])],
  [/^(`+)([\s\S]*?[^`])\1(?!`)/, (m, into) => into.append(h("code", {}, m[2].replace(/^ (?=`)|(?<=`) $/g, "")))],
  [/^\|\|([\s\S]+?)\|\|/, (m, into) => into.append(spoiler(m[1]))],
  [/^<t:(-?\d{1,14})(?::([tTdDfFRsS]))?>/, (m, into) => into.append(stamp(m[1], m[2]))],
  [/^<@!?(\d{1,20})>/, (m, into) => into.append(personMention(m[1]))],
  [/^<@&(\d{1,20})>/, (m, into) => into.append(roleMention(m[1]))],
  [/^<#(\d{1,20})>/, (m, into) => into.append(channelMention(m[1]))],
  [/^<\/([^:<>\n]{1,100}):(\d{1,20})>/, (m, into) => into.append(commandMention(m[1], m[2]))],
  [/^<a?:(\w{2,32}):(\d{1,20})>/, (m, into) => into.append(h("span", { class: "emoji-name" }, `:${m[1]}:`))],
  [/^@(everyone|here)\b/, (m, into) => into.append(h("span", { class: "mention" }, m[0]))],
  [/^\[((?:\\.|[^\\\]])+)\]\(\s*<?([^\s<>]+?)>?(?:\s+"[^"]*")?\s*\)/, maskedLink],
  [/^<(https?:\/\/[^\s<>]+)>/, (m, into) => into.append(link(m[1], m[1]))],
  [/^https?:\/\/[^\s<]+[^\s<.,:;"'\])!?*_~|]/, (m, into) => into.append(link(m[0], m[0]))],
  [/^\*\*\*((?:\\[\s\S]|[^\\])+?)\*\*\*(?!\*)/, (m, into) => into.append(wrap("strong", [wrap("em", m[1])]))],
  [/^\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/, (m, into) => into.append(wrap("strong", m[1]))],
  [/^__((?:\\[\s\S]|[^\\])+?)__(?!_)/, (m, into) => into.append(wrap("u", m[1]))],
  [/^~~((?:\\[\s\S]|[^\\])+?)~~/, (m, into) => into.append(wrap("s", m[1]))],
  [/^\*(?=\S)((?:\\[\s\S]|\*\*[\s\S]+?\*\*|[^\\*])+?)(?<!\s)\*(?!\*)/, (m, into) => into.append(wrap("em", m[1]))],
  [/^_(?=\S)((?:__|\\[\s\S]|[^\\_])+?)_(?![A-Za-z0-9_])/, (m, into, before) => (/[A-Za-z0-9]$/.test(before) ? false : into.append(wrap("em", m[1])))],
];
const STOPS = /[\\`|<@[h*_~]/;

function inline(text, into) {
  let plain = "";
  let rest = text;
  while (rest) {
    const stop = rest.search(STOPS);
    if (stop !== 0) {
      plain += stop < 0 ? rest : rest.slice(0, stop);
      rest = stop < 0 ? "" : rest.slice(stop);
      continue;
    }
    const holder = document.createDocumentFragment();
    let used = 0;
    for (const [pattern, draw] of RULES) {
      const match = pattern.exec(rest);
      if (match && draw(match, holder, plain) !== false) {
        used = match[0].length;
        break;
      }
    }
    if (used) {
      if (plain) into.append(...words(plain));
      plain = "";
      into.append(holder);
    } else {
      plain += rest[0];
      used = 1;
    }
    rest = rest.slice(used);
  }
  if (plain) into.append(...words(plain));
}

function wrap(tag, content) {
  const node = h(tag, {});
  if (typeof content === "string") inline(content, node);
  else node.append(...content);
  return node;
}

function spoiler(text) {
  const inner = h("span", { class: "spoiler-text", "aria-hidden": "true" });
  inline(text, inner);
  const open = (event) => {
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    if (node.classList.contains("open")) return;
    event.preventDefault();
    event.stopPropagation();
    node.classList.add("open");
    node.removeAttribute("role");
    node.removeAttribute("aria-label");
    node.removeAttribute("tabindex");
    inner.removeAttribute("aria-hidden");
  };
  const node = h("span", { class: "spoiler", role: "button", tabindex: 0, "aria-label": "Spoiler, press to show", on: { click: open, keydown: open } }, inner);
  return node;
}

function maskedLink(match, into) {
  if (!safeLink(match[2])) return false;
  into.append(link(match[2], match[1]));
  return true;
}

function link(address, label) {
  const href = safeLink(address);
  if (!href) return document.createTextNode(label);
  const jump = jumpTarget(href);
  if (jump && store.channels.has(jump.channel)) {
    const name = channelName(store.channels.get(jump.channel));
    return h("button", { type: "button", class: "mention", on: { click: () => tell("jump", jump) } }, icon("hash"), jump.message ? `${name} › message` : name);
  }
  const node = h("a", { href, target: "_blank", rel: "noopener noreferrer", title: href });
  if (label === address) node.append(label);
  else inline(label, node);
  return node;
}

function jumpTarget(href) {
  const url = new URL(href);
  const match = /^\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?\/?$/.exec(url.pathname);
  return match && (url.hostname === "discord.com" || url.host === location.host) ? { channel: match[1], message: match[2] } : null;
}

function personMention(id) {
  const user = person(id);
  return h("button", { type: "button", class: "mention", data: { person: id }, on: { click: (event) => user && tell("person-menu", { user, event }) } }, user ? `@${nameOf(user)}` : "@unknown-person");
}

function roleMention(id) {
  const role = store.roles.get(id);
  const node = h("span", { class: "mention" }, role ? `@${role.name.replace(/^@/, "")}` : "@unknown-role");
  const colour = role?.color ? roleColour({ roles: [id] }) : null;
  if (colour) node.style.setProperty("--role", colour);
  return node;
}

function channelMention(id) {
  const channel = store.channels.get(id);
  if (!channel) return h("span", { class: "mention" }, "#unknown");
  return h("button", { type: "button", class: "mention", on: { click: () => tell("jump", { channel: id }) } }, icon(isThread(channel) ? "thread" : "hash"), channelName(channel));
}

function commandMention(path, id) {
  return h("button", { type: "button", class: "mention command", on: { click: () => tell("fill-command", { path, id }) } }, `/${path}`);
}
