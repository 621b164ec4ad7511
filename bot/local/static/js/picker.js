// The list above the composer: commands while one types "/", and the values of the option being filled in.
import { h, icon } from "./dom.js";
import { avatar } from "./names.js";
import { store } from "./store.js";

export class Picker {
  constructor(holder, onPick) {
    this.onPick = onPick;
    this.rows = [];
    this.active = 0;
    this.head = h("div", { class: "picker-head" });
    this.list = h("div", { class: "picker-list", role: "listbox", id: "picker-list", "aria-label": "Suggestions" });
    this.node = h("div", { class: "picker", hidden: true, on: { pointerdown: (event) => event.preventDefault() } }, this.head, this.list);
    holder.append(this.node);
  }

  get open() {
    return !this.node.hidden;
  }

  show({ head, rows, owner, empty = "", active = 0 }) {
    this.rows = rows;
    this.owner = owner;
    this.active = rows.length ? active : -1;
    this.head.replaceChildren(...[head].flat().filter(Boolean));
    this.head.hidden = !head;
    let group = null;
    const nodes = [];
    for (const [at, row] of rows.entries()) {
      if (row.group && row.group !== group) nodes.push(h("div", { class: "picker-group", role: "presentation" }, avatar(store.users.get(store.app.id), "xs"), row.group));
      group = row.group;
      nodes.push(h("div", {
        class: "row", role: "option", id: `pick-${at}`, "aria-selected": "false", data: { at },
        on: { click: () => this.onPick(row), pointermove: () => this.active !== at && this.move(at, false) },
      }, row.mark, h("span", { class: "row-words" }, h("span", { class: "row-label" }, row.label, row.hint && h("span", { class: "row-hint" }, row.hint)), row.description && h("span", { class: "row-description" }, row.description))));
    }
    if (!rows.length && empty) nodes.push(h("div", { class: "list-empty", role: "status" }, empty));
    this.list.replaceChildren(...nodes);
    this.list.hidden = !nodes.length;
    this.node.hidden = !nodes.length && !head;
    this.move(this.active, false);
    this.list.scrollTop = 0;
    owner?.setAttribute("aria-expanded", String(this.open));
  }

  move(to, scroll = true) {
    if (!this.rows.length) return this.owner?.removeAttribute("aria-activedescendant");
    this.active = (to + this.rows.length) % this.rows.length;
    for (const node of this.list.querySelectorAll("[role=option]")) {
      const mine = Number(node.dataset.at) === this.active;
      node.classList.toggle("active", mine);
      node.setAttribute("aria-selected", String(mine));
      if (mine && scroll) node.scrollIntoView({ block: "nearest" });
    }
    return this.owner?.setAttribute("aria-activedescendant", `pick-${this.active}`);
  }

  current() {
    return this.rows[this.active];
  }

  hide() {
    this.node.hidden = true;
    this.rows = [];
    this.owner?.setAttribute("aria-expanded", "false");
    this.owner?.removeAttribute("aria-activedescendant");
  }

  // True when the key was for the list.
  key(event) {
    if (!this.open || !this.rows.length) return false;
    if (event.key === "ArrowDown") this.move(this.active + 1);
    else if (event.key === "ArrowUp") this.move(this.active - 1);
    else if (event.key === "PageDown") this.move(Math.min(this.active + 6, this.rows.length - 1));
    else if (event.key === "PageUp") this.move(Math.max(this.active - 6, 0));
    else return false;
    event.preventDefault();
    return true;
  }
}

export const slashMark = () => h("span", { class: "list-mark slash" }, "/");
export const spinnerHead = (text) => h("div", { class: "picker-status", role: "status" }, h("span", { class: "spinner" }), text);
export const warnHead = (text) => h("div", { class: "picker-status look", role: "alert" }, icon("warn"), text);
