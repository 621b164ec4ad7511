// One option of a command being filled in: its input, what may be chosen, and whether the value will do.
import { h, icon, debounce, sizeText, toast } from "./dom.js";
import { TYPE } from "./commands.js";
import { entityOptions } from "./listbox.js";
import { fileLimit, tooLarge } from "./limits.js";

const ENTITY = { [TYPE.USER]: "user", [TYPE.CHANNEL]: "channel", [TYPE.ROLE]: "role", [TYPE.MENTIONABLE]: "mentionable" };
const WAIT_MS = 250;

// `host` gives: values(), ask(option, text) → choices, redraw(field), enter(field), leave(field).
export function optionField(option, host) {
  if (option.type === TYPE.ATTACHMENT) return fileField(option, host);
  const input = h("input", { class: "option-input", type: "text", inputmode: option.type === TYPE.INTEGER ? "numeric" : option.type === TYPE.NUMBER ? "decimal" : null, autocomplete: "off", spellcheck: "false", role: "combobox", "aria-label": `${option.name}: ${option.description}${option.required ? ", required" : ""}`, "aria-controls": "picker-list", "aria-expanded": "false", maxlength: option.max_length ?? 6000 });
  const node = h("span", { class: "option" }, h("span", { class: "option-name", "aria-hidden": "true" }, option.name), input);
  const field = { option, node, input, picked: null, rows: [], state: "ready", serial: 0, problem: "" };
  const fixed = fixedRows(option);

  const fit = () => { input.style.width = `${Math.max(4, Math.min(input.value.length + 1.5, 44))}ch`; };
  const lookUp = debounce(WAIT_MS, async () => {
    const serial = ++field.serial;
    const choices = await host.ask(option, input.value);
    if (serial !== field.serial) return;
    field.state = choices === null ? "failed" : "ready";
    field.rows = (choices ?? []).map((choice) => ({ label: choice.name, value: choice.value }));
    host.redraw(field);
  });

  field.refresh = () => {
    if (fixed) {
      const words = field.picked ? "" : input.value.trim().toLowerCase().replace(/^[@#]/, "");
      field.rows = fixed().filter((row) => `${row.label} ${row.description ?? ""}`.toLowerCase().includes(words)).slice(0, 50);
    } else if (option.autocomplete) {
      field.serial += 1;
      field.state = "loading";
      field.rows = [];
      lookUp();
    }
    host.redraw(field);
  };
  field.pick = (row) => {
    field.picked = row;
    input.value = row.label;
    field.problem = "";
    node.classList.remove("wrong");
    lookUp.cancel();
    field.serial += 1;
    fit();
  };
  field.filled = () => input.value !== "";
  field.focus = () => input.focus();
  field.value = () => {
    if (field.picked) return field.picked.value;
    if (option.type === TYPE.INTEGER || option.type === TYPE.NUMBER) return Number(input.value.replace(",", "."));
    return input.value;
  };
  field.check = () => {
    field.problem = complain(field, fixed);
    node.classList.toggle("wrong", Boolean(field.problem));
    input.setAttribute("aria-invalid", String(Boolean(field.problem)));
    return !field.problem;
  };
  field.hasList = Boolean(fixed || option.autocomplete);
  input.addEventListener("input", () => {
    field.picked = null;
    node.classList.remove("wrong");
    field.problem = "";
    fit();
    field.refresh();
  });
  input.addEventListener("focus", () => { host.enter(field); field.refresh(); });
  node.addEventListener("click", () => input.focus());
  fit();
  return field;
}

function fixedRows(option) {
  if (option.choices?.length) return () => option.choices.map((choice) => ({ label: choice.name, value: choice.value }));
  if (option.type === TYPE.BOOLEAN) return () => [{ label: "True", value: true }, { label: "False", value: false }];
  if (ENTITY[option.type]) return () => entityOptions(ENTITY[option.type], option.channel_types);
  return null;
}

function complain(field, fixed) {
  const { option, input } = field;
  const text = input.value.trim();
  if (!text) return option.required ? "This option is required. Give it a value." : "";
  if (fixed && !field.picked) {
    const same = fixed().filter((row) => row.label.toLowerCase() === text.toLowerCase() || row.label.toLowerCase().replace(/^[@#]/, "") === text.toLowerCase());
    if (same.length !== 1) return "Choose one from the list.";
    field.pick(same[0]);
  }
  if (option.type === TYPE.INTEGER || option.type === TYPE.NUMBER) {
    const value = Number(field.value());
    if (option.type === TYPE.INTEGER && !Number.isInteger(value)) return "Give a whole number, like 12.";
    if (Number.isNaN(value)) return "Give a number, like 1.5.";
    if (option.min_value !== undefined && value < option.min_value) return `Give ${option.min_value} or more.`;
    if (option.max_value !== undefined && value > option.max_value) return `Give ${option.max_value} or less.`;
  }
  if (option.type === TYPE.STRING && option.min_length && input.value.length < option.min_length) return `Give at least ${option.min_length} characters.`;
  return "";
}

function fileField(option, host) {
  const input = h("input", { type: "file", class: "unseen", tabindex: -1, "aria-hidden": "true" });
  const face = h("button", { type: "button", class: "option-file", "aria-label": `${option.name}: ${option.description}. Choose a file` }, "Choose a file");
  const node = h("span", { class: "option" }, h("span", { class: "option-name", "aria-hidden": "true" }, option.name), input, face);
  const field = { option, node, input: face, picked: null, rows: [], state: "ready", problem: "", hasList: false, file: null };
  field.give = (file) => {
    if (tooLarge(file)) return toast(fileLimit.sentence());
    field.file = file;
    face.replaceChildren(icon("file"), h("span", {}, file.name), h("span", { class: "file-size" }, sizeText(file.size)));
    face.setAttribute("aria-label", `${option.name}: ${file.name}`);
    node.classList.remove("wrong");
    field.problem = "";
    host.redraw(field);
  };
  field.refresh = () => host.redraw(field);
  field.filled = () => Boolean(field.file);
  field.focus = () => face.focus();
  field.value = () => field.file;
  field.check = () => {
    field.problem = option.required && !field.file ? "This option is required. Choose a file." : "";
    node.classList.toggle("wrong", Boolean(field.problem));
    return !field.problem;
  };
  face.addEventListener("click", () => input.click());
  face.addEventListener("focus", () => host.enter(field));
  input.addEventListener("change", () => { if (input.files[0]) field.give(input.files[0]); input.value = ""; face.focus(); });
  return field;
}
