// Texts of the page in three languages, and dates in the reader's.

export const languageNames = { "zh-Hans": "简体中文", "zh-Hant": "繁體中文", en: "English" };

const languages = Object.keys(languageNames);

let texts = {};
export let language = "zh-Hans";

function preferred() {
  const saved = localStorage.getItem("pingyi.language");
  if (languages.includes(saved)) return saved;
  for (const tag of navigator.languages || [navigator.language]) {
    const low = tag.toLowerCase();
    if (/^zh\b.*(hant|tw|hk|mo)/.test(low)) return "zh-Hant";
    if (low.startsWith("zh")) return "zh-Hans";
    if (low.startsWith("en")) return "en";
  }
  return "en";
}

export async function loadTexts(wanted = preferred()) {
  const response = await fetch(`/web/locales/${wanted}.json`);
  texts = await response.json();
  language = wanted;
  minutes = new Intl.DateTimeFormat(wanted, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  localStorage.setItem("pingyi.language", wanted);
  document.documentElement.lang = wanted;
  document.title = texts["app.title"];
}

// t is the text for a key; {name} is replaced from args.
export function t(key, args = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => args[name] ?? all);
}

let minutes = new Intl.DateTimeFormat();

export const clock = (seconds) => minutes.format(seconds * 1000);

export function clockSeconds(iso) {
  return new Date(iso).toLocaleTimeString(language, { hour12: false });
}

function dayNumber(date) {
  return Math.floor((date.getTime() - date.getTimezoneOffset() * 60000) / 86400000);
}

export function day(seconds) {
  const date = new Date(seconds * 1000);
  const age = dayNumber(new Date()) - dayNumber(date);
  if (age === 0) return t("chat.today");
  if (age === 1) return t("chat.yesterday");
  return date.toLocaleDateString(language, { month: "long", day: "numeric", weekday: "short" });
}

// shortDate is the time today, else the date.
export function shortDate(seconds) {
  if (!seconds) return "";
  const date = new Date(seconds * 1000);
  if (dayNumber(new Date()) === dayNumber(date)) return clock(seconds);
  return date.toLocaleDateString(language, { month: "numeric", day: "numeric" });
}

export function size(bytes) {
  const units = ["B", "kB", "MB"];
  let i = 0;
  for (; bytes >= 1000 && i < 2; i++) bytes /= 1000;
  return `${bytes < 10 && i ? bytes.toFixed(1) : Math.round(bytes)} ${units[i]}`;
}
