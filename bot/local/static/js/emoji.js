// Emoji of buttons, options, reactions and texts. Coloured discs are drawn, since cards use them as marks of a state.
import { h } from "./dom.js";

const DISCS = {
  "🔵": ["#3b82f6", "blue"], "🟠": ["#f59e0b", "orange"], "🟡": ["#eab308", "yellow"], "🟢": ["#22a565", "green"], "🔴": ["#dc4a51", "red"],
  "🟣": ["#9063e0", "purple"], "🟤": ["#94643f", "brown"], "⚫": ["#3f4754", "black"], "⚪": ["#c3cad5", "white"],
};
const DISC = new RegExp(`(${Object.keys(DISCS).join("|")})\\ufe0f?`, "u");

export function emoji(value) {
  if (!value) return null;
  const custom = Boolean(value.id);
  if (custom) return h("span", { class: "emoji-name", role: "img", "aria-label": value.name }, `:${value.name}:`);
  return DISCS[value.name] ? disc(value.name) : h("span", { class: "emoji", role: "img", "aria-label": value.name ?? "emoji" }, value.name);
}

function disc(sign) {
  const [colour, name] = DISCS[sign];
  const node = h("span", { class: "disc", role: "img", "aria-label": `${name} circle` }, sign);
  node.style.setProperty("--disc", colour);
  return node;
}

// Text with its discs drawn; everything else stays one text node.
export function words(text) {
  const parts = text.split(DISC);
  return parts.map((part, at) => (at % 2 ? disc(part) : part)).filter((part) => part !== "");
}

// Without a colour font the quick reactions fall back to signs that every text font has.
function hasColourFont() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 20;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.font = "16px sans-serif";
  pen.fillText("🔥", 0, 16);
  const pixels = pen.getImageData(0, 0, 20, 20).data;
  for (let at = 0; at < pixels.length; at += 4) if (pixels[at + 3] > 60 && pixels[at] > pixels[at + 2] + 30) return true;
  return false;
}

let quick = null;
export function quickReactions() {
  quick ??= hasColourFont() ? ["👍", "❤️", "🔥", "✅", "👀", "🎧"] : ["✔", "❤", "★", "♪", "☺", "☂"];
  return quick;
}
