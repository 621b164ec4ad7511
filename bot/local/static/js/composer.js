// Where one writes: plain messages with files, and commands with their options.
import { h, icon, iconButton, sizeText, toast, uniqueId } from "./dom.js";
import { store, channelName, isDirect, on, nameOf, tell } from "./store.js";
import { act } from "./wire.js";
import { leafAt, leaves, optional, required, search } from "./commands.js";
import { entityOptions } from "./listbox.js";
import { optionField } from "./option.js";
import { Picker, slashMark, spinnerHead, warnHead } from "./picker.js";
import { fileLimit, tooLarge } from "./limits.js";
import { openForm } from "./form.js";
import { notice } from "./log.js";

const drafts = new Map();
let uploads = [];
let filling = null;
let focused = null;
let dismissed = false;

const holder = document.getElementById("composer");
const input = h("textarea", { id: "composer-input", class: "composer-input", rows: 1, maxlength: 2000, role: "combobox", "aria-expanded": "false", "aria-controls": "picker-list", "aria-autocomplete": "list", autocomplete: "off" });
const strip = h("ul", { class: "upload-strip", "aria-label": "Files to send", hidden: true });
const form = h("div", { class: "command-form", role: "group", hidden: true });
const chooser = h("input", { type: "file", multiple: true, class: "unseen", tabindex: -1, "aria-hidden": "true" });
const attach = iconButton("plus", "Add files", () => chooser.click(), "attach");
const send = iconButton("send", "Send", () => submit(), "send");
const box = h("div", { class: "composer-box" }, attach, chooser, h("div", { class: "composer-main" }, strip, input, form), send);
let picker;

export function setUpComposer() {
  picker = new Picker(holder, pickRow);
  holder.append(box);
  input.addEventListener("input", () => { dismissed = false; grow(); offerCommands(); });
  input.addEventListener("keydown", inputKey);
  input.addEventListener("blur", () => setTimeout(() => !holder.contains(document.activeElement) && picker.hide(), 120));
  input.addEventListener("focus", () => !filling && offerCommands());
  form.addEventListener("keydown", formKey);
  form.tabIndex = -1;
  chooser.addEventListener("change", () => { addFiles(chooser.files); chooser.value = ""; });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length && !document.querySelector("dialog[open]")) { event.preventDefault(); addFiles(files); }
  });
  setUpDrop();
  on("fill-command", ({ path, id }) => {
    const leaf = leafAt(path, id);
    if (leaf) begin(leaf);
    else toast(`/${path} cannot be used here.`);
  });
  document.addEventListener("keydown", (event) => {
    const plain = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (plain && event.key !== " " && !filling && (document.activeElement === document.body || document.activeElement?.closest(".log, .message")) && !document.activeElement?.closest("button, a, input, textarea, dialog")) input.focus();
  });
}

export function composerFor(channel, before) {
  if (before) drafts.set(before, input.value);
  cancel({ focus: false });
  uploads = [];
  drawUploads();
  const name = isDirect(channel) ? `@${channelName(channel)}` : `#${channelName(channel)}`;
  const can = channel.can_send !== false;
  input.placeholder = can ? (matchMedia("(max-width: 760px)").matches ? `Message ${name} or /` : `Message ${name}, or type / for commands`) : "You cannot write here";
  input.setAttribute("aria-label", `Message ${name}`);
  input.disabled = !can;
  input.value = drafts.get(channel.id) ?? "";
  grow();
  picker.hide();
}

export const focusComposer = () => (filling ? (filling.fields[0] ?? { focus: () => form.focus() }).focus() : input.focus());

export function redrawCommands() {
  if (!filling && document.activeElement === input) offerCommands();
}

function grow() {
  input.style.height = "auto";
  input.style.height = `${Math.min(input.scrollHeight, window.innerHeight * 0.4)}px`;
  send.classList.toggle("ready", Boolean(filling || input.value.trim() || uploads.length));
}

// ---- plain messages -----------------------------------------------------------------------------

