// What one writes and presses with: field, attachments, commands, reply keyboard.
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { ask, menu, pickPerson, pickSticker } from "./dialogs.js";
import { preview } from "./message.js";

export class Composer {
  constructor(chat) {
    this.chat = chat;
    this.replyTo = null;
    this.editing = null;
    this.keysOpen = true;
    this.node = h("footer", { class: "composer" });
    this.inner = h("div", { class: "inner" });
    this.node.append(this.inner);
    this.field = h("textarea", {
      rows: 1, placeholder: t("compose.placeholder"), "aria-label": t("compose.placeholder"), dir: "auto", maxLength: 4096,
      oninput: () => this.typed(), onkeydown: (e) => this.key(e),
      onpaste: (e) => { const f = e.clipboardData?.files; if (f?.length) { e.preventDefault(); this.send(f[0]); } },
    });
    this.photoInput = h("input", { type: "file", accept: "image/png,image/jpeg,image/gif", hidden: true, onchange: (e) => this.picked(e, "photo") });
    this.fileInput = h("input", { type: "file", hidden: true, onchange: (e) => this.picked(e, "file") });
  }

  // draw shows what fits the state: START, unblock, or the field.
  draw() {
    const { state, person } = this.chat.data;
    const big = (text, act, plain) => this.inner.replaceChildren(h("button", { type: "button", class: plain ? "big plain" : "big", onclick: act }, text));
    if (state.gone) return big(t("compose.gone"), () => {}, true);
    if (state.blocked) return big(t("compose.blocked"), () => this.chat.do("unblock"), true);
    if (!state.started) {
      const payload = this.chat.app.invite ?? person.invite ?? "";
      return big(t(payload ? "compose.start_invited" : "compose.start"), () => this.chat.start(payload));
    }
    const hadFocus = document.activeElement === this.field;
    this.sendButton = h("button", { type: "button", class: "send", "aria-label": t("compose.send"), onclick: () => this.submit() }, icon("send"));
    this.attach = h("button", { type: "button", class: "icon-button", "aria-label": t("compose.attach"), "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => this.attachMenu() }, icon("attach"));
    this.commandList = h("ul", { class: "commands", "aria-label": t("compose.commands"), hidden: true });
    const keyboard = this.chat.data.keyboard;
    const hasKeys = keyboard?.rows?.length;
    this.field.placeholder = keyboard?.hint || t("compose.placeholder");
    this.inner.replaceChildren(this.commandList, this.context(),
      h("div", { class: "line" },
        h("div", { class: "field" },
          this.chat.data.commands?.length && h("button", { type: "button", class: "menu-button", "aria-haspopup": "true", onclick: () => this.showCommands("/") }, t("compose.menu")),
          this.attach, this.field,
          hasKeys && h("button", { type: "button", class: "icon-button", "aria-label": t("compose.keyboard"), "aria-pressed": String(this.keysOpen), onclick: () => { this.keysOpen = !this.keysOpen; this.draw(); } }, icon("keys"))),
        this.sendButton),
      hasKeys && this.keysOpen ? this.keys(keyboard) : "",
      this.photoInput, this.fileInput);
    this.typed();
    if (hadFocus) this.field.focus();
  }

  context() {
    const m = this.editing || this.replyTo;
    if (!m) return "";
    return h("div", { class: "context" },
      h("div", {}, h("b", {}, t(this.editing ? "compose.editing" : "compose.reply_to")), h("span", { dir: "auto" }, preview(m))),
      h("button", { type: "button", class: "icon-button", "aria-label": t("compose.cancel"), onclick: () => this.about(null, null) }, icon("close")));
  }

  // about makes the next text a reply or the new text of a message.
  about(replyTo, editing) {
    if (this.editing || editing) this.field.value = editing?.text || "";
    this.replyTo = replyTo;
    this.editing = editing;
    this.draw();
    this.field.focus();
  }

  keys(keyboard) {
    return h("div", { class: "keys" }, keyboard.rows.map((row) => h("div", { class: "brow" }, row.map((k) =>
      h("button", { type: "button", dir: "auto", onclick: () => this.pressKey(k, keyboard) }, k.request_contact && icon("phone"), k.text)))));
  }

  async pressKey(key, keyboard) {
    let sent = null;
    if (key.request_contact) sent = await this.shareOwn();
    else if (key.web_app) this.chat.openLink(key.web_app);
    else if (!key.other) sent = await this.chat.do("send", { text: key.text });
    if (sent && keyboard.one_time) {
      this.keysOpen = false;
      this.draw();
    }
  }

  async shareOwn() {
    const { person } = this.chat.data;
    const yes = await ask({ title: t("dialog.contact_title"), text: t("dialog.contact_text", { phone: person.phone || "—" }), ok: t("dialog.share") });
    return yes && this.chat.do("contact", { of: person.id });
  }

  attachMenu() {
    menu(this.attach, [
      ["photo", t("compose.photo"), () => this.photoInput.click()],
      ["file", t("compose.file"), () => this.fileInput.click()],
      ["smile", t("compose.sticker"), async () => { const emoji = await pickSticker(); if (emoji) this.chat.do("sticker", { emoji }); }],
      ["phone", t("compose.own_contact"), () => this.shareOwn()],
      ["people", t("compose.other_contact"), async () => {
        const people = this.chat.app.people.filter((p) => p.id !== this.chat.data.person.id && p.phone);
        const other = await pickPerson(people);
        if (other) this.chat.do("contact", { of: other.id });
      }],
    ], (box) => this.node.append(box));
  }

  picked(e, verb) {
    const file = e.target.files[0];
    e.target.value = "";
    if (file) this.chat.sendFile(verb, file);
  }

  send(file) {
    this.chat.sendFile(/^image\/(png|jpeg|gif)$/.test(file.type) ? "photo" : "file", file);
  }

  typed() {
    const text = this.field.value;
    if (this.sendButton) this.sendButton.disabled = !text.trim();
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, 180)}px`;
    if (/^\/\w*$/.test(text)) this.showCommands(text, true);
    else this.hideCommands();
  }

  showCommands(prefix, typing) {
    const list = this.chat.data.commands || [];
    const open = !this.commandList.hidden;
    if (!typing && open) return this.hideCommands();
    const fitting = list.filter((c) => `/${c.command}`.startsWith(prefix));
    this.commandList.replaceChildren(...fitting.map((c) => h("li", {}, h("button", {
      type: "button", onclick: () => { this.field.value = ""; this.typed(); this.hideCommands(); this.chat.sendText(`/${c.command}`); },
    }, h("b", {}, `/${c.command}`), h("span", {}, c.description)))));
    this.commandList.hidden = !fitting.length;
  }

  hideCommands() {
    if (this.commandList) this.commandList.hidden = true;
  }

  key(e) {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      this.submit();
    } else if (e.key === "Escape") {
      if (this.replyTo || this.editing) this.about(null, null);
      this.hideCommands();
    } else if (e.key === "ArrowUp" && !this.field.value) {
      const own = [...this.chat.messages.values()].filter((m) => !m.from_bot && m.text && !m.document && !m.photo).pop();
      if (own) { e.preventDefault(); this.about(null, own); }
    }
  }

  async submit() {
    const text = this.field.value.trim();
    if (!text) return;
    const done = this.editing
      ? await this.chat.do("edit", { message_id: this.editing.id, text })
      : await this.chat.do("send", { text, reply_to: this.replyTo?.id });
    if (!done) return;
    this.field.value = "";
    if (this.editing || this.replyTo) this.about(null, null);
    this.typed();
  }
}
