// Emoji of buttons, options and reactions: a unicode sign, or the name of a custom one.
import { h } from "./dom.js";

export function emoji(value) {
  if (!value) return null;
  const custom = Boolean(value.id);
  return h("span", { class: custom ? "emoji-name" : "emoji", role: "img", "aria-label": value.name ?? "emoji" }, custom ? `:${value.name}:` : value.name);
}
