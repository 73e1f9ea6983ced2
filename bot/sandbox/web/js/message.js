// One message: its bubble and the buttons below it.
import { h, icon } from "./dom.js";
import { t, clock, size } from "./i18n.js";
import { formatted } from "./entities.js";
import { showPhoto } from "./dialogs.js";

export const fileURL = (file) => `/sandbox/files/${encodeURIComponent(file.id)}`;

// preview is a message in a few words.
export function preview(m) {
  if (m.text) return m.text.replace(/\s+/g, " ").slice(0, 100);
  if (m.photo) return t("msg.photo");
  if (m.document) return m.document.name;
  if (m.sticker) return m.sticker.emoji;
  return m.contact ? m.contact.phone : "";
}

function meta(m) {
  return h("span", { class: "meta" },
    m.edited && h("span", {}, t("msg.edited")),
    h("time", { datetime: new Date(m.date * 1000).toISOString() }, clock(m.date)),
    !m.from_bot && icon("check"));
}

function photo(m) {
  const node = h("button", {
    type: "button", class: m.spoiler ? "picture covered" : "picture", "aria-label": t("msg.photo"),
    onclick: () => node.classList.contains("covered") ? node.classList.remove("covered") : showPhoto(fileURL(m.photo)),
  }, h("img", { src: fileURL(m.photo), width: m.photo.width, height: m.photo.height, alt: m.text || t("msg.photo"), loading: "lazy" }));
  return node;
}

function documentLink(m) {
  const ext = (m.document.name.split(".").pop() || "").slice(0, 4);
  return h("a", { class: "file", href: fileURL(m.document), download: m.document.name, "aria-label": t("msg.download", { name: m.document.name }) },
    h("span", { class: "kind", "aria-hidden": "true" }, ext), h("span", {}, h("b", {}, m.document.name), h("small", {}, size(m.document.size))));
}

function contactCard(m) {
  return h("div", { class: "card" }, icon("phone"),
    h("span", {}, h("b", {}, `${m.contact.first} ${m.contact.last || ""}`.trim()), h("small", {}, m.contact.phone)));
}

function quote(m, chat) {
  const original = chat.messages.get(m.reply_to);
  return h("button", { type: "button", class: "quote", onclick: () => chat.reveal(m.reply_to) },
    h("b", {}, original ? (original.from_bot ? chat.botName : t("msg.you")) : t("msg.reply")),
    h("span", { dir: "auto" }, original ? preview(original) : t("msg.gone")));
}

function bubble(m, chat) {
  const text = m.text && h("div", { class: "text", dir: "auto" }, formatted(m.text, m.entities, chat), meta(m));
  const shown = m.photo ? photo(m) : m.document ? documentLink(m) : m.contact ? contactCard(m)
    : m.sticker ? h("div", { class: "sticker-face", role: "img", "aria-label": m.sticker.emoji }, m.sticker.emoji) : null;
  const parts = m.caption_above ? [text, shown] : [shown, text];
  return h("div", { class: m.photo ? "bubble media" : "bubble" },
    m.reply_to && quote(m, chat), parts, !text && meta(m),
    m.reaction && h("div", {}, h("span", { class: "reaction" }, m.reaction)));
}

const corners = { url: "link", copy: "copy", web_app: "app" };

function button(m, b, chat) {
  const corner = Object.keys(corners).find((k) => b[k]);
  const node = h("button", {
    type: "button", dir: "auto", class: b.style || "", "data-data": b.data,
    onclick: () => chat.press(m, b, node),
  }, b.text, corner && h("span", { class: "corner" }, icon(corners[corner])));
  return node;
}

function buttons(m, chat) {
  if (!m.inline?.length) return null;
  return h("div", { class: "buttons" }, m.inline.map((row) => h("div", { class: "brow" }, row.map((b) => button(m, b, chat)))));
}

// messageNode draws a message; first says that the one before is by another.
export function messageNode(m, first, chat) {
  if (m.service) return h("div", { class: "service", "data-id": m.id }, t("chat.pinned_line"));
  const side = m.from_bot ? "in" : "out";
  const node = h("article", {
    class: `msg ${side}${first ? " first" : ""}${m.inline?.length ? " has-buttons" : ""}${m.sticker ? " sticker" : ""}`,
    "data-id": m.id, "aria-label": `${m.from_bot ? chat.botName : t("msg.you")} ${clock(m.date)}`,
    oncontextmenu: (e) => { if (e.target.closest("a, textarea")) return; e.preventDefault(); chat.messageMenu(m, node, e.clientX, e.clientY); },
  }, bubble(m, chat), buttons(m, chat));
  const more = h("button", { type: "button", class: "more", "aria-label": t("msg.menu"), "aria-haspopup": "menu", onclick: () => {
    const at = more.getBoundingClientRect();
    chat.messageMenu(m, more, at.left, at.bottom + 4);
  } }, icon("down"));
  node.append(more);
  return node;
}
