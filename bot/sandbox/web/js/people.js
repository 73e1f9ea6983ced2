// The list of people one can be.
import { h, icon, avatar, fullName } from "./dom.js";
import { t, shortDate, language, languageNames } from "./i18n.js";

export const roles = ["admin", "leader", "clerk", "resident"];

const roleOf = (person) => person.role || "other";

// roleName is a known role's name; any other word is shown as it is.
const roleName = (role) => (roles.includes(role) || role === "other" ? t(`role.${role}`) : role);

export class People {
  constructor(app) {
    this.app = app;
    this.role = "";
    this.rows = new Map(); // id → {person, node, …}
    this.list = h("ul", { class: "list", "aria-label": t("people.title"), onkeydown: (e) => this.walk(e) });
    this.chips = h("div", { class: "roles", role: "group", "aria-label": t("people.title") });
    this.input = h("input", {
      type: "search", placeholder: t("people.search"), "aria-label": t("people.search"), autocomplete: "off",
      oninput: () => this.filter(), onkeydown: (e) => this.walk(e),
    });
    this.none = h("p", { class: "nobody", hidden: true }, t("people.none"));
    this.node = h("nav", { class: "people", "aria-label": t("people.title") },
      h("header", {},
        h("img", { class: "brand", src: "/web/icon.svg", alt: "" }),
        h("h1", {}, t("app.title"), h("small", {}, t("app.subtitle"))),
        h("select", { class: "lang", "aria-label": t("app.language"), onchange: (e) => app.switchLanguage(e.target.value) },
          Object.entries(languageNames).map(([tag, name]) => h("option", { value: tag, selected: tag === language }, name)))),
      h("div", { class: "search" }, icon("search"), this.input),
      app.invite !== null && h("p", { class: "invited" }, t("invite.opened")),
      this.chips, this.list);
    this.list.append(this.none);
  }

  // fill draws everybody, by role, in the order the server names them.
  fill(people) {
    this.rows.clear();
    const nodes = [];
    const counts = {};
    const all = [...new Set([...roles, ...people.map(roleOf)])];
    for (const role of all) {
      const members = people.filter((p) => roleOf(p) === role);
      counts[role] = members.length;
      if (!members.length) continue;
      nodes.push(h("li", { class: "heading", "data-role": role }, roleName(role)));
      for (const person of members) nodes.push(this.row(person));
    }
    this.list.replaceChildren(...nodes, this.none);
    const chip = (role, text, n) => h("button", {
      type: "button", "aria-pressed": String(this.role === role), "data-role": role,
      onclick: () => { this.role = role; this.filter(); },
    }, text, h("span", {}, n));
    this.chips.replaceChildren(chip("", t("people.all"), people.length),
      ...all.filter((r) => counts[r]).map((r) => chip(r, roleName(r), counts[r])));
    this.filter();
  }

  row(person) {
    const parts = {
      person,
      time: h("time"), snippet: h("span", { class: "snippet", dir: "auto" }), badge: h("span", { class: "badge", hidden: true }),
    };
    parts.button = h("button", { type: "button", onclick: () => this.app.choose(person.id) }, avatar(person),
      h("span", { class: "lines" },
        h("span", { class: "line" }, h("span", { class: "name" }, fullName(person)), h("span", { class: "label" }, person.label || ""), parts.time),
        h("span", { class: "line" }, parts.snippet)),
      parts.badge);
    parts.node = h("li", { class: "person", "data-id": person.id, "data-role": roleOf(person) }, parts.button);
    parts.words = `${fullName(person)} ${person.label || ""} ${person.username || ""}`.toLowerCase();
    this.rows.set(person.id, parts);
    this.update(person);
    return parts.node;
  }

  // update shows the changing part of a row: unread count, last message, state.
  update(state) {
    const row = this.rows.get(state.id);
    if (!row) return;
    if (state !== row.person) Object.assign(row.person, { snippet: undefined, date: undefined }, state);
    const current = state.id === this.app.person;
    row.node.classList.toggle("asleep", !state.started);
    row.node.classList.toggle("blocked", state.blocked || state.gone);
    row.node.classList.toggle("current", current);
    row.time.textContent = shortDate(state.date);
    row.snippet.textContent = state.snippet || t(row.person.invite && !state.started ? "people.invited" : "people.asleep");
    row.badge.hidden = !state.unread || current;
    row.badge.textContent = state.unread > 99 ? "99+" : state.unread;
    row.badge.setAttribute("aria-label", t("people.unread", { n: state.unread }));
    row.button.setAttribute("aria-current", current ? "true" : "false");
  }

  mark(before, now) {
    for (const id of [before, now]) {
      const row = this.rows.get(id);
      if (row) this.update(row.person);
    }
    this.rows.get(now)?.node.scrollIntoView({ block: "nearest" });
  }

  filter() {
    const word = this.input.value.trim().toLowerCase();
    const seen = {};
    for (const row of this.rows.values()) {
      const role = row.node.dataset.role;
      const shown = (!this.role || role === this.role) && row.words.includes(word);
      row.node.hidden = !shown;
      seen[role] ||= shown;
    }
    for (const heading of this.list.querySelectorAll(".heading")) heading.hidden = !seen[heading.dataset.role];
    for (const chip of this.chips.children) chip.setAttribute("aria-pressed", String(chip.dataset.role === this.role));
    this.none.hidden = Object.values(seen).some(Boolean);
  }

  // walk moves through the list by the arrow keys.
  walk(e) {
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    e.preventDefault();
    const buttons = [...this.list.querySelectorAll(".person:not([hidden]) button")];
    const i = buttons.indexOf(document.activeElement);
    const next = e.key === "ArrowDown" ? i + 1 : i - 1;
    if (next < 0) this.input.focus();
    else buttons[Math.min(next, buttons.length - 1)]?.focus();
  }
}
