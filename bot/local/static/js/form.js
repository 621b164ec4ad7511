// Modals. The browser's own dialog keeps focus inside; a failed submit keeps everything typed.
import { h, icon, iconButton, uniqueId, sizeText, toast } from "./dom.js";
import { store } from "./store.js";
import { act } from "./wire.js";
import { markdown } from "./markdown.js";
import { selectField, SELECT_KINDS } from "./listbox.js";
import { unknown } from "./components.js";
import { avatar } from "./names.js";
import { fileLimit, tooLarge } from "./limits.js";

export function openForm(modal, { origin = document.activeElement } = {}) {
  const fields = [];
  const titleId = uniqueId("form");
  const parts = modal.components.map((part) => drawPart(part, fields));
  const problem = h("p", { class: "form-problem", role: "alert", hidden: true });
  const submit = h("button", { type: "submit", class: "button primary" }, h("span", { class: "button-label" }, "Submit"));
  const dialog = h("dialog", { class: "form", "aria-labelledby": titleId });
  const close = () => dialog.close();
  const form = h("form", { novalidate: true, class: "form-inner" },
    h("header", { class: "form-head" }, avatar(store.users.get(store.app.id) ?? { bot: true }, "s"), h("h2", { id: titleId }, modal.title), iconButton("close", "Close the form", close)),
    h("div", { class: "form-body" }, parts),
    problem,
    h("footer", { class: "form-foot" }, h("button", { type: "button", class: "button plain", on: { click: close } }, "Cancel"), submit));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.classList.contains("busy")) return;
    const wrong = fields.filter((field) => !field.check());
    if (wrong.length) return void wrong[0].focus();
    problem.hidden = true;
    submit.classList.add("busy");
    const values = {};
    const files = [];
    for (const field of fields) {
      if (field.files) for (const file of field.files()) files.push([`file:${field.id}`, file]);
      else values[field.id] = field.value();
    }
    try {
      const answer = await act({ do: "submit", modal: modal.id, values }, files);
      if (answer.state !== "failed") return void close();
      problem.replaceChildren(icon("warn"), answer.text || "Something went wrong. Try again.");
      problem.hidden = false;
    } catch (error) {
      problem.replaceChildren(icon("warn"), `Something went wrong. ${error.message}`);
      problem.hidden = false;
    } finally {
      submit.classList.remove("busy");
    }
  });
  dialog.append(form);
  dialog.addEventListener("close", () => {
    dialog.remove();
    const back = origin?.isConnected ? origin : document.getElementById("composer-input");
    // Chromium gives the focus back by itself but leaves the caret in the removed form: typing would go nowhere.
    back?.blur();
    back?.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  fields[0]?.focus();
}

function drawPart(part, fields) {
  if (part.type === 10) return h("div", { class: "form-text md" }, markdown(part.content));
  if (part.type === 1) return part.components.map((inner) => labelled({ label: inner.label ?? "", component: inner }, fields));
  if (part.type === 18) return labelled(part, fields);
  return unknown(part);
}

function labelled(part, fields) {
  const inner = part.component;
  const make = SELECT_KINDS[inner.type] ? select : MAKERS[inner.type];
  if (!make) return unknown(inner);
  const id = uniqueId("field");
  const required = inner.type === 23 ? false : (inner.required ?? true);
  const problem = h("p", { class: "field-problem", role: "alert", id: `${id}-problem`, hidden: true });
  const field = make(inner, { id, label: part.label, required, describedBy: `${id}-description ${id}-problem` });
  field.id = inner.custom_id;
  const complain = field.complain;
  field.check = () => {
    const sentence = complain() || "";
    problem.textContent = sentence;
    problem.hidden = !sentence;
    field.node.classList.toggle("wrong", Boolean(sentence));
    return !sentence;
  };
  fields.push(field);
  const grouped = [21, 22].includes(inner.type);
  const words = [part.label, required && h("span", { class: "required", title: "Required" }, "*", h("span", { class: "unseen" }, " required"))];
  const title = grouped ? h("legend", { class: "field-label" }, words) : h("label", { class: "field-label", for: id, id: `${id}-label` }, words);
  const description = part.description && h("p", { class: "field-description", id: `${id}-description` }, part.description);
  return h(grouped ? "fieldset" : "div", { class: "field", data: { customId: inner.custom_id } }, title, description, field.node, problem);
}

function textInput(part, { id, required, describedBy }) {
  const long = part.style === 2;
  const input = h(long ? "textarea" : "input", { id, class: "text-input", value: part.value ?? "", placeholder: part.placeholder, maxlength: part.max_length ?? 4000, "aria-describedby": describedBy, "aria-required": required, rows: long ? 5 : null, type: long ? null : "text", autocomplete: "off" });
  const count = h("span", { class: "text-count", "aria-hidden": "true" });
  const recount = () => {
    const near = part.max_length && input.value.length > part.max_length * 0.7;
    count.textContent = near ? `${input.value.length} / ${part.max_length}` : "";
  };
  input.addEventListener("input", recount);
  recount();
  return {
    node: h("div", { class: "text-holder" }, input, count),
    value: () => input.value,
    focus: () => input.focus(),
    complain: () => {
      if (required && !input.value.trim()) return "This field is required";
      if (input.value && part.min_length && input.value.length < part.min_length) return `At least ${part.min_length} characters, please`;
      return "";
    },
  };
}

function select(part, { id, label, required }) {
  const least = required ? (part.min_values ?? 1) : 0;
  const field = selectField({ ...part, min_values: least }, { label });
  field.node.id = id;
  return {
    node: field.node,
    value: field.values,
    focus: () => field.node.focus(),
    complain: () => (field.values().length < (part.min_values ?? 1) && (required || field.values().length) ? (least > 1 ? `Choose at least ${least}` : "This field is required") : ""),
  };
}

function fileUpload(part, { id, required, describedBy }) {
  const least = part.min_values ?? 1;
  const most = part.max_values ?? 1;
  let chosen = [];
  const input = h("input", { id, type: "file", class: "unseen", multiple: most > 1, "aria-describedby": describedBy });
  const list = h("ul", { class: "upload-list" });
  const zone = h("label", { class: "upload-zone", for: id }, icon("plus"), h("span", {}, h("b", {}, most > 1 ? "Choose files" : "Choose a file"), " or drop ", most > 1 ? `up to ${most} here` : "it here"));
  const take = (files) => {
    const fitting = [...files].filter((file) => !tooLarge(file));
    if (fitting.length < files.length) toast(fileLimit.sentence());
    chosen = [...(most > 1 ? chosen : []), ...fitting].slice(0, most);
    draw();
  };
  const draw = () => list.replaceChildren(...chosen.map((file) => h("li", {}, icon("file"), h("span", { class: "upload-name" }, file.name), h("span", { class: "file-size" }, sizeText(file.size)), iconButton("close", `Remove ${file.name}`, () => { chosen = chosen.filter((other) => other !== file); draw(); }))));
  input.addEventListener("change", () => { take(input.files); input.value = ""; });
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => { event.preventDefault(); event.stopPropagation(); zone.classList.remove("over"); take(event.dataTransfer.files); });
  return {
    node: h("div", { class: "upload" }, input, zone, list),
    files: () => chosen,
    focus: () => input.focus(),
    complain: () => (chosen.length < least && (required || chosen.length) ? (least > 1 ? `Choose at least ${least} files` : "This field is required") : ""),
  };
}

