// Formatted text: entities are UTF-16 ranges, which is how JavaScript counts.
import { h } from "./dom.js";
import { t } from "./i18n.js";

// href makes an address that is safe to open: nothing but these schemes ever is.
export function href(url) {
  return /^(https?:\/\/|tg:|mailto:|tel:)/i.test(url) ? url : `https://${url}`;
}

function link(address, text, acts) {
  return h("a", {
    href: href(address), target: "_blank", rel: "noopener noreferrer nofollow",
    onclick: (e) => { e.preventDefault(); acts.openLink(address); },
  }, text);
}

function spoiler(children) {
  const show = () => node.classList.add("shown");
  const node = h("span", {
    class: "spoiler", role: "button", tabindex: "0", "aria-label": t("msg.spoiler"),
    onclick: show, onkeydown: (e) => (e.key === "Enter" || e.key === " ") && show(),
  }, children);
  return node;
}

function fold(children) {
  const toggle = () => node.classList.toggle("open");
  const node = h("blockquote", {
    class: "fold", tabindex: "0", onclick: toggle, onkeydown: (e) => e.key === "Enter" && toggle(),
  }, h("div", { class: "inner" }, children));
  return node;
}

function wrap(entity, children, text, acts) {
  switch (entity.type) {
    case "bold": return h("strong", {}, children);
    case "italic": return h("em", {}, children);
    case "underline": return h("u", {}, children);
    case "strikethrough": return h("s", {}, children);
    case "spoiler": return spoiler(children);
    case "code": return h("code", { onclick: () => acts.copy(text) }, children);
    case "pre": return h("pre", { "data-language": entity.language || undefined }, children);
    case "blockquote": return h("blockquote", {}, children);
    case "expandable_blockquote": return fold(children);
    case "text_link": return link(entity.url, children, acts);
    case "url": return link(text, children, acts);
    case "email": return link(`mailto:${text}`, children, acts);
    case "phone_number": return link(`tel:${text}`, children, acts);
    case "mention": return link(`https://t.me/${text.slice(1)}`, children, acts);
    case "text_mention": return h("a", { role: "link", tabindex: "0" }, children);
    case "bot_command": return h("button", { class: "command", type: "button", onclick: () => acts.sendText(text) }, children);
    case "hashtag": case "cashtag": return h("a", {}, children);
    default: return h("span", {}, children);
  }
}

const isBlock = (node) => node.nodeType === 1 && /^(PRE|BLOCKQUOTE)$/.test(node.tagName);

// joined drops the line break on either side of a block, which breaks the line itself.
function joined(nodes) {
  return nodes.map((node, i) => {
    if (typeof node !== "string") return node;
    if (nodes[i - 1] && isBlock(nodes[i - 1])) node = node.replace(/^\n/, "");
    if (nodes[i + 1] && isBlock(nodes[i + 1])) node = node.replace(/\n$/, "");
    return node;
  });
}

// formatted builds the nodes of a text. An entity that reaches over the end of
// the one around it is cut there.
export function formatted(text, entities, acts) {
  const sorted = [...(entities || [])].sort((a, b) => a.offset - b.offset || b.length - a.length);
  let next = 0;
  const build = (from, to) => {
    const nodes = [];
    let at = from;
    while (next < sorted.length && sorted[next].offset < to) {
      const entity = sorted[next++];
      const start = Math.max(entity.offset, at);
      const end = Math.min(entity.offset + entity.length, to);
      if (end <= start) continue;
      if (start > at) nodes.push(text.slice(at, start));
      nodes.push(wrap(entity, build(start, end), text.slice(start, end), acts));
      at = end;
    }
    if (at < to) nodes.push(text.slice(at, to));
    return joined(nodes);
  };
  return build(0, text.length);
}
