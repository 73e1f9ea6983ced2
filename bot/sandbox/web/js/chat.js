// One person's chat with the bot.
import { h, icon, avatar, botAvatar, fullName } from "./dom.js";
import { t, day } from "./i18n.js";
import { act, read, upload } from "./api.js";
import { alertBox, ask, beside, menu, toast } from "./dialogs.js";
import { href } from "./entities.js";
import { messageNode, preview } from "./message.js";
import { Composer } from "./composer.js";

export class Chat {
  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.messages = new Map();
    this.nodes = new Map();
    this.pending = new Map(); // callback id → pressed button
    this.answered = new Set(); // answers that came before the press returned
    this.below = 0;
    this.track = h("div", { class: "track" });
    this.log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("chat.log"), tabindex: "0", onscroll: () => this.scrolled() }, this.track);
    this.badge = h("span", { class: "badge", hidden: true });
    this.down = h("button", { type: "button", class: "down", hidden: true, "aria-label": t("chat.down"), onclick: () => this.toEnd(true) }, icon("down"), this.badge);
    this.status = h("span", { class: "status", "aria-live": "polite" }, t("chat.bot"));
    this.pinnedBar = h("div", {});
    this.composer = new Composer(this);
    this.node = h("main", { class: "chat" });
    this.stick = true; // keep the end in view while things grow
    const keep = new ResizeObserver(() => this.stick && this.toEnd());
    keep.observe(this.log);
    keep.observe(this.track);
  }

  get botName() {
    return this.data?.name || this.app.bot.name;
  }

  // load reads the chat from the server and draws it.
  async load() {
    const data = await read(`people/${this.id}`);
    const fresh = !this.data;
    this.data = data;
    if (fresh) this.frame();
    const stay = !fresh && !this.stick;
    this.messages = new Map(this.data.messages.map((m) => [m.id, m]));
    this.redraw();
    this.drawPinned();
    this.composer.draw();
    if (!stay) this.toEnd();
    this.markRead();
  }

  frame() {
    const p = this.data.person;
    const more = h("button", { type: "button", class: "icon-button", "aria-label": t("chat.more"), "aria-haspopup": "menu", "aria-expanded": "false", onclick: () => this.chatMenu(more) }, icon("more"));
    this.trafficButton = h("button", {
      type: "button", class: "icon-button traffic-switch", title: t("chat.traffic"), "aria-label": t("chat.traffic"),
      "aria-pressed": String(this.app.trafficOpen), onclick: () => this.app.toggleTraffic(),
    }, icon("code"), h("span", {}, t("chat.traffic_short")));
    this.node.replaceChildren(
      h("header", {},
        h("button", { type: "button", class: "icon-button back", "aria-label": t("chat.back"), onclick: () => this.app.choose(0) }, icon("back")),
        botAvatar(), h("div", { class: "title" }, h("b", {}, this.botName), this.status),
        h("div", { class: "me", title: `${t("chat.you")} ${fullName(p)}` }, avatar(p),
          h("span", {}, h("b", {}, h("span", { class: "sr" }, t("chat.you")), " ", fullName(p)), p.label && h("small", {}, p.label))),
        this.trafficButton, more),
      this.pinnedBar, h("div", { class: "log-frame" }, this.log, this.down), h("div", { class: "toasts", role: "status" }), this.composer.node);
  }

  redraw() {
    this.nodes.clear();
    this.lastDay = this.lastFrom = undefined;
    this.track.replaceChildren();
    if (!this.messages.size) this.track.append(this.about());
    for (const m of this.messages.values()) this.append(m);
  }

  about() {
    return h("section", { class: "about" }, botAvatar(), h("h2", {}, this.data.description ? t("chat.about") : this.botName),
      h("p", { dir: "auto" }, this.data.description || t("chat.empty")));
  }

  append(m) {
    const on = day(m.date);
    if (on !== this.lastDay) this.track.append(h("div", { class: "day" }, on));
    const first = on !== this.lastDay || m.from_bot !== this.lastFrom;
    this.lastDay = on;
    this.lastFrom = m.service ? undefined : m.from_bot;
    const node = messageNode(m, first, this);
    this.nodes.set(m.id, node);
    this.track.append(node);
    return node;
  }

  // take shows an event of this chat.
  take(e) {
    if (!this.data) return;
    this.data.events++;
    switch (e.kind) {
      case "message": return this.arrived(e.message);
      case "edit": return this.changed(e.message);
      case "delete":
        this.messages.delete(e.message.id);
        this.nodes.get(e.message.id)?.remove();
        this.nodes.delete(e.message.id);
        return this.drawPinned();
      case "pin": this.data.pinned = e.message?.id || 0; return this.drawPinned();
      case "answer": return this.answer(e.answer);
      case "action": return this.typing(e.action);
      case "person": return this.refresh();
      case "profile": return this.load();
    }
  }

  async refresh() {
    const fresh = await read(`people/${this.id}`);
    this.data.state = fresh.state;
    this.composer.draw();
  }

  arrived(m) {
    if (this.messages.has(m.id)) return;
    const follow = this.stick || !m.from_bot;
    if (!this.messages.size) this.track.replaceChildren();
    this.messages.set(m.id, m);
    this.append(m).classList.add("arrive");
    if (m.from_bot) {
      this.typing("");
      if (m.keyboard) {
        this.data.keyboard = m.keyboard;
        this.composer.keysOpen = true;
        this.composer.draw();
        if (m.keyboard.force_reply) this.composer.about(m, null);
      }
    }
    if (follow) this.toEnd(true);
    else this.count(this.below + 1);
    this.markRead();
  }

  changed(m) {
    const old = this.nodes.get(m.id);
    if (!old) return;
    const focused = old.contains(document.activeElement) && document.activeElement.textContent;
    this.messages.set(m.id, m);
    const node = messageNode(m, old.classList.contains("first"), this);
    node.classList.add("changed");
    old.replaceWith(node);
    this.nodes.set(m.id, node);
    if (focused) ([...node.querySelectorAll("button")].find((b) => b.textContent === focused) || node.querySelector(".buttons button"))?.focus({ preventScroll: true });
    if (this.data.pinned === m.id) this.drawPinned();
  }

  answer(a) {
    if (!this.pending.has(a.callback)) this.answered.add(a.callback);
    this.pending.get(a.callback)?.classList.remove("busy");
    this.pending.delete(a.callback);
    if (a.text && a.alert) alertBox(a.text);
    else if (a.text) toast(a.text);
    if (a.url) this.openLink(a.url);
  }

  typing(action) {
    clearTimeout(this.typingTimer);
    this.status.classList.toggle("typing", Boolean(action));
    if (!action) return void this.status.replaceChildren(t("chat.bot"));
    const text = action.startsWith("upload") ? t("chat.sending_file") : t("chat.typing");
    this.status.replaceChildren(text, h("span", { class: "dots" }, h("i"), h("i"), h("i")));
    this.typingTimer = setTimeout(() => this.typing(""), 5000);
  }

  drawPinned() {
    const m = this.messages.get(this.data.pinned);
    this.pinnedBar.replaceChildren(m ? h("button", { type: "button", class: "pinned", onclick: () => this.reveal(m.id) },
      h("span", {}, h("b", {}, t("chat.pinned")), preview(m))) : "");
  }

  // Scrolling.
  atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 90;
  }

  toEnd(smooth) {
    this.stick = true;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: smooth ? "smooth" : "auto" });
    this.count(0);
  }

  scrolled() {
    const end = this.atEnd();
    if (end || this.log.scrollTop < this.top) this.stick = end;
    this.top = this.log.scrollTop;
    this.down.hidden = this.stick;
    if (end) this.count(0);
  }

  count(n) {
    this.below = n;
    this.badge.hidden = !n;
    this.badge.textContent = n;
  }

  reveal(id) {
    const node = this.nodes.get(id);
    if (!node) return;
    node.scrollIntoView({ block: "center", behavior: "smooth" });
    node.classList.remove("changed");
    requestAnimationFrame(() => node.classList.add("changed"));
  }

  markRead() {
    if (!document.hidden) act(this.id, "read").catch(() => {});
  }

  // do acts as the person and shows why it failed where it did.
  async do(verb, body) {
    try {
      return await act(this.id, verb, body);
    } catch (e) {
      toast(t(`error.${e.code}`));
      return null;
    }
  }

  async start(payload) {
    if (await this.do("start", { payload })) this.app.usedInvite();
  }

  sendText(text) {
    return this.do("send", { text });
  }

  async sendFile(verb, file) {
    try {
      await upload(this.id, verb, file);
    } catch (e) {
      toast(t(`error.${e.code}`));
    }
  }

  async press(m, b, node) {
    if (b.url) return this.openLink(b.url);
    if (b.web_app) return this.openLink(b.web_app);
    if (b.copy) return this.copy(b.copy);
    node.classList.add("busy");
    const done = await this.do("press", { message_id: m.id, data: b.data });
    if (!done || this.answered.delete(done.callback)) return node.classList.remove("busy");
    this.pending.set(done.callback, node);
  }

  // openLink starts the bot by its own links and asks before any other.
  async openLink(address) {
    const own = new RegExp(`^(?:https?://)?(?:t|telegram)\\.me/${this.app.bot.username}\\b`, "i");
    if (own.test(address) || address.startsWith("tg://resolve")) return this.do("link", { link: address });
    if (await ask({ title: t("dialog.link_title"), text: address, ok: t("dialog.open") })) {
      window.open(href(address), "_blank", "noopener,noreferrer");
    }
  }

  async copy(text) {
    await navigator.clipboard?.writeText(text).catch(() => {});
    toast(t("msg.copied"));
  }

  messageMenu(m, anchor, x, y) {
    const own = !m.from_bot;
    const plain = !m.photo && !m.document && !m.sticker && !m.contact;
    menu(anchor, [
      ["reply", t("msg.reply"), () => this.composer.about(m, null)],
      m.text && ["copy", t("msg.copy"), () => m.protected ? toast(t("msg.protected")) : this.copy(m.text)],
      own && plain && ["edit", t("msg.edit"), () => this.composer.about(null, m)],
      ["trash", t("msg.delete"), () => this.remove(m), true],
      !own && null,
      !own && ["mask", t("msg.forge"), () => this.forge(m)],
    ].filter((e) => e !== false && e !== "" && e !== undefined), beside(x, y));
  }

  async remove(m) {
    if (await ask({ title: t("dialog.delete_title"), text: t("dialog.delete_text"), ok: t("msg.delete") })) this.do("delete", { message_id: m.id });
  }

  async forge(m) {
    const data = await ask({ title: t("dialog.forge_title"), text: t("dialog.forge_hint"), input: m.inline?.flat().find((b) => b.data)?.data || "" });
    if (data !== null) this.do("forge", { message_id: m.id, data });
  }

  chatMenu(anchor) {
    const at = anchor.getBoundingClientRect();
    const { state } = this.data;
    menu(anchor, [
      ["link", t("chat.link"), () => this.pasteLink()],
      state.started && !state.blocked && ["restart", t("chat.restart"), () => this.do("start", { payload: "" })],
      state.started && null,
      state.started && (state.blocked ? ["block", t("chat.unblock"), () => this.do("unblock")] : ["block", t("chat.block"), () => this.do("block"), true]),
    ], beside(at.right - 230, at.bottom + 6));
  }

  async pasteLink() {
    const text = (await ask({ title: t("dialog.paste_title"), text: t("dialog.paste_hint"), input: "", ok: t("dialog.open") }))?.trim();
    if (!text) return;
    if (/^[\w-]{1,64}$/.test(text)) this.do("start", { payload: text });
    else this.do("link", { link: text });
  }
}