function choices(part, { id, required, describedBy }, many) {
  const inputs = part.options.map((option) => h("input", { type: many ? "checkbox" : "radio", name: id, value: option.value, checked: Boolean(option.default), "aria-describedby": describedBy }));
  const rows = part.options.map((option, at) => h("label", { class: "choice" }, inputs[at], h("span", { class: "row-words" }, h("span", { class: "row-label" }, option.label), option.description && h("span", { class: "row-description" }, option.description))));
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  const least = required ? Math.max(part.min_values ?? 1, 1) : (part.min_values ?? 0);
  const most = part.max_values ?? part.options.length;
  return {
    node: h("div", { class: "choices" }, rows),
    value: () => (many ? chosen() : (chosen()[0] ?? null)),
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
    complain: () => {
      const count = chosen().length;
      if (count < least && (required || count)) return least > 1 ? `Choose at least ${least}` : "This field is required";
      return many && count > most ? `Choose at most ${most}` : "";
    },
  };
}

function checkbox(part, { id, label, describedBy }) {
  const input = h("input", { type: "checkbox", id, checked: Boolean(part.default), "aria-describedby": describedBy });
  return { node: h("span", { class: "choice lone" }, input, h("span", { "aria-hidden": "true" }, label ? "Yes" : "")), value: () => input.checked, focus: () => input.focus(), complain: () => "" };
}

const MAKERS = {
  4: textInput,
  19: fileUpload,
  21: (part, facts) => choices(part, facts, false),
  22: (part, facts) => choices(part, facts, true),
  23: checkbox,
};
