// The slash commands as a flat list of leaves, and finding them by what was typed. No drawing.
import { store } from "./store.js";

export const TYPE = { SUBCOMMAND: 1, GROUP: 2, STRING: 3, INTEGER: 4, BOOLEAN: 5, USER: 6, CHANNEL: 7, ROLE: 8, MENTIONABLE: 9, NUMBER: 10, ATTACHMENT: 11 };

export function leaves() {
  const found = [];
  for (const command of store.commands) if ((command.type ?? 1) === 1) walk(command, command, [command.name], found);
  const solo = (leaf) => Number(!leaf.path.includes(" "));
  return found.sort((a, b) => solo(b) - solo(a) || a.path.localeCompare(b.path));
}

function walk(command, node, path, found) {
  const inner = (node.options ?? []).filter((option) => option.type === TYPE.SUBCOMMAND || option.type === TYPE.GROUP);
  if (!inner.length) found.push({ command, id: command.id, path: path.join(" "), name: node.name, description: node.description, options: node.options ?? [] });
  for (const option of inner) walk(command, option, [...path, option.name], found);
}

export function leafAt(path, id) {
  const all = leaves();
  return all.find((leaf) => leaf.path === path) ?? all.find((leaf) => leaf.id === id && leaf.path.startsWith(path)) ?? null;
}

// Best first: the whole path begins with it, then a later word does, then all words occur somewhere.
export function search(typed) {
  const text = typed.trim().toLowerCase();
  const all = leaves();
  if (!text) return all;
  const words = text.split(/\s+/);
  const rank = (leaf) => {
    const path = leaf.path.toLowerCase();
    if (path.startsWith(text)) return 0;
    const parts = path.split(" ");
    if (words.every((word) => parts.some((part) => part.startsWith(word)))) return 1;
    if (words.every((word) => path.includes(word))) return 2;
    if (words.every((word) => `${path} ${leaf.description.toLowerCase()}`.includes(word))) return 3;
    return 9;
  };
  return all.map((leaf) => [rank(leaf), leaf]).filter(([score]) => score < 9).sort((a, b) => a[0] - b[0]).map(([, leaf]) => leaf);
}

export const required = (leaf) => leaf.options.filter((option) => option.required);
export const optional = (leaf) => leaf.options.filter((option) => !option.required);
