// Alerts, questions, menus and toasts.
import { h, icon, avatar, fullName } from "./dom.js";
import { t } from "./i18n.js";

function show(dialog) {
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (e) => e.target === dialog && dialog.close());
  dialog.showModal();
  return dialog;
}

// alertBox shows a text until it is dismissed.
export function alertBox(text) {
  const dialog = h("dialog", { "data-kind": "alert" },
    h("div", { class: "body", dir: "auto" }, text),
    h("div", { class: "foot" }, h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, t("dialog.ok"))));
  show(dialog);
}

// ask resolves to true, or to the typed text where input is given; else null.
export function ask({ title, text, ok, input }) {
  return new Promise((resolve) => {
    const field = input === undefined ? null : h("input", { type: "text", value: input, "aria-label": title, autocomplete: "off" });
    const dialog = h("dialog", {},
      h("form", { onsubmit: (e) => { e.preventDefault(); dialog.close("ok"); } },
        h("div", { class: "body" }, h("h2", {}, title), text && h("div", { dir: "auto" }, text), field),
        h("div", { class: "foot" },
          h("button", { type: "button", onclick: () => dialog.close() }, t("dialog.cancel")),
          h("button", { type: "submit", class: "primary" }, ok || t("dialog.ok")))));
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "ok" ? (field ? field.value : true) : null));
    show(dialog);
    field?.select();
  });
}

// pickPerson resolves to one of the people, or null.
export function pickPerson(people) {
  return new Promise((resolve) => {
    let picked = null;
    const list = h("ul", { class: "pick" });
    const fill = (word) => list.replaceChildren(...people
      .filter((p) => `${fullName(p)} ${p.label || ""}`.toLowerCase().includes(word.toLowerCase())).slice(0, 50)
      .map((p) => h("li", {}, h("button", { type: "button", onclick: () => { picked = p; dialog.close(); } },
        avatar(p), h("span", {}, fullName(p))))));
    const dialog = h("dialog", { class: "wide" }, h("div", { class: "body" },
      h("h2", {}, t("dialog.pick_contact")),
      h("input", { type: "search", "aria-label": t("people.search"), placeholder: t("people.search"), oninput: (e) => fill(e.target.value) }),
      list), h("div", { class: "foot" }, h("button", { type: "button", onclick: () => dialog.close() }, t("dialog.cancel"))));
    dialog.addEventListener("close", () => resolve(picked));
    fill("");
    show(dialog);
  });
}

const faces = ["👍", "👎", "😀", "😂", "😍", "🤔", "😢", "😡", "🙏", "🎉", "🔥", "❤️", "👏", "🤝", "😴", "🌸", "🍵", "🐼"];

// pickSticker resolves to an emoji, or null.
export function pickSticker() {
  return new Promise((resolve) => {
    let picked = null;
    const dialog = h("dialog", {}, h("div", { class: "body" }, h("h2", {}, t("dialog.pick_sticker")),
      h("div", { class: "stickers" }, faces.map((f) => h("button", { type: "button", onclick: () => { picked = f; dialog.close(); } }, f)))),
      h("div", { class: "foot" }, h("button", { type: "button", onclick: () => dialog.close() }, t("dialog.cancel"))));
    dialog.addEventListener("close", () => resolve(picked));
    show(dialog);
  });
}

export function showPhoto(src) {
  const dialog = h("dialog", { class: "photo", "aria-label": t("msg.photo"), onclick: () => dialog.close() }, h("img", { src, alt: t("msg.photo") }));
  show(dialog);
}

// menu opens a list of actions next to an anchor; entries are [icon, text, act, danger] or null for a line.
export function menu(anchor, entries, place) {
  document.querySelector(".popover")?.remove();
  const close = () => {
    box.remove();
    anchor.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
  };
  const outside = (e) => !box.contains(e.target) && close();
  const box = h("div", { class: "popover", role: "menu", onkeydown: (e) => {
    const items = [...box.querySelectorAll("button")];
    const i = items.indexOf(document.activeElement);
    if (e.key === "Escape") { close(); anchor.focus(); }
    else if (e.key === "ArrowDown") items[(i + 1) % items.length].focus();
    else if (e.key === "ArrowUp") items[(i - 1 + items.length) % items.length].focus();
    else return;
    e.preventDefault();
  } }, entries.filter((e) => e !== false).map((e) => e === null ? h("hr") : h("button", {
    type: "button", role: "menuitem", class: e[3] ? "danger" : "", onclick: () => { close(); e[2](); },
  }, icon(e[0]), e[1])));
  place(box);
  anchor.setAttribute("aria-expanded", "true");
  document.addEventListener("pointerdown", outside, true);
  box.querySelector("button").focus();
}

// beside puts a menu near a point, inside the window.
export function beside(x, y) {
  return (box) => {
    document.body.append(box);
    box.style.position = "fixed";
    box.style.left = `${Math.max(8, Math.min(x, innerWidth - box.offsetWidth - 8))}px`;
    box.style.top = `${Math.max(8, Math.min(y, innerHeight - box.offsetHeight - 8))}px`;
  };
}

// toast shows a short text over the chat.
export function toast(text) {
  const node = h("div", { class: "toast", dir: "auto" }, text);
  document.querySelector(".toasts")?.append(node);
  setTimeout(() => {
    node.classList.add("gone");
    setTimeout(() => node.remove(), 300);
  }, Math.min(6500, 2600 + 60 * text.length));
}
