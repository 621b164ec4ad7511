// Building elements. Whatever comes from a message goes in as a text node; nothing here parses markup.

export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in PROPERTIES) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, children);
  return node;
}

const PROPERTIES = { value: 1, checked: 1, hidden: 1, disabled: 1, muted: 1 };

export function add(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function icon(name, className = "") {
  const source = document.getElementById("icons").content.querySelector(`[data-icon="${name}"]`);
  const copy = document.importNode(source, true);
  copy.setAttribute("class", `icon ${className}`.trim());
  copy.removeAttribute("data-icon");
  return copy;
}

export function iconButton(name, label, listener, className = "") {
  return h("button", { type: "button", class: `icon-button ${className}`.trim(), "aria-label": label, title: label, on: { click: listener } }, icon(name));
}

let counter = 0;
export const uniqueId = (prefix) => `${prefix}-${++counter}`;

export function debounce(wait, work) {
  let timer = 0;
  const later = (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}

export function sizeText(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KB`;
  return `${(bytes / 1024 ** 2).toFixed(2).replace(/\.?0+$/, "")} MB`;
}

export function toast(text, kind = "look") {
  const box = document.getElementById("toasts");
  const item = h("div", { class: `toast ${kind}` }, icon(kind === "good" ? "check" : "warn"), h("span", {}, text));
  box.append(item);
  setTimeout(() => item.remove(), 6000);
}
