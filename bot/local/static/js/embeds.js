// Embeds to nodes.
import { h } from "./dom.js";
import { markdown } from "./markdown.js";
import { picture } from "./media.js";
import { localAddress, safeLink } from "./wire.js";
import { messageTime } from "./time.js";

export function embed(data) {
  const node = h("div", { class: "embed" });
  if (data.color !== undefined && data.color !== null) node.style.setProperty("--accent-bar", `#${data.color.toString(16).padStart(6, "0")}`);
  const body = h("div", { class: "embed-body" });
  if (data.author) body.append(h("div", { class: "embed-author" }, smallIcon(data.author.icon_url), linked(data.author.name, data.author.url)));
  if (data.title) body.append(h("div", { class: "embed-title" }, linked(data.title, data.url)));
  if (data.description) body.append(h("div", { class: "embed-text md" }, markdown(data.description)));
  if (data.fields?.length) body.append(h("div", { class: "embed-fields" }, data.fields.map((field) => h("div", { class: field.inline ? "embed-field inline" : "embed-field" }, h("div", { class: "embed-name" }, markdown(field.name, { block: false })), h("div", { class: "md" }, markdown(field.value))))));
  if (data.image) body.append(picture({ media: data.image, description: data.image.description ?? "" }));
  if (data.footer || data.timestamp) body.append(h("div", { class: "embed-footer" }, smallIcon(data.footer?.icon_url), data.footer?.text, data.footer && data.timestamp && " • ", data.timestamp && messageTime(data.timestamp)));
  node.append(body);
  if (data.thumbnail) node.append(picture({ media: data.thumbnail, description: data.thumbnail.description ?? "" }, { className: "thumbnail", cover: true }));
  return node;
}

function linked(text, address) {
  const href = address && safeLink(address);
  return href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, text) : h("span", {}, text);
}

function smallIcon(address) {
  const source = address && localAddress(address);
  return source ? h("img", { class: "embed-icon", src: source, alt: "", loading: "lazy" }) : null;
}
