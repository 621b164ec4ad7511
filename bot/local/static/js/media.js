// Pictures, sound, video and files of messages. Boxes keep their proportions before anything has loaded.
import { h, icon, iconButton, sizeText } from "./dom.js";
import { localAddress } from "./wire.js";

const SOUND = /^audio\/|^application\/ogg/;
const SOUND_NAME = /\.(wav|mp3|ogg|flac|m4a)$/i;
const PICTURE = /^image\/(png|jpeg|webp|gif)/;
const PICTURE_NAME = /\.(png|jpe?g|webp|gif)$/i;

const nameFrom = (media) => media.filename ?? decodeURIComponent((media.url ?? "").split("?")[0].split("/").pop() ?? "file");
export const isSound = (media) => (media.content_type ? SOUND.test(media.content_type) : SOUND_NAME.test(nameFrom(media)));
export const isPicture = (media) => (media.content_type ? PICTURE.test(media.content_type) : PICTURE_NAME.test(nameFrom(media)));

// One picture; `gallery` is the list it is paged in when enlarged.
export function picture(item, { gallery = [item], className = "", cover = false } = {}) {
  const { media, description = "", spoiler = false } = item;
  const source = localAddress(media.url);
  if (!source) return h("p", { class: "unshown" }, icon("warn"), `A picture from elsewhere is not loaded here${description ? `: ${description}` : "."}`);
  const width = media.width || 640;
  const height = media.height || 360;
  const image = h("img", { src: source, alt: description || "", width, height, loading: "lazy", decoding: "async", draggable: "false" });
  image.addEventListener("error", () => box.classList.add("broken"));
  image.addEventListener("load", () => box.classList.add("loaded"));
  const open = h("button", { type: "button", class: "picture-open", "aria-label": description ? `Enlarge: ${description}` : "Enlarge the picture", on: { click: () => enlarge(gallery, gallery.indexOf(item)) } }, image);
  const box = h("figure", { class: `picture ${className}`.trim() }, open);
  if (!cover) {
    box.style.setProperty("--w", width);
    box.style.setProperty("--h", height);
  }
  if (description) box.append(h("span", { class: "alt-mark", "aria-hidden": "true" }, "ALT"), h("figcaption", { class: "alt-text" }, description));
  if (spoiler) veil(box);
  return box;
}

export function veil(box) {
  box.classList.add("veiled");
  const cover = h("button", { type: "button", class: "veil", "aria-label": "Spoiler, press to show" }, h("span", {}, "Spoiler"));
  cover.addEventListener("click", () => {
    cover.remove();
    box.classList.remove("veiled");
    for (const child of box.children) child.inert = false;
  });
  for (const child of box.children) child.inert = true;
  box.append(cover);
}

export function enlarge(gallery, start) {
  let at = start;
  const image = h("img", { alt: "" });
  const caption = h("p", { class: "lightbox-caption" });
  const count = h("span", { class: "lightbox-count" });
  const download = h("a", { class: "icon-button", download: "", "aria-label": "Download the picture", title: "Download the picture" }, icon("download"));
  const show = (step) => {
    at = (at + step + gallery.length) % gallery.length;
    const { media, description } = gallery[at];
    image.src = localAddress(media.url);
    image.alt = description ?? "";
    caption.textContent = description ?? "";
    download.href = image.src;
    count.textContent = gallery.length > 1 ? `${at + 1} of ${gallery.length}` : "";
  };
  const close = () => dialog.close();
  const dialog = h("dialog", { class: "lightbox", "aria-label": "Picture" },
    h("div", { class: "lightbox-bar" }, count, download, iconButton("close", "Close", close)),
    gallery.length > 1 && iconButton("left", "Previous picture", () => show(-1), "lightbox-step back"),
    image,
    gallery.length > 1 && iconButton("right", "Next picture", () => show(1), "lightbox-step on"),
    caption);
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("keydown", (event) => {
    if (gallery.length > 1 && event.key === "ArrowRight") show(1);
    if (gallery.length > 1 && event.key === "ArrowLeft") show(-1);
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  show(0);
  dialog.showModal();
}

export function gallery(items) {
  const shown = items.map((item) => ({ media: item.media, description: item.description ?? "", spoiler: item.spoiler }));
  const pictures = shown.filter((item) => isPicture(item.media) || !item.media.content_type);
  const node = h("div", { class: `gallery n${shown.length}` });
  for (const item of shown) {
    if (item.media.content_type?.startsWith("video/")) node.append(video(item.media));
    else if (pictures.includes(item)) node.append(picture(item, { gallery: pictures, cover: shown.length > 1 }));
    else node.append(fileCard({ ...item.media, filename: nameFrom(item.media) }));
  }
  return node;
}

function video(media) {
  const node = h("video", { controls: true, preload: "metadata", src: localAddress(media.url), class: "video" });
  if (media.width) node.style.setProperty("aspect-ratio", `${media.width} / ${media.height}`);
  return node;
}

export function fileCard(file) {
  const address = localAddress(file.url);
  const name = nameFrom(file);
  const details = [h("span", { class: "file-name" }, name), h("span", { class: "file-size" }, file.size ? sizeText(file.size) : "")];
  const link = h("a", { class: "icon-button", href: address, download: name, "aria-label": `Download ${name}`, title: `Download ${name}` }, icon("download"));
  if (isSound(file)) {
    const player = h("audio", { controls: true, preload: "metadata", src: address, "aria-label": file.description || name });
    return h("div", { class: "file-card sound" }, h("div", { class: "file-head" }, h("span", { class: "file-icon" }, icon("sound")), h("div", { class: "file-words" }, details), link), player);
  }
  return h("div", { class: "file-card" }, h("div", { class: "file-head" }, h("span", { class: "file-icon" }, icon("file")), h("div", { class: "file-words" }, details), link));
}

export function attachments(list) {
  const pictures = list.filter(isPicture).map((file) => ({ media: file, description: file.description ?? "", spoiler: file.filename?.startsWith("SPOILER_") }));
  const rest = list.filter((file) => !isPicture(file));
  const nodes = [];
  if (pictures.length) nodes.push(gallery(pictures));
  for (const file of rest) nodes.push(fileCard(file));
  return nodes;
}
