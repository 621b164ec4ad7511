// Timestamps in the reader's own zone; relative ones tick.
import { h } from "./dom.js";

const LOCALE = navigator.language.startsWith("en") ? navigator.language : "en-GB";
const make = (options) => new Intl.DateTimeFormat(LOCALE, options);
const STYLES = {
  t: make({ hour: "numeric", minute: "2-digit" }),
  T: make({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
  d: make({ day: "2-digit", month: "2-digit", year: "numeric" }),
  D: make({ day: "numeric", month: "long", year: "numeric" }),
  f: make({ day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit" }),
  F: make({ weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit" }),
  s: make({ day: "2-digit", month: "2-digit", year: "numeric", hour: "numeric", minute: "2-digit" }),
  S: make({ day: "2-digit", month: "2-digit", year: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit" }),
};
const FULL = make({ weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "numeric", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
const RELATIVE = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
const STEPS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

export function relative(date, now = Date.now()) {
  const seconds = (date.getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    const count = Math.round(seconds / size);
    if (Math.abs(seconds) >= size || unit === "second") return RELATIVE.format(count, unit);
  }
  return "";
}

export function stamp(unix, style = "f") {
  const date = new Date(Number(unix) * 1000);
  if (Number.isNaN(date.getTime())) return document.createTextNode("Invalid date");
  const text = style === "R" ? relative(date) : (STYLES[style] ?? STYLES.f).format(date);
  return h("time", { class: "stamp", datetime: date.toISOString(), title: FULL.format(date), tabindex: 0, data: style === "R" ? { relative: date.getTime() } : {} }, text);
}

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

export function sameDay(a, b) {
  return midnight(a) === midnight(b);
}

export function dayText(date) {
  const days = Math.round((midnight(new Date()) - midnight(date)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return make({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(date);
}

export function messageTime(iso) {
  const date = new Date(iso);
  const days = Math.round((midnight(new Date()) - midnight(date)) / 86400000);
  const clock = STYLES.t.format(date);
  const text = days === 0 ? `Today at ${clock}` : days === 1 ? `Yesterday at ${clock}` : `${STYLES.d.format(date)} ${clock}`;
  return h("time", { class: "when", datetime: date.toISOString(), title: FULL.format(date) }, text);
}

export function clockTime(iso) {
  const date = new Date(iso);
  return h("time", { class: "when", datetime: date.toISOString(), title: FULL.format(date) }, STYLES.t.format(date));
}

export function editedMark(iso) {
  return h("span", { class: "edited", title: `Edited ${FULL.format(new Date(iso))}` }, "(edited)");
}

export function startTicking() {
  setInterval(() => {
    const now = Date.now();
    for (const node of document.querySelectorAll("time[data-relative]")) {
      const text = relative(new Date(Number(node.dataset.relative)), now);
      if (node.textContent !== text) node.textContent = text;
    }
  }, 1000);
}
