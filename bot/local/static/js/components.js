// Message components of both generations to nodes. A kind this file does not know is shown as such, never dropped.
import { h, icon, toast } from "./dom.js";
import { store } from "./store.js";
import { act, safeLink } from "./wire.js";
import { emoji } from "./emoji.js";
import { markdown } from "./markdown.js";
import { gallery, picture, fileCard, veil } from "./media.js";
import { selectField, SELECT_KINDS } from "./listbox.js";
import { openForm } from "./form.js";

const BUTTONS = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

export function components(list, message) {
  return list.map((component) => draw(component, message));
}

function draw(component, message) {
  const known = KINDS[component.type];
  if (known) return known(component, message);
  return unknown(component);
}

export function unknown(component) {
  return h("div", { class: "unknown-part", role: "note" }, icon("warn"), `This page cannot show component type ${component?.type ?? "?"} yet.`);
}

const KINDS = {
  1: (row, message) => h("div", { class: "action-row" }, row.components.map((part) => draw(part, message))),
  2: button,
  9: section,
  10: (text) => h("div", { class: "text-display md" }, markdown(text.content)),
  11: (part) => thumbnail(part),
  12: (part) => gallery(part.items),
  13: (part) => {
    const card = fileCard({ ...part.file, filename: part.name, size: part.size });
    if (part.spoiler) veil(card);
    return card;
  },
  14: (part) => h("div", { class: `separator${part.spacing === 2 ? " wide" : ""}${part.divider === false ? " bare" : ""}`, role: part.divider === false ? "none" : "separator" }),
  17: container,
};
for (const type of Object.keys(SELECT_KINDS)) KINDS[type] = messageSelect;

function container(part, message) {
  const node = h("div", { class: "container" }, h("div", { class: "container-inner" }, part.components.map((inner) => draw(inner, message))));
  if (part.accent_color !== null && part.accent_color !== undefined) {
    node.classList.add("accented");
    node.style.setProperty("--accent-bar", `#${part.accent_color.toString(16).padStart(6, "0")}`);
  }
  if (part.spoiler) veil(node);
  return node;
}

function section(part, message) {
  return h("div", { class: "section" },
    h("div", { class: "section-texts" }, part.components.map((inner) => draw(inner, message))),
    part.accessory && h("div", { class: "section-accessory" }, draw(part.accessory, message)));
}

function thumbnail(part) {
  return picture({ media: part.media, description: part.description ?? "", spoiler: part.spoiler }, { className: "thumbnail", cover: true });
}

function button(part, message) {
  const face = [emoji(part.emoji), part.label && h("span", { class: "button-label" }, part.label)];
  const className = `button ${BUTTONS[part.style] ?? "secondary"}`;
  if (part.style === 5) {
    const href = safeLink(part.url);
    if (!href || part.disabled) return h("button", { type: "button", class: className, disabled: true }, face, icon("external"));
    return h("a", { class: className, href, target: "_blank", rel: "noopener noreferrer" }, face, icon("external"));
  }
  const node = h("button", { type: "button", class: className, disabled: part.disabled, data: { customId: part.custom_id ?? "" }, "aria-label": part.label ? null : part.emoji?.name }, face);
  node.addEventListener("click", () => press(node, message, { do: "click", custom_id: part.custom_id }));
  return node;
}

function messageSelect(part, message) {
  const field = selectField(part, { onDone: (values) => press(field.node, message, { do: "select", custom_id: part.custom_id, values }, () => field.reset(previous())) });
  const first = field.values();
  const previous = () => first;
  return h("div", { class: "select-holder" }, field.node);
}

// One press: a spinner until the bot has acknowledged, the red line when it has not.
async function press(node, message, action, undo) {
  if (node.classList.contains("busy")) return;
  const row = node.closest(".action-row, .section") ?? node.parentElement;
  row.parentElement?.querySelectorAll(":scope > .press-failed").forEach((line) => line.remove());
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  try {
    const answer = await act({ ...action, channel: message.channel_id, message: message.id });
    if (answer.state === "failed") {
      undo?.();
      if (row.isConnected) row.after(h("p", { class: "press-failed", role: "alert" }, icon("warn"), answer.text || "This interaction failed"));
      else toast(answer.text || "This interaction failed");
    } else if (answer.state === "modal") {
      undo?.();
      openForm(answer.modal, { origin: node });
    }
  } catch (error) {
    undo?.();
    toast(error.message);
  } finally {
    node.classList.remove("busy");
    node.removeAttribute("aria-busy");
  }
}

export function hasV2(message) {
  return Boolean((message.flags ?? 0) & (1 << 15));
}

export const appName = () => store.app?.name ?? "The application";
