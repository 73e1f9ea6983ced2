// The page: who is there, whom one is, and what happens.
import { h, avatar, fullName } from "./dom.js";
import { t, loadTexts } from "./i18n.js";
import { read, Stream } from "./api.js";
import { People, roles } from "./people.js";
import { Chat } from "./chat.js";
import { Traffic } from "./traffic.js";
import { toast } from "./dialogs.js";

class App {
  constructor() {
    this.root = document.getElementById("app");
    this.person = 0;
    this.trafficOpen = false;
    this.invite = new URLSearchParams(location.search).get("start");
    this.stream = new Stream({
      hello: ({ events }) => this.resync(events),
      chat: (e) => (e.kind === "profile" && !e.chat) || e.chat === this.person ? this.chat?.take(e) : undefined,
      rows: (rows) => rows.forEach((r) => this.list.update(r)),
      traffic: (list) => this.traffic?.take(list),
      reload: () => { this.lost = true; this.resync(); },
      lost: () => { this.lost = true; },
      offline: (is) => { this.banner.hidden = !is; },
    });
    addEventListener("hashchange", () => this.show(Number(location.hash.slice(1)) || 0));
  }

  async open() {
    const [state] = await Promise.all([read("state"), loadTexts()]);
    this.take(state);
    this.build();
    this.show(Number(location.hash.slice(1)) || 0, true);
  }

  take(state) {
    this.bot = state.bot;
    this.people = state.people;
    this.methods = state.methods;
  }

  build() {
    this.list = new People(this);
    this.list.fill(this.people);
    this.main = h("main", { class: "chat" }, this.welcome());
    this.banner = h("p", { class: "offline", role: "status", hidden: true }, t("app.offline"));
    this.root.replaceChildren(this.list.node, this.main, this.banner);
    if (this.trafficOpen) this.openTraffic();
  }

  welcome() {
    const card = (role) => {
      const people = this.people.filter((p) => p.role === role);
      const person = people.find((p) => p.started && p.unread) || people[0];
      return person && h("button", { type: "button", onclick: () => this.choose(person.id) }, avatar(person),
        h("span", {}, h("b", {}, t(`role.${role}`)), h("small", {}, fullName(person))));
    };
    return h("div", { class: "welcome" }, h("img", { src: "/web/icon.svg", alt: "" }), h("h2", {}, t("welcome.title")),
      h("p", {}, t("welcome.text")), h("div", { class: "cards" }, [...roles].reverse().map(card)));
  }

  // choose makes the visitor a person; 0 goes back to the list.
  choose(id) {
    if (id === this.person) this.show(id, true);
    else location.hash = id ? `#${id}` : "";
  }

  show(id, force) {
    if (id === this.person && !force) return;
    const before = this.person;
    this.person = this.people.some((p) => p.id === id) ? id : 0;
    this.root.dataset.pane = this.person ? "chat" : "list";
    this.list.mark(before, this.person);
    this.chat = this.person ? new Chat(this, this.person) : null;
    const next = this.chat ? this.chat.node : h("main", { class: "chat" }, this.welcome());
    this.main.replaceWith(next);
    this.main = next;
    this.traffic?.redraw();
    this.load();
    this.follow();
  }

  follow() {
    this.stream.set({ person: this.person, traffic: this.trafficOpen ? 1 : 0, after: this.traffic?.last || 0 });
  }

  // resync reads again what changed before the stream (re)opened; events is the
  // age of the open chat.
  async resync(events) {
    if (this.lost) {
      this.lost = false;
      const state = await read("state");
      if (state.people.length !== this.people.length) {
        this.take(state);
        this.list.fill(this.people);
      }
      state.people.forEach((p) => this.list.update(p));
    }
    if (this.chat?.data?.events === events) this.chat.markRead();
    else await this.load();
  }

  async load() {
    try {
      await this.chat?.load();
    } catch (e) {
      toast(t(`error.${e.code}`));
    }
  }

  toggleTraffic() {
    this.trafficOpen = !this.trafficOpen;
    if (this.trafficOpen) this.openTraffic();
    else {
      this.traffic.node.remove();
      this.traffic = null;
      this.root.classList.remove("with-traffic");
    }
    this.chat?.trafficButton?.setAttribute("aria-pressed", String(this.trafficOpen));
    this.follow();
  }

  openTraffic() {
    this.traffic = new Traffic(this);
    this.root.append(this.traffic.node);
    this.root.classList.add("with-traffic");
  }

  usedInvite() {
    this.invite = null;
    if (location.search) history.replaceState(null, "", location.pathname + location.hash);
    document.querySelector(".invited")?.remove();
  }

  async switchLanguage(language) {
    await loadTexts(language);
    this.build();
    this.show(this.person, true);
  }
}

new App().open();