function inputKey(event) {
  if (picker.key(event)) return;
  if (picker.open && picker.rows.length && (event.key === "Tab" || event.key === "Enter") && !event.shiftKey) {
    event.preventDefault();
    pickRow(picker.current());
  } else if (event.key === "Escape" && picker.open) {
    dismissed = true;
    picker.hide();
    event.preventDefault();
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    submit();
  }
}

function offerCommands() {
  const text = input.value;
  if (!dismissed && offerNames()) return undefined;
  if (dismissed || !text.startsWith("/") || text.includes("\n")) return picker.hide();
  const typed = text.slice(1);
  if (/\s$/.test(typed)) {
    const exact = leafAt(typed.trim());
    if (exact && exact.path === typed.trim()) return begin(exact);
  }
  const rows = search(typed).map((leaf) => ({
    leaf, label: `/${leaf.path}`, description: leaf.description, mark: slashMark(), group: leaf.path.includes(" ") && !typed.trim() ? `/${leaf.command.name}` : store.app.name,
    hint: required(leaf).map((option) => option.name).join("  "),
  }));
  return picker.show({ rows, owner: input, head: typed ? null : groupChips(), empty: store.commands.length ? "No command by that name here" : "No commands yet: the bot has not signed in" });
}

// For the mouse: with many commands, the groups are one press away. By keyboard one types the same letters.
function groupChips() {
  const names = [...new Set(leaves().filter((leaf) => leaf.path.includes(" ")).map((leaf) => leaf.command.name))];
  if (names.length < 2) return null;
  return h("div", { class: "picker-groups", "aria-hidden": "true" }, names.map((name) => h("button", { type: "button", class: "group-chip", tabindex: -1, on: { click: () => { input.value = `/${name} `; input.focus(); grow(); offerCommands(); } } }, `/${name}`)));
}

