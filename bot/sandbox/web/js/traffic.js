// The raw requests of the bot, live.
import { h, icon, fullName } from "./dom.js";
import { t, clockSeconds } from "./i18n.js";

const kept = 200;
const jsonToken = /("(?:\\.|[^"\\])*")(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/g;

// pretty colours a JSON value without building markup from text.
function pretty(value) {
  const source = JSON.stringify(value, null, 2) ?? "";
  const nodes = [];
  let at = 0;
  for (const found of source.matchAll(jsonToken)) {
    nodes.push(source.slice(at, found.index));
    const [all, string, colon] = found;
    const kind = string ? (colon ? "j-key" : "j-str") : /^[tfn]/.test(all) ? "j-lit" : "j-num";
    nodes.push(h("span", { class: kind }, string || all), colon || "");
    at = found.index + all.length;
  }
  nodes.push(source.slice(at));
  return h("pre", { tabindex: "0" }, nodes);
}

export class Traffic {
  constructor(app) {
    this.app = app;
    this.last = 0;
    this.all = [];
    this.list = h("ul", { class: "exchanges", "aria-live": "off" });
    this.method = h("select", { "aria-label": t("traffic.filter"), onchange: () => this.redraw() },
      h("option", { value: "" }, t("traffic.all")), [...app.methods, "update"].sort().map((m) => h("option", { value: m }, m)));
    this.mine = h("input", { type: "checkbox", checked: true, onchange: () => this.redraw() });
    this.pause = h("input", { type: "checkbox", onchange: () => this.redraw() });
    this.node = h("aside", { class: "traffic", "aria-label": t("traffic.title") },
      h("header", {},
        h("div", { class: "head" }, h("h2", {}, t("traffic.title")),
          h("button", { type: "button", class: "icon-button", "aria-label": t("traffic.clear"), title: t("traffic.clear"), onclick: () => { this.all = []; this.redraw(); } }, icon("trash")),
          h("button", { type: "button", class: "icon-button", "aria-label": t("traffic.close"), onclick: () => app.toggleTraffic() }, icon("close"))),
        h("div", { class: "filters" }, this.method,
          h("label", {}, this.mine, t("traffic.mine")), h("label", {}, this.pause, t("traffic.pause")))),
      this.list);
    this.redraw();
  }

  take(exchanges) {
    for (const e of exchanges) {
      if (e.id <= this.last) continue;
      this.last = e.id;
      e.chats = chatsOf(e);
      this.all.push(e);
    }
    this.all = this.all.slice(-5 * kept);
    if (!this.pause.checked) this.prepend(exchanges);
  }

  fits(e) {
    const id = this.app.person;
    return (!this.method.value || e.method === this.method.value) && (!this.mine.checked || !id || e.chats.has(id));
  }

  prepend(exchanges) {
    const nodes = exchanges.filter((e) => e.chats && this.fits(e)).map((e) => this.row(e, true)).reverse();
    if (!nodes.length) return;
    this.list.querySelector(".none")?.remove();
    this.list.prepend(...nodes);
    while (this.list.children.length > kept) this.list.lastChild.remove();
  }

  redraw() {
    const fitting = this.all.filter((e) => this.fits(e)).slice(-kept).reverse();
    this.list.replaceChildren(...(fitting.length ? fitting.map((e) => this.row(e)) : [h("li", { class: "none" }, t("traffic.none"))]));
  }

  row(e, fresh) {
    const pushed = e.via === "update" || e.method === "getUpdates";
    const code = h("span", { class: `code${e.ok ? (pushed ? " to" : "") : " bad"}` }, e.ok ? (pushed ? "→" : "200") : e.code);
    const who = this.app.people.find((p) => e.chats.has(p.id));
    const details = h("details", { class: fresh ? "exchange fresh" : "exchange", "data-method": e.method },
      h("summary", {}, code, h("span", { class: "method" }, e.method),
        h("span", { class: "who" }, [pushed && kindsOf(e), who && fullName(who), !e.ok && e.response.description].filter(Boolean).join(" · ")),
        h("time", { title: `${(e.micros / 1000).toFixed(1)} ms` }, clockSeconds(e.at))));
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector(".sides")) return;
      details.append(h("div", { class: "sides" }, h("h3", {}, t("traffic.request")), pretty(e.request), h("h3", {}, t("traffic.response")), pretty(e.response)));
    });
    return h("li", {}, details);
  }
}

// updatesOf lists the updates that an exchange brought to the bot.
function updatesOf(e) {
  if (e.method === "getUpdates") return e.response.result || [];
  return e.request.update ? [e.request.update] : [];
}

function kindsOf(e) {
  const kinds = updatesOf(e).map((u) => Object.keys(u).find((k) => k !== "update_id"));
  return kinds.length ? [...new Set(kinds)].join(", ") : t("traffic.update");
}

// chatsOf finds whom an exchange is about, also inside updates and answers to presses.
function chatsOf(e) {
  const ids = new Set([e.chat]);
  for (const u of updatesOf(e)) ids.add(Object.values(u).find((v) => v?.from)?.from.id);
  const query = String(e.request.callback_query_id || "");
  if (query.length > 8) ids.add(Number(query.slice(0, -8)));
  return ids;
}
