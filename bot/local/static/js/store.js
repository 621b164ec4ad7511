// What this tab knows: who it is, people, roles, channels, commands, messages by channel. No drawing here.

export const store = {
  me: null,
  actors: [],
  app: null,
  guild: null,
  users: new Map(),
  roles: new Map(),
  channels: new Map(),
  commands: [],
  current: null,
  messages: new Map(),
  complete: new Set(),
};

const listeners = new Map();

export function on(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
}

export function tell(topic, detail) {
  for (const listener of listeners.get(topic) ?? []) listener(detail);
}

export function takeWorld(world) {
  store.me = world.me;
  store.actors = world.actors;
  store.app = world.application;
  store.guild = world.guild ?? { id: "0", name: "Messages", owner_id: "0", roles: [] };
  store.users = new Map(world.users.map((user) => [user.id, user]));
  store.roles = new Map(store.guild.roles.map((role) => [role.id, role]));
  store.channels = new Map(world.channels.map((channel) => [channel.id, channel]));
}

export const nameOf = (user) => (user?.id && user.id === store.app?.id ? store.app.name : null) || user?.nick || user?.global_name || user?.username || "Unknown person";
export const person = (id) => store.users.get(id);

export function authorOf(message) {
  return store.users.get(message.author.id) ?? message.author;
}

export function channelName(channel) {
  if (!channel) return "unknown";
  if (channel.type === 1 || channel.type === 3) return channel.name || (channel.recipients ?? []).map((user) => nameOf(person(user.id) ?? user)).join(", ");
  return channel.name;
}

export const isThread = (channel) => channel && channel.type >= 10 && channel.type <= 12;
export const isDirect = (channel) => channel && (channel.type === 1 || channel.type === 3);

export function roleColour(user) {
  let best = null;
  for (const id of user?.roles ?? []) {
    const role = store.roles.get(id);
    if (role?.color && (!best || role.position > best.position)) best = role;
  }
  return best ? `#${best.color.toString(16).padStart(6, "0")}` : null;
}

// Snowflakes are longer than a double is exact, so they are compared by length and text.
export const newer = (a, b) => (a.length === b.length ? a > b : a.length > b.length);
const byId = (a, b) => (a.id === b.id ? 0 : newer(a.id, b.id) ? 1 : -1);

export function putMessages(channelId, list) {
  const known = new Map((store.messages.get(channelId) ?? []).map((message) => [message.id, message]));
  for (const message of list) known.set(message.id, message);
  store.messages.set(channelId, [...known.values()].sort(byId));
}

export function findMessage(channelId, id) {
  return (store.messages.get(channelId) ?? []).find((message) => message.id === id);
}

export function dropMessage(channelId, id) {
  store.messages.set(channelId, (store.messages.get(channelId) ?? []).filter((message) => message.id !== id));
}

// Read marks live in the browser: they are about this person at this screen, not about the world.
const readKey = (channelId) => `read:${store.guild.id}:${store.me.id}:${channelId}`;

export function lastRead(channelId) {
  return localStorage.getItem(readKey(channelId)) ?? "0";
}

export function markRead(channelId) {
  const channel = store.channels.get(channelId);
  if (!channel) return;
  const newest = channel.last_message_id;
  if (newest && newer(newest, lastRead(channelId))) localStorage.setItem(readKey(channelId), newest);
  channel.pings = 0;
}

export function isUnread(channel) {
  return Boolean(channel.last_message_id && newer(channel.last_message_id, lastRead(channel.id)));
}