// "@be" and "#gen" before the caret offer people and channels; sending turns the names into mentions.
function namedToken() {
  const before = input.value.slice(0, input.selectionStart);
  const match = /(?:^|\s)([@#])([^\s@#]{0,30})$/.exec(before);
  return match && { kind: match[1] === "@" ? "user" : "channel", word: match[2].toLowerCase(), from: before.length - match[2].length };
}

function offerNames() {
  const token = namedToken();
  if (!token) return false;
  const rows = entityOptions(token.kind).filter((row) => row.label.toLowerCase().includes(token.word)).map((row) => ({ ...row, name: row.label }));
  if (!rows.length) return false;
  picker.show({ rows, owner: input });
  return true;
}

function putName(name) {
  const token = namedToken();
  if (!token) return;
  const after = input.value.slice(input.selectionStart);
  input.value = `${input.value.slice(0, token.from)}${name} ${after}`;
  input.selectionStart = input.selectionEnd = token.from + name.length + 1;
  picker.hide();
  grow();
}

function pickRow(row) {
  if (row.name && !filling) return putName(row.name);
  if (row.leaf) return begin(row.leaf);
  if (row.add) return addOption(row.add).focus();
  if (!focused) return undefined;
  focused.pick(row);
  const next = filling.fields.find((field) => !field.filled() && field.option.required);
  if (next) next.focus();
  else { picker.hide(); focused.input.focus(); focused.quiet = true; }
  return undefined;
}

function readable(text) {
  let ready = text;
  for (const user of store.users.values()) ready = ready.replaceAll(`@${nameOf(user)}`, `<@${user.id}>`);
  for (const channel of store.channels.values()) if (channel.name) ready = ready.replace(new RegExp(`#${channel.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "g"), `<#${channel.id}>`);
  return ready;
}

async function submit() {
  if (filling) return submitCommand();
  const content = input.value.trim();
  if (!content && !uploads.length) return undefined;
  const files = uploads.map((upload, at) => [`files[${at}]`, upload.file]);
  const kept = { text: input.value, uploads };
  const channel = store.current;
  input.value = "";
  uploads = [];
  drawUploads();
  grow();
  try {
    await act({ do: "send", channel, content: readable(content) }, files);
  } catch (error) {
    if (store.current === channel && !input.value) { input.value = kept.text; uploads = kept.uploads; drawUploads(); grow(); }
    toast(`That was not sent. ${error.message}`);
  }
  return undefined;
}

function addFiles(list) {
  const files = [...list];
  if (filling) {
    const open = filling.fields.find((field) => field.give && !field.file) ?? filling.fields.find((field) => field.give);
    const spare = open ?? addAttachmentOption();
    if (spare) return spare.give(files[0]);
  }
  const fitting = files.filter((file) => !tooLarge(file));
  if (fitting.length < files.length) toast(fileLimit.sentence());
  uploads = [...uploads, ...fitting.map((file) => ({ file, address: file.type.startsWith("image/") && file.type !== "image/svg+xml" ? URL.createObjectURL(file) : null }))].slice(0, 10);
  drawUploads();
  grow();
  return input.focus();
}

function drawUploads() {
  strip.hidden = !uploads.length;
  strip.replaceChildren(...uploads.map((upload) => h("li", { class: "upload-item" },
    upload.address ? h("img", { src: upload.address, alt: "" }) : h("span", { class: "upload-icon" }, icon(upload.file.type.startsWith("audio/") ? "sound" : "file")),
    h("span", { class: "upload-name" }, upload.file.name), h("span", { class: "file-size" }, sizeText(upload.file.size)),
    iconButton("close", `Remove ${upload.file.name}`, () => { if (upload.address) URL.revokeObjectURL(upload.address); uploads = uploads.filter((other) => other !== upload); drawUploads(); grow(); input.focus(); }))));
}

function setUpDrop() {
  const veil = h("div", { class: "drop-veil", "aria-hidden": "true" }, h("span", {}, "Drop to add the file"));
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && !document.querySelector("dialog[open]");
  let depth = 0;
  const over = (change) => { depth = Math.max(0, depth + change); veil.classList.toggle("on", depth > 0); };
  document.body.append(veil);
  document.addEventListener("dragenter", (event) => hasFiles(event) && over(1));
  document.addEventListener("dragleave", (event) => hasFiles(event) && over(-1));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (hasFiles(event)) addFiles(event.dataTransfer.files);
    depth = 0;
    over(0);
  });
}

// ---- commands -----------------------------------------------------------------------------------

function begin(leaf) {
  cancel({ focus: false });
  filling = { leaf, fields: [] };
  input.value = "";
  input.hidden = true;
  form.hidden = false;
  form.setAttribute("aria-label", `/${leaf.path}: ${leaf.description}`);
  form.replaceChildren(h("span", { class: "command-name" }, `/${leaf.path}`), h("span", { class: "command-fields" }), h("button", { type: "button", class: "option-more", on: { click: () => offerOptional(), focus: () => offerOptional() } }));
  for (const option of required(leaf)) addOption(option);
  drawMore();
  grow();
  if (filling.fields.length) filling.fields[0].focus();
  else { form.tabIndex = 0; form.focus(); offerOptional(); }
}

function addOption(option) {
  const field = optionField(option, { ask: askChoices, redraw: (one) => one === focused && showField(one), enter: enterField });
  filling.fields.push(field);
  form.querySelector(".command-fields").append(field.node);
  drawMore();
  return field;
}

function addAttachmentOption() {
  const option = unused().find((other) => other.type === 11);
  return option ? addOption(option) : null;
}

const unused = () => optional(filling.leaf).filter((option) => !filling.fields.some((field) => field.option === option));

function drawMore() {
  const more = form.querySelector(".option-more");
  const count = unused().length;
  more.hidden = !count;
  more.textContent = `+${count} optional`;
  more.setAttribute("aria-label", `Add an optional value, ${count} left`);
}

function offerOptional() {
  focused = null;
  const rows = unused().map((option) => ({ add: option, label: option.name, description: option.description }));
  picker.show({ head: h("div", { class: "picker-title" }, h("b", {}, `/${filling.leaf.path}`), " ", filling.leaf.description), rows, owner: form });
}

function enterField(field) {
  focused = field;
  field.quiet = false;
  if (!field.hasList) showField(field);
}

function showField(field) {
  const { option } = field;
  const head = [h("div", { class: "picker-title" }, h("b", {}, option.name), " ", option.description, !option.required && h("span", { class: "row-hint" }, "optional"))];
  if (field.problem) head.push(warnHead(field.problem));
  if (field.state === "loading") head.push(spinnerHead("Loading options"));
  if (field.state === "failed") head.push(warnHead("Loading options failed"));
  const empty = field.hasList && field.state === "ready" ? "No options match what you typed" : "";
  const active = field.picked ? Math.max(0, field.rows.findIndex((row) => row.value === field.picked.value)) : 0;
  picker.show({ head, rows: field.rows, owner: field.input, empty, active });
}

async function askChoices(option, text) {
  if (!filling) return null;
  const { leaf } = filling;
  try {
    const answer = await act({ do: "autocomplete", channel: store.current, command: leaf.id, path: leaf.path, options: plainValues(), focused: option.name, text });
    return answer.state === "choices" ? answer.choices : null;
  } catch {
    return null;
  }
}

function plainValues() {
  const values = {};
  for (const field of filling.fields) if (!field.give && field.filled()) values[field.option.name] = field.value();
  return values;
}

function formKey(event) {
  const field = filling?.fields.find((one) => one.node.contains(event.target));
  if (event.key === "Escape") {
    event.preventDefault();
    if (picker.open && picker.rows.length && field?.hasList && !field.quiet) { field.quiet = true; picker.hide(); } else cancel({ restore: true });
    return;
  }
  const listed = picker.open && picker.rows.length && !(field && field.quiet);
  if (listed && picker.key(event)) return;
  const adding = listed && picker.current()?.add && event.target.closest(".option-more");
  if (event.key === "Enter" && (adding || !event.target.closest(".option-file, .option-more"))) {
    event.preventDefault();
    if (adding) pickRow(picker.current());
    else if (listed && field && !field.picked && (field.input.value || field.option.required)) pickRow(picker.current());
    else if (listed && !field && document.activeElement !== form) pickRow(picker.current());
    else submit();
  } else if (event.key === "Tab" && !event.shiftKey && listed && field && !field.picked && field.input.value) {
    event.preventDefault();
    pickRow(picker.current());
  } else if (event.key === "Tab" && !event.shiftKey && listed && !field && document.activeElement === form) {
    event.preventDefault();
    pickRow(picker.current());
  } else if (event.key === "Backspace" && (event.target === form || (field && !field.give && !field.input.value))) {
    event.preventDefault();
    removeOption(field);
  }
}

function removeOption(field) {
  if (!field || field.option.required) return cancel({ restore: true });
  const at = filling.fields.indexOf(field);
  filling.fields.splice(at, 1);
  field.node.remove();
  drawMore();
  const before = filling.fields[at - 1];
  if (before) before.focus();
  else { form.tabIndex = 0; form.focus(); offerOptional(); }
  return undefined;
}

function cancel({ restore = false, focus = true } = {}) {
  const path = filling?.leaf.path;
  filling = null;
  focused = null;
  form.hidden = true;
  form.tabIndex = -1;
  form.replaceChildren();
  input.hidden = false;
  picker.hide();
  if (restore && path) { input.value = `/${path}`; dismissed = true; }
  if (focus) input.focus();
  grow();
}

async function submitCommand() {
  const { leaf, fields } = filling;
  const wrong = fields.filter((field) => (field.filled() || field.option.required) && !field.check());
  if (wrong.length) {
    wrong[0].focus();
    focused = wrong[0];
    return showField(wrong[0]);
  }
  const values = plainValues();
  const files = fields.filter((field) => field.file).map((field) => [`option:${field.option.name}`, field.file]);
  const channel = store.current;
  cancel();
  const waiting = uniqueId("sending");
  tell("sending", { id: waiting, text: `Sending /${leaf.path}…` });
  try {
    const answer = await act({ do: "slash", channel, command: leaf.id, path: leaf.path, options: values }, files);
    if (answer.state === "modal") openForm(answer.modal);
    else if (answer.state === "failed") notice(channel, { content: answer.text || "The application did not respond", command: `/${leaf.path}` });
  } catch (error) {
    toast(error.message);
  } finally {
    tell("sending", { id: waiting, text: null });
  }
  return undefined;
}
