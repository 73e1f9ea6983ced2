// Small helpers to build and find nodes. Nothing here takes markup as text.

const svgNS = "http://www.w3.org/2000/svg";

// h makes an element: h("button", {class: "x", onclick: f, "aria-label": "y"}, child, "text").
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "class") node.className = value;
    else if (key in node && typeof value !== "string") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((c) => c !== undefined && c !== null && c !== false));
  return node;
}

const shapes = {
  back: "M15 5l-7 7 7 7",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5L20 20",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  code: "M8.5 7L4 12l4.5 5M15.5 7L20 12l-4.5 5M13.5 5l-3 14",
  send: "M4.5 12L3.5 4.5 21 12 3.5 19.5 4.5 12zM4.5 12H12",
  attach: "M19.5 11.5l-7.5 7.5a5 5 0 0 1-7-7l8-8a3.3 3.3 0 0 1 4.7 4.7l-7.9 7.9a1.7 1.7 0 0 1-2.4-2.4l7-7",
  keys: "M3.5 6.5h17v11h-17zM7 10h.01M10.5 10h.01M14 10h.01M17.5 10h.01M8 14h8",
  down: "M6 10l6 6 6-6",
  close: "M6 6l12 12M18 6L6 18",
  check: "M2.5 12.5l4.5 4.5L16 8M11.5 16l1 1L21.5 8",
  link: "M8 16L16.5 7.5M9.5 7h7.5v7.5",
  copy: "M9 9h10.5v10.5H9zM15 9V4.5H4.5V15H9",
  app: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z",
  phone: "M6.5 3.5h3.5l1.5 4.5-2.2 1.6a11 11 0 0 0 5.1 5.1l1.6-2.2 4.5 1.5v3.5a2 2 0 0 1-2.2 2A16.5 16.5 0 0 1 4.5 5.7a2 2 0 0 1 2-2.2z",
  photo: "M4 5.5h16v13H4zM4 16l5-5 4 4 2.5-2.5L20 17M15.5 9.5h.01",
  file: "M7 3.5h7l4.5 4.5v12.5H7zM14 3.5V8h4.5",
  smile: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.01M15 9.5v.01",
  reply: "M9.5 6L4 11l5.5 5M4.5 11H14a6 6 0 0 1 6 6v1",
  edit: "M5 19l.8-4L16 4.8a1.9 1.9 0 0 1 2.7 0l.5.5a1.9 1.9 0 0 1 0 2.7L9 18.2 5 19z",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.5 10.5v5.5M13.5 10.5v5.5",
  mask: "M4 6.5c5-2 11-2 16 0 0 7-2.5 12-8 13-5.5-1-8-6-8-13zM8 11h2.5M13.5 11H16M9.5 15.5c1.5-1 3.5-1 5 0",
  block: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM6 6l12 12",
  restart: "M19.5 12a7.5 7.5 0 1 1-2.5-5.6M19.5 4v4h-4",
  people: "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5c.5-4 3-6 6.5-6s6 2 6.5 6M15.5 4.8a3.5 3.5 0 0 1 0 6.4M17.5 13.9c2.3.7 3.7 2.6 4 5.6",
};

// icon draws one of the shapes above.
export function icon(name) {
  const svg = document.createElementNS(svgNS, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svgNS, "path");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
}

// avatar is a person's coloured disc.
export function avatar(person) {
  const name = [...`${person.first}${person.last || ""}`.trim()];
  const wide = /\p{Script=Han}/u.test(name[0] || "");
  const text = wide ? name[0] : (person.first[0] || "") + ((person.last || "")[0] || "");
  return h("span", { class: `avatar c${Math.abs(person.id) % 8}`, "aria-hidden": "true" }, text.toUpperCase());
}

export function botAvatar() {
  return h("span", { class: "avatar bot", "aria-hidden": "true" }, h("img", { src: "/web/icon.svg", alt: "" }));
}

export function fullName(person) {
  return `${person.first} ${person.last || ""}`.trim();
}
