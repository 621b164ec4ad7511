// The way to the server: the key, JSON and file requests, and the socket that pushes changes.
import { store } from "./store.js";

const KEY = "studiohand-key";

export function takeKey() {
  const given = new URLSearchParams(location.hash.slice(1)).get("key");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY);
}

export class Refused extends Error {
  constructor(status, body) {
    super(body?.message ?? `The server answered ${status}.`);
    this.status = status;
    this.body = body ?? {};
  }
}

async function answerOf(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

const headers = (more = {}) => ({ "X-Studiohand-Key": sessionStorage.getItem(KEY) ?? "", ...more });

export async function get(path, query = {}) {
  const given = Object.entries({ as: store.me?.id, ...query }).filter(([, value]) => value !== undefined && value !== null);
  return answerOf(await fetch(`${path}?${new URLSearchParams(given)}`, { headers: headers() }));
}

// `files` is a list of [field name, File]. The answer comes when the bot has answered, or did not in time.
export async function act(action, files = []) {
  const payload = JSON.stringify({ as: store.me.id, ...action });
  if (!files.length) {
    return answerOf(await fetch("/page/act", { method: "POST", headers: headers({ "Content-Type": "application/json" }), body: payload }));
  }
  const form = new FormData();
  form.append("payload_json", payload);
  for (const [field, file] of files) form.append(field, file, file.name);
  return answerOf(await fetch("/page/act", { method: "POST", headers: headers(), body: form }));
}

export class Pushes {
  constructor({ onEvent, onState }) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.delay = 500;
    this.wanted = null;
  }

  as(personId) {
    this.wanted = personId;
    this.socket?.close();
    clearTimeout(this.timer);
    this.open();
  }

  open() {
    const address = new URL("/page/ws", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.addEventListener("open", () => socket.send(JSON.stringify({ key: sessionStorage.getItem(KEY), as: this.wanted })));
    socket.addEventListener("message", (event) => {
      if (socket !== this.socket) return;
      const { t, d } = JSON.parse(event.data);
      if (t === "READY") {
        this.delay = 500;
        this.onState("live");
      }
      this.onEvent(t, d);
    });
    socket.addEventListener("close", (event) => {
      if (socket !== this.socket) return;
      if (event.code === 4004) return this.onState("refused");
      this.onState("reconnecting");
      this.timer = setTimeout(() => this.open(), this.delay * (0.8 + Math.random() * 0.4));
      this.delay = Math.min(this.delay * 2, 15000);
    });
  }

  retryNow() {
    clearTimeout(this.timer);
    this.delay = 500;
    if (this.socket.readyState > 1) this.open();
  }
}

// Files are named by absolute addresses of this server; loading them by path keeps them on our own origin.
// Their signature is made anew for every answer, so the first one is kept: an edit must not reload a picture.
const SIGNED_FOR_MS = 12 * 3600 * 1000;
const signed = new Map();
export function localAddress(address) {
  let url;
  try {
    url = new URL(address, location.href);
  } catch {
    return null;
  }
  const loopback = ["127.0.0.1", "localhost"];
  const ours = url.port === location.port && loopback.includes(url.hostname) && loopback.includes(location.hostname);
  if (url.origin !== location.origin && !ours) return null;
  const known = signed.get(url.pathname);
  if (known && Date.now() - known.since < SIGNED_FOR_MS) return known.address;
  signed.set(url.pathname, { address: url.pathname + url.search, since: Date.now() });
  return url.pathname + url.search;
}

export function safeLink(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}
