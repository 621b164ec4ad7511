// Emoji of buttons, options, reactions and texts. A machine without an emoji font gets the usual marks drawn instead.
import { h, icon } from "./dom.js";

const MARKS = {
  "🔵": ["dot", "#3b82f6", "blue circle"], "🟠": ["dot", "#e6930a", "orange circle"], "🟡": ["dot", "#d9a406", "yellow circle"],
  "🟢": ["dot", "#22a565", "green circle"], "🔴": ["dot", "#dc4a51", "red circle"], "🟣": ["dot", "#9063e0", "purple circle"],
  "⚫": ["dot", "#5a6575", "black circle"], "⚪": ["dot", "#aab3c0", "white circle"], "⭕": ["ring", "#dc4a51", "ring"],
  "🔷": ["diamond", "#3b82f6", "blue diamond"], "🔹": ["small-diamond", "#3b82f6", "small blue diamond"],
  "🔶": ["diamond", "#e6930a", "orange diamond"], "🔸": ["small-diamond", "#e6930a", "small orange diamond"],
  "✨": ["sparkle", "#e3a008", "sparkles"], "📅": ["calendar", "", "calendar"], "🗓": ["calendar", "", "calendar"],
  "✅": ["tick-box", "#1f9d61", "done"], "☑": ["tick-box", "#3b82f6", "done"], "⏹": ["stop", "#5a7fb8", "stopped"],
  "⏸": ["pause", "#5a7fb8", "paused"], "🔒": ["lock", "#d9960a", "locked"], "⏳": ["hourglass", "", "waiting"],
  "⌛": ["hourglass", "", "waiting"], "🔔": ["bell", "#d9960a", "bell"], "⚠": ["warn", "#d9960a", "warning"],
  "🎧": ["sound", "", "sound"], "🎵": ["sound", "", "music"], "🎶": ["sound", "", "music"], "👀": ["eye", "", "eyes"],
};
const MARK = new RegExp(`(${Object.keys(MARKS).join("|")})\\ufe0f?`, "u");

export function emoji(value) {
  if (!value) return null;
  if (value.id) return h("span", { class: "emoji-name", role: "img", "aria-label": value.name }, `:${value.name}:`);
  const drawn = MARK.exec(value.name ?? "");
  return drawn && !hasColourFont() ? mark(drawn[1]) : h("span", { class: "emoji", role: "img", "aria-label": value.name ?? "emoji" }, value.name);
}

// The sign itself stays as text for copying and for search.
function mark(sign) {
  const [shape, colour, name] = MARKS[sign];
  const node = h("span", { class: "mark", role: "img", "aria-label": name }, icon(shape), h("span", { class: "unseen" }, sign));
  if (colour) node.style.color = colour;
  return node;
}

// Text with its marks drawn where needed; everything else stays text nodes.
export function words(text) {
  if (!MARK.test(text) || hasColourFont()) return [text];
  return text.split(MARK).map((part, at) => (at % 2 ? mark(part) : part)).filter((part) => part !== "");
}

let colourFont = null;
function hasColourFont() {
  colourFont ??= lookForColour();
  return colourFont;
}

function lookForColour() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 20;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.font = "16px sans-serif";
  pen.fillText("🔥", 0, 16);
  const pixels = pen.getImageData(0, 0, 20, 20).data;
  for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] > 60 && pixels[at] > pixels[at + 2] + 30) return true;
  return false;
}

// Without a colour font the quick reactions are signs that every text font has.
let quick = null;
export function quickReactions() {
  quick ??= hasColourFont() ? ["👍", "❤️", "🔥", "✅", "👀", "🎧"] : ["✔", "❤", "★", "♪", "☺", "☂"];
  return quick;
}
