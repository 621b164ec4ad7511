// A list to choose from: the popup of every select, in messages and in forms.
import { h, icon, uniqueId } from "./dom.js";
import { store, nameOf, channelName, isThread } from "./store.js";
import { avatar } from "./names.js";
import { emoji } from "./emoji.js";

const SEARCH_FROM = 11;

export function entityOptions(kind, channelTypes) {
  const people = () => [...store.users.values()].map((user) => ({ value: user.id, label: nameOf(user), description: user.bot ? "App" : `@${user.username}`, mark: avatar(user, "xs"), entity: "user" }));
  const roles = () => [...store.roles.values()].sort((a, b) => b.position - a.position).map((role) => ({ value: role.id, label: `@${role.name.replace(/^@/, "")}`, description: "Role", mark: h("span", { class: "list-mark" }, icon("at")), entity: "role" }));
  const channels = () => [...store.channels.values()]
    .filter((channel) => (channelTypes?.length ? channelTypes.includes(channel.type) : ![1, 3].includes(channel.type)))
    .map((channel) => ({ value: channel.id, label: channelName(channel), description: isThread(channel) ? "Thread" : channel.type === 4 ? "Category" : "", mark: h("span", { class: "list-mark" }, icon(isThread(channel) ? "thread" : "hash")), entity: "channel" }));
  return { user: people, role: roles, mentionable: () => [...people(), ...roles()], channel: channels }[kind]();
}

export const SELECT_KINDS = { 3: "string", 5: "user", 6: "role", 7: "mentionable", 8: "channel" };

export function optionsOf(component) {
  const kind = SELECT_KINDS[component.type];
  if (kind !== "string") return entityOptions(kind, component.channel_types);
  return component.options.map((option) => ({ value: option.value, label: option.label, description: option.description, mark: option.emoji ? emoji(option.emoji) : null }));
}

export function defaultsOf(component) {
  if (component.type === 3) return component.options.filter((option) => option.default).map((option) => option.value);
  return (component.default_values ?? []).map((value) => value.id);
}

// A select: `onDone(values)` runs when the list closes with another choice than before.
export function selectField(component, { onDone, selected = defaultsOf(component), label = "" }) {
  let values = [...selected];
  const options = optionsOf(component);
  const words = component.placeholder || label || "Make a selection";
  const face = h("span", { class: "select-face" });
  const button = h("button", { type: "button", class: "select", disabled: component.disabled, "aria-haspopup": "listbox", "aria-expanded": "false", data: { customId: component.custom_id ?? "" } }, face, icon("down"));
  const draw = () => {
    const chosen = values.map((value) => options.find((option) => option.value === value) ?? { label: value });
    face.replaceChildren(...(chosen.length
      ? chosen.map((option) => h("span", { class: chosen.length > 1 ? "chip" : "chosen" }, option.mark?.cloneNode(true), h("span", {}, option.label)))
      : [h("span", { class: "placeholder" }, words)]));
    button.setAttribute("aria-label", `${words}${chosen.length ? `: ${chosen.map((option) => option.label).join(", ")}` : ""}`);
  };
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") return;
    button.setAttribute("aria-expanded", "true");
    openList({
      anchor: button, label: words, options, selected: values,
      min: component.min_values ?? 1, max: component.max_values ?? 1,
      onClose: (chosen) => {
        button.setAttribute("aria-expanded", "false");
        button.focus();
        if (chosen && chosen.join("\n") !== values.join("\n")) {
          values = chosen;
          draw();
          onDone?.(values);
        }
      },
    });
  });
  draw();
  return { node: button, values: () => values, reset: (to) => { values = [...to]; draw(); } };
}

