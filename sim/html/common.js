// What the pages have in common: elements, numbers, colours and their switch, and how
// the JSON that a page carries is unpacked and saved.
const $ = (id) => document.getElementById(id);
const root = document.documentElement;

// make makes an element; text never becomes markup.
function make(tag, attributes, ...content) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(attributes || {})) {
    if (k.startsWith("on")) e.addEventListener(k.slice(2), v);
    else if (v !== false && v != null) e.setAttribute(k, v === true ? "" : v);
  }
  e.append(...content.filter((c) => c != null));
  return e;
}

// swatch is a short stroke in the colour of a line.
function swatch(colour, dashed) {
  const ns = "http://www.w3.org/2000/svg";
  const s = document.createElementNS(ns, "svg"), l = document.createElementNS(ns, "line");
  s.setAttribute("viewBox", "0 0 18 8"); s.setAttribute("aria-hidden", "true");
  for (const [k, v] of Object.entries({ x1: 0, x2: 18, y1: 4, y2: 4, stroke: "var(--s" + (colour % 10) + ")", "stroke-width": 3 })) l.setAttribute(k, v);
  if (dashed) l.setAttribute("stroke-dasharray", "4 3");
  s.append(l);
  return s;
}

// Numbers as a person reads them.
const digits = (v, n) => (v >= 1000 ? Math.round(v).toLocaleString("en-US") : String(Number(v.toPrecision(n))));
const write = {
  share: (v) => (v > 0 && v < 0.0001 ? "<0.01%" : v < 1 && v > 0.9995 ? ">99.9%" : digits(100 * v, 3) + "%"),
  count: (v) => (v >= 1e6 ? digits(v / 1e6, 4) + "M" : v > 0 && v < 0.01 ? "<0.01" : digits(v, 3)),
  rate: (v) => write.count(v) + "/s",
  seconds: (v) => (v === 0 ? "0s" : v < 1e-3 ? digits(v * 1e6, 3) + "us" : v < 1 ? digits(v * 1e3, 3) + "ms" : v < 600 ? digits(v, 3) + "s" : clock(v)),
};
function clock(s) {
  if (s < 600) return Number(s.toFixed(2)) + "s";
  const h = Math.floor(s / 3600), m = Math.floor((s % 3600) / 60), rest = Math.round(s % 60);
  return (h ? h + "h" : "") + (m ? m + "m" : "") + (rest ? rest + "s" : "");
}

const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const tones = new Map(); // of the theme, looked up once
const tone = (name) => { if (!tones.has(name)) tones.set(name, css(name)); return tones.get(name); };

const axisOf = (extra) => ({ stroke: () => tone("--soft"), grid: { stroke: () => tone("--rule"), width: 1 }, ticks: { stroke: () => tone("--rule"), width: 1, size: 4 }, font: "11px system-ui, sans-serif", ...extra });

// The switch of colours: as the system has them, light, dark. recolour is what a page
// draws again in others.
let theme = "auto", recolour = () => {};
function setTheme(next) {
  theme = next;
  if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
  $("theme").textContent = theme[0].toUpperCase() + theme.slice(1);
  $("theme").setAttribute("aria-label", "Colours: " + (theme === "auto" ? "as the system has them" : theme));
  tones.clear();
  recolour();
}
$("theme").addEventListener("click", () => { const all = ["auto", "light", "dark"]; setTheme(all[(all.indexOf(theme) + 1) % all.length]); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(theme));

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}
const sorry = (text) => { $("no-charts").textContent = text; $("no-charts").hidden = false; };

// save hands a text to the reader as a file.
function save(text, name) {
  const a = make("a", { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: name.replace(/[^\w.-]+/g, "-") + ".json" });
  a.click();
  URL.revokeObjectURL(a.href);
}
