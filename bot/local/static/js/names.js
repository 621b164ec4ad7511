// How a person looks: avatar and name tag.
import { h, icon } from "./dom.js";
import { localAddress } from "./wire.js";
import { nameOf, store } from "./store.js";

const TINTS = ["#7c3aed", "#b45309", "#047857", "#be185d", "#4338ca", "#0e7490", "#9a3412", "#0f766e"];

// By order of joining, so that the first people never look alike.
function tintOf(id) {
  const people = [...store.users.values()].filter((user) => !user.bot);
  return TINTS[Math.max(0, people.findIndex((user) => user.id === id)) % TINTS.length];
}

function initials(name) {
  const words = name.trim().split(/\s+/u);
  return words.slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase() || "?";
}

export function avatar(user, size = "") {
  const node = h("span", { class: `avatar ${size}`.trim(), "aria-hidden": "true" });
  const picture = user?.avatar_url ? localAddress(user.avatar_url) : null;
  if (picture) node.append(h("img", { src: picture, alt: "", loading: "lazy" }));
  else if (user?.bot) node.append(icon("mark")), node.classList.add("machine");
  else {
    node.append(initials(nameOf(user)));
    node.style.setProperty("--tint", tintOf(user?.id ?? "0"));
  }
  return node;
}

export const appTag = () => h("span", { class: "tag" }, "APP");