export function openList({ anchor, label, options, selected, min, max, onClose }) {
  const multi = max > 1;
  const chosen = new Set(selected);
  const id = uniqueId("list");
  const rows = h("div", { class: "list-rows", role: "listbox", id, "aria-label": label, "aria-multiselectable": multi });
  const search = options.length >= SEARCH_FROM && h("input", { class: "list-search", type: "text", placeholder: "Search", "aria-label": `Search: ${label}`, role: "combobox", "aria-controls": id, "aria-expanded": "true", autocomplete: "off" });
  const hint = multi && h("div", { class: "list-hint" }, h("span", {}, min === max ? `Choose ${max}` : min > 0 ? `Choose ${min} to ${max}` : `Choose up to ${max}`), h("button", { type: "button", class: "button primary slim", on: { click: () => finish(true) } }, "Done"));
  const panel = h("div", { class: "list popup" }, search, rows, hint);
  let shown = options;
  let active = Math.max(0, options.findIndex((option) => chosen.has(option.value)));

  const draw = () => {
    rows.replaceChildren(...shown.map((option, at) => h("div", {
      class: `row${at === active ? " active" : ""}`, role: "option", id: `${id}-${at}`, "aria-selected": String(chosen.has(option.value)),
      on: { pointerdown: (event) => event.preventDefault(), click: () => toggle(at), pointermove: () => at !== active && move(at, false) },
    }, option.mark, h("span", { class: "row-words" }, h("span", { class: "row-label" }, option.label), option.description && h("span", { class: "row-description" }, option.description)),
    chosen.has(option.value) && icon("check", "row-check"))));
    if (!shown.length) rows.append(h("div", { class: "list-empty" }, "Nothing by that name"));
    (search || rows).setAttribute("aria-activedescendant", shown.length ? `${id}-${active}` : "");
  };
  const move = (to, scroll = true) => {
    active = Math.min(Math.max(to, 0), Math.max(shown.length - 1, 0));
    for (const [at, row] of [...rows.children].entries()) row.classList.toggle("active", at === active);
    (search || rows).setAttribute("aria-activedescendant", shown.length ? `${id}-${active}` : "");
    if (scroll) rows.children[active]?.scrollIntoView({ block: "nearest" });
  };
  const toggle = (at) => {
    const option = shown[at];
    if (!option) return;
    if (chosen.has(option.value)) {
      if (multi || min === 0) chosen.delete(option.value);
    } else {
      if (!multi) chosen.clear();
      if (chosen.size >= max) return;
      chosen.add(option.value);
    }
    if (!multi) return finish(true);
    active = at;
    draw();
  };
  const finish = (keep) => {
    if (!panel.isConnected) return;
    panel.remove();
    document.removeEventListener("pointerdown", outside, true);
    window.removeEventListener("resize", abandon);
    const values = options.filter((option) => chosen.has(option.value)).map((option) => option.value);
    onClose(keep && values.length >= min ? values : null);
  };
  const abandon = () => finish(false);
  const outside = (event) => !panel.contains(event.target) && !anchor.contains(event.target) && finish(multi);

  panel.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + 8, PageUp: active - 8 };
    if (!search) Object.assign(steps, { Home: 0, End: shown.length - 1 });
    if (event.key in steps) move(steps[event.key]);
    else if (event.key === "Enter" && event.target.tagName !== "BUTTON") toggle(active);
    else if (event.key === " " && event.target === rows) toggle(active);
    else if (event.key === "Escape") finish(multi);
    else if (event.key === "Tab" && !hint) finish(true);
    else if (event.key.length === 1 && event.target === rows && !event.ctrlKey && !event.metaKey) {
      const next = [...shown.keys()].map((at) => (at + active + 1) % shown.length).find((at) => shown[at].label.toLowerCase().startsWith(event.key.toLowerCase()));
      if (next !== undefined) move(next);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  if (search) search.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase();
    shown = options.filter((option) => `${option.label} ${option.description ?? ""}`.toLowerCase().includes(words));
    active = 0;
    draw();
  });
  if (!search) rows.tabIndex = 0;
  draw();
  place(panel, anchor);
  (search || rows).focus({ preventScroll: true });
  rows.children[active]?.scrollIntoView({ block: "nearest" });
  setTimeout(() => document.addEventListener("pointerdown", outside, true));
  window.addEventListener("resize", abandon);
}

// Below its anchor, or above when there is more room; inside the form when the anchor is in one.
export function place(panel, anchor, { width = true } = {}) {
  (anchor.closest?.("dialog") ?? document.body).append(panel);
  const box = anchor.getBoundingClientRect();
  const below = window.innerHeight - box.bottom - 12;
  const above = box.top - 12;
  const up = below < Math.min(panel.offsetHeight, 260) && above > below;
  if (width) panel.style.width = `${Math.max(box.width, 220)}px`;
  panel.style.maxHeight = `${Math.min(360, Math.max(up ? above : below, 120))}px`;
  panel.style.left = `${Math.max(8, Math.min(box.left, window.innerWidth - panel.offsetWidth - 8))}px`;
  panel.style[up ? "bottom" : "top"] = `${up ? window.innerHeight - box.top + 4 : box.bottom + 4}px`;
}
