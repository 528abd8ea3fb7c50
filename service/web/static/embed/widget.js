// <libertas-petition slug="…">: a petition on somebody else's page.
//
//   <script type="module" src="https://…/widget.js"></script>
//   <libertas-petition slug="…" lang="fr" theme="auto" variant="card" partner="…">
//     <a href="https://…/fr/petitions/…">Sign the petition</a>
//   </libertas-petition>
//
// It asks one server only, ours, for one small file; it keeps nothing, sets no cookie and tells nobody who is reading. The link
// inside stays for a page without script and for a network that fails. Whoever signs does so in a frame of ours: the page
// around it never sees a name or an address.

const HOME = new URL(import.meta.url).origin;
const VARIANTS = ["card", "bar", "button", "counter", "sponsors", "case"];
const LANGUAGES = ["fr", "en", "hy"];
const EVERY = 30_000; // milliseconds between two looks at the count, while somebody can see it; give or take a quarter
const SOON = 3_000; // how long a frame that has loaded may stay silent before we say that it was refused

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { display: block; min-inline-size: 0; }
:host([hidden]) { display: none; }
.box {
  all: initial; display: block; box-sizing: border-box; container-type: inline-size; direction: ltr;
  --accent: var(--libertas-accent, #8c1c2b); --on: var(--libertas-on-accent, #fff); --paper: var(--libertas-paper, #fff);
  --ink: var(--libertas-ink, #1f1a17); --soft: var(--libertas-soft, #5d534b); --line: var(--libertas-line, #d9cfc2);
  --bar: var(--libertas-bar, #c96f1a); --radius: var(--libertas-radius, 12px); --focus: #0b57d0; color-scheme: light;
  font: 400 16px/1.45 var(--libertas-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Armenian", Mshtakan, Sylfaen, sans-serif);
  color: var(--ink); text-align: start; overflow-wrap: anywhere;
}
.box.dark {
  --accent: var(--libertas-accent-dark, #f0909a); --on: var(--libertas-on-accent-dark, #2a0a0f); --paper: var(--libertas-paper-dark, #211b17);
  --ink: var(--libertas-ink-dark, #f3ece3); --soft: var(--libertas-soft-dark, #c3b6a8); --line: var(--libertas-line-dark, #41372f);
  --bar: var(--libertas-bar-dark, #f0a35e); --focus: #9cc3ff; color-scheme: dark;
}
.box *, dialog { box-sizing: border-box; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: var(--radius); padding: 16px; }
.card > * { margin: 0 0 10px; } .card > :last-child:not(.more) { margin: 0; }
h2, h3, p, ul, li, figure { margin: 0; padding: 0; list-style: none; font: inherit; }
.title { font-weight: 700; font-size: 18px; line-height: 1.28; } .title a { color: inherit; text-decoration: none; } .title a:hover { text-decoration: underline; }
.count strong { font-weight: 700; font-size: 32px; line-height: 1.1; color: var(--accent); font-variant-numeric: lining-nums tabular-nums; }
.count { color: var(--soft); } .demo { display: inline-block; font-weight: 700; font-size: 12px; background: #f7c98f; color: #2b1600; padding: 0 6px; border-radius: 4px; }
.line, .hint { color: var(--soft); font-size: 14px; } .state { font-weight: 600; }
.goal { block-size: 8px; border-radius: 8px; background: var(--line); overflow: hidden; }
.goal span { display: block; block-size: 100%; min-inline-size: 4px; background: var(--bar); transition: inline-size .4s; }
.act, .more {
  all: unset; box-sizing: border-box; cursor: pointer; display: inline-flex; align-items: center; justify-content: center; gap: 8px; text-align: center;
  min-block-size: 44px; padding: 8px 20px; border-radius: calc(var(--radius) * .8); font-weight: 700;
}
.act { background: var(--accent); color: var(--on); border: 2px solid var(--accent); }
.more { color: var(--accent); text-decoration: underline; padding: 8px 4px; margin: 2px -4px -8px; font-weight: 600; }
.card > .act { display: flex; inline-size: 100%; }
a:focus-visible, .act:focus-visible, .more:focus-visible, .shut:focus-visible, iframe:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding: 10px 16px; }
.bar > * { margin: 0; } .bar .title { flex: 1 1 200px; font-size: 16px; } .bar .count strong { font-size: 20px; }
.button { display: inline-flex; max-inline-size: 100%; } .button .act span { font-weight: 400; }
.counter { display: inline-block; max-inline-size: 100%; }
.wall { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 200px), 1fr)); }
.wall li { border: 1px solid var(--line); border-radius: 8px; padding: 8px 10px; } .wall b { display: block; font-weight: 600; } .wall span { color: var(--soft); font-size: 14px; }
.frame { position: relative; border-block-start: 1px solid var(--line); padding-block-start: 8px; } .card > .frame { margin-block-start: 14px; }
iframe { display: block; border: 0; inline-size: 100%; block-size: 480px; background: transparent; color-scheme: inherit; }
.shut { all: unset; cursor: pointer; float: inline-end; min-inline-size: 44px; min-block-size: 44px; text-align: center; font-size: 22px; line-height: 44px; color: var(--soft); }
dialog { border: 0; padding: 8px 12px 12px; inline-size: min(560px, calc(100vw - 16px)); max-inline-size: none; max-block-size: calc(100vh - 16px); overflow: auto; background: var(--paper); color: var(--ink); border-radius: var(--radius); }
dialog::backdrop { background: rgb(0 0 0 / .6); }
.unseen { position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.bar > .act { inline-size: auto; }
@container (min-width: 480px) { .card > .act { inline-size: auto; min-inline-size: 200px; } .bar > .act { min-inline-size: 0; } }
@container (max-width: 300px) { .card { padding: 12px; } .title { font-size: 17px; } .count strong { font-size: 28px; } .bar > .act { inline-size: 100%; } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
@media (forced-colors: active) { .act, .card, .goal { border: 1px solid; } .goal span { background: Highlight; } }
`);

// -- what is shown: one answer for each petition and language, shared by all elements of a page, looked at again while visible

const feeds = new Map();

class Feed {
  constructor(url) {
    this.url = url;
    this.seen = null;
    this.listeners = new Set();
    this.patience = EVERY;
    this.timer = 0;
  }

  join(listener) {
    this.listeners.add(listener);
    if (this.seen) listener(this.seen);
    else if (this.listeners.size === 1) this.ask();
  }

  leave(listener) {
    this.listeners.delete(listener);
    if (!this.listeners.size) clearTimeout(this.timer);
  }

  async ask() {
    let told = null;
    try {
      const answer = await fetch(this.url, {
        credentials: "omit",
        referrerPolicy: "no-referrer",
        cache: this.seen ? "no-cache" : "default", // a second look is conditional: 304 and no body when nothing moved
        signal: AbortSignal.timeout(20_000),
      });
      if (answer.ok) told = await answer.json();
      this.patience = EVERY;
    } catch {
      this.patience = Math.min(this.patience * 2, 600_000);
    }
    if (told) this.seen = told;
    for (const listener of this.listeners) listener(told);
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    if (this.listeners.size) this.timer = setTimeout(() => this.look(), this.patience * (0.75 + Math.random() / 2));
  }

  look() {
    const isSeen = document.visibilityState === "visible" && [...this.listeners].some((listener) => listener.isSeen());
    if (isSeen) this.ask();
    else this.wait();
  }
}

function feed(url) {
  if (!feeds.has(url)) feeds.set(url, new Feed(url));
  return feeds.get(url);
}

// -- small pieces

function make(tag, about = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(about)) {
    if (name === "on") made.addEventListener("click", value);
    else if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...inside.filter((each) => each !== undefined && each !== null && each !== ""));
  return made;
}

// A message counts only when it comes from our origin, from this very frame, and has the one shape that we know.
function read(event, frame) {
  const told = event.data;
  if (event.origin !== HOME || event.source !== frame.contentWindow) return null;
  if (typeof told !== "object" || told === null || told.libertas !== 1) return null;
  if (!["ready", "height"].includes(told.type) || !["form", "sent", "closed"].includes(told.state)) return null;
  if (!Number.isInteger(told.height) || told.height < 1 || told.height > 20_000) return null;
  return told;
}

class LibertasPetition extends HTMLElement {
  static observedAttributes = ["slug", "lang", "theme", "variant", "partner", "case"];

  #root = this.attachShadow({ mode: "open" });
  #feed = null;
  #told = null;
  #listener = null;
  #caseListener = null;
  #onScreen = true;
  #watcher = null;
  #frame = null;
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #count = null;
  #case = null;
  #caseFeed = null;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.append(document.createElement("slot"));
    this.#listener = Object.assign((told) => this.#tell(told), { isSeen: () => this.#onScreen });
    this.#caseListener = Object.assign((told) => this.#tellCase(told), { isSeen: () => this.#onScreen });
  }

  connectedCallback() {
    this.#watcher = new IntersectionObserver((entries) => (this.#onScreen = entries.at(-1).isIntersecting));
    this.#watcher.observe(this);
    this.#dark.addEventListener("change", this.#colour);
    addEventListener("message", this.#heard);
    this.#begin();
  }

  disconnectedCallback() {
    this.#watcher.disconnect();
    this.#dark.removeEventListener("change", this.#colour);
    removeEventListener("message", this.#heard);
    this.#feed?.leave(this.#listener);
    this.#caseFeed?.leave(this.#caseListener);
    this.#feed = this.#caseFeed = this.#frame = null;
  }

  attributeChangedCallback(name, before, now) {
    if (!this.#feed || before === now) return; // the first attributes come before the element stands in the page
    if (name === "theme") this.#colour();
    else this.#begin();
  }

  get #variant() {
    const wish = this.getAttribute("variant");
    return VARIANTS.includes(wish) ? wish : "card";
  }

  // The element's own lang, else that of what stands around it, else of the page.
  get #lang() {
    const wish = this.closest("[lang]")?.getAttribute("lang") ?? this.getRootNode().host?.closest?.("[lang]")?.getAttribute("lang");
    const primary = (wish || document.documentElement.lang || "").toLowerCase().split("-")[0];
    return LANGUAGES.includes(primary) ? primary : "en";
  }

  get #slug() {
    return encodeURIComponent(this.getAttribute("slug") ?? "");
  }

  get #partner() {
    const partner = this.getAttribute("partner") ?? "";
    return /^[a-z0-9][a-z0-9-]{0,62}$/.test(partner) ? partner : "";
  }

  get #page() {
    const page = this.#told?.urls?.page ?? `${HOME}/${this.#lang}/petitions/${this.#slug}`;
    return page + (this.#partner ? `?partner=${this.#partner}` : "");
  }

  #begin() {
    this.#feed?.leave(this.#listener);
    this.#caseFeed?.leave(this.#caseListener);
    this.#told = this.#count = this.#case = this.#caseFeed = this.#frame = null;
    this.#root.replaceChildren(document.createElement("slot"));
    this.#feed = feed(`${HOME}/embed/${this.#slug}/${this.#lang}.json`);
    this.#feed.join(this.#listener);
  }

  #emit(what) {
    // What the page around may know: that something happened, for which petition, and the public count. Never who.
    const detail = { slug: this.getAttribute("slug"), count: this.#told?.count ?? null };
    this.dispatchEvent(new CustomEvent(`libertas:${what}`, { bubbles: true, composed: true, detail }));
  }

  #tell(told) {
    if (!told || typeof told.title !== "string" || !Number.isInteger(told.count)) {
      if (!this.#told) this.#fallBack();
      return;
    }
    const isFirst = !this.#told;
    this.#told = told;
    if (this.#variant === "case" && !this.#caseFeed) {
      const wish = this.getAttribute("case") || told.case;
      if (wish) {
        this.#caseFeed = feed(`${HOME}/embed/cases/${encodeURIComponent(wish)}.${told.lang}.json`);
        this.#caseFeed.join(this.#caseListener);
      }
    }
    if (isFirst) this.#draw();
    else this.#refresh();
    if (this.#count !== told.count) {
      this.#count = told.count;
      this.#emit(isFirst ? "ready" : "count");
    }
  }

  // A case is an answer of its own, asked for by those who show one; until it is here the petition's card stands in its place.
  #tellCase(told) {
    if (!told || typeof told.name !== "string" || JSON.stringify(told) === JSON.stringify(this.#case)) return;
    this.#case = told;
    if (this.#told && !this.#frame) this.#draw();
  }

  // Nothing came: the link of the page stays, or one of ours takes its place.
  #fallBack() {
    if (!this.querySelector("a[href]")) {
      this.#root.replaceChildren(make("a", { href: this.#page, target: "_blank", rel: "noopener" }, this.textContent.trim() || "Libertas"));
    }
    this.#emit("failed");
  }

  #colour = () => {
    const theme = this.getAttribute("theme");
    const isDark = theme === "dark" || (theme !== "light" && this.#dark.matches);
    this.#root.querySelector(".box")?.classList.toggle("dark", isDark);
    return isDark ? "dark" : "light";
  };

  #draw() {
    const told = this.#told;
    const box = make("div", { class: "box", lang: told.lang, dir: "ltr" });
    box.append(this[`_${this.#variant}`](told));
    this.#root.replaceChildren(box);
    this.#colour();
    this.#refresh();
  }

  // A new count changes three texts and a width; whoever is typing into the frame is not disturbed.
  #refresh() {
    const told = this.#told;
    for (const part of this.#root.querySelectorAll("[data-is]")) {
      const text = told[part.dataset.is];
      if (typeof text === "string" && part.textContent !== text) part.textContent = text;
    }
    const filled = this.#root.querySelector(".goal span");
    if (filled) filled.style.inlineSize = `${Math.min(100, told.percent)}%`;
    this.#root.querySelector(".goal")?.setAttribute("aria-valuenow", Math.min(100, told.percent));
  }

  #text(name) {
    return make("span", { "data-is": name }, this.#told[name]);
  }

  #title(told, level = "h2") {
    const link = make("a", { href: this.#page, target: "_blank", rel: "noopener" }, told.title, make("span", { class: "unseen" }, ` (${told.opens})`));
    return make(level, { class: "title" }, link);
  }

  #counted(told) {
    const number = make("strong", { "data-is": "count_text" }, told.count_text);
    return make("p", { class: "count" }, number, " ", this.#text("label"), told.demo ? " " : "", told.demo ? make("span", { class: "demo" }, "DEMO") : "");
  }

  #progress(told) {
    if (!told.goal) return "";
    const about = { class: "goal", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": told.goal_label };
    return make("div", about, make("span"));
  }

  #goal(told) {
    return told.goal ? make("p", { class: "hint" }, this.#text("goal_text")) : "";
  }

  #line(told) {
    return told.line ? make("p", { class: "line" }, this.#text("line")) : "";
  }

  #sign(told, more = "") {
    if (told.state !== "open") return make("p", { class: "state" }, this.#text("state_text"));
    const about = { class: "act", type: "button", part: "button", "aria-expanded": "false", on: () => this.#open() };
    return make("button", about, told.sign, more);
  }

  _card(told) {
    return make("article", { class: "card", part: "card" }, this.#title(told), this.#counted(told), this.#progress(told), this.#goal(told), this.#line(told), this.#sign(told));
  }

  _bar(told) {
    return make("section", { class: "card bar", part: "card" }, this.#title(told), this.#counted(told), this.#sign(told));
  }

  _button(told) {
    return make("div", { class: "button" }, this.#sign(told, make("span", {}, "· ", make("span", { "data-is": "count_text" }, told.count_text))));
  }

  _counter(told) {
    return make("article", { class: "card counter", part: "card" }, this.#counted(told), this.#title(told, "p"));
  }

  _sponsors(told) {
    const wall = told.sponsors.map((one) => make("li", {}, make("b", {}, one.name), one.about ? make("span", {}, one.about) : ""));
    const about = told.held ? make("p", { class: "line" }, this.#text("held")) : "";
    const list = wall.length ? make("ul", { class: "wall" }, ...wall) : make("p", { class: "line" }, told.no_sponsors);
    const more = make("a", { class: "more", href: told.urls.sponsors, target: "_blank", rel: "noopener" }, told.sponsor_more);
    return make("section", { class: "card", part: "card" }, make("h2", { class: "title" }, told.sponsors_title), about, list, more);
  }

  _case(told) {
    const one = this.#case;
    if (!one) return this._card(told);
    const link = make("a", { href: one.url, target: "_blank", rel: "noopener" }, one.name, make("span", { class: "unseen" }, ` (${told.opens})`));
    return make(
      "article", { class: "card", part: "card" },
      make("h2", { class: "title" }, link), make("p", { class: "line" }, one.status), one.line ? make("p", { class: "line" }, one.line) : "", this.#counted(told), this.#sign(told),
    );
  }

  // -- the form, in a frame of ours: below the card, in a dialog for the small variants

  #open() {
    const isInline = this.#variant === "card" || this.#variant === "case";
    if (this.#frame?.isConnected) {
      this.#frame.focus();
      return;
    }
    // A page without an origin of its own (a sandbox) cannot be spoken to: our own page takes over.
    if (location.origin === "null") {
      open(this.#page, "_blank", "noopener");
      return;
    }
    const told = this.#told;
    const query = new URLSearchParams({ lang: told.lang, theme: this.#colour(), host: location.origin });
    if (this.#partner) query.set("partner", this.#partner);
    if (this.#variant === "card") query.set("inside", "card"); // title and number stand above the form already
    this.#frame = make("iframe", {
      src: `${told.urls.frame}?${query}`, title: told.frame_title, referrerpolicy: "no-referrer", allow: "",
      sandbox: "allow-scripts allow-forms allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    });
    const shut = make("button", { class: "shut", type: "button", "aria-label": told.close, on: () => this.#shut() }, "×");
    const place = make(isInline ? "div" : "dialog", { class: "frame", "aria-label": told.frame_title }, shut, this.#frame);
    const frame = this.#frame;
    frame.addEventListener("load", () => setTimeout(() => this.#frame === frame && !frame.dataset.ready && this.#refused(place), SOON));
    this.#root.querySelector(".box").append(place);
    if (isInline) {
      this.#root.querySelector(".card").append(place);
    } else {
      place.addEventListener("close", () => this.#shut());
      place.showModal();
    }
    this.#root.querySelector(".act")?.setAttribute("aria-expanded", "true");
    frame.focus();
    this.#emit("open");
  }

  #shut() {
    const place = this.#root.querySelector(".frame");
    if (!place) return;
    this.#frame = null;
    place.remove();
    const act = this.#root.querySelector(".act");
    act?.setAttribute("aria-expanded", "false");
    act?.focus();
    this.#emit("close");
  }

  // The frame is empty: this site is not on the petition's list, or the network failed. Our own page can always be opened.
  #refused(place) {
    this.#frame.remove();
    const link = make("a", { class: "act", href: this.#page, target: "_blank", rel: "noopener" }, this.#told.failed_link);
    place.append(make("p", { class: "line", role: "status" }, this.#told.failed), link);
    link.focus();
    this.#emit("failed");
  }

  #heard = (event) => {
    const frame = this.#frame;
    const told = frame && read(event, frame);
    if (!told) return;
    frame.style.blockSize = `${Math.max(200, Math.min(told.height, 6_000))}px`;
    if (told.type !== "ready") return;
    frame.dataset.ready = "yes";
    const act = this.#root.querySelector(".act");
    const look = act ? getComputedStyle(act) : null;
    const sent = { libertas: 1, type: "look", accent: look?.backgroundColor ?? "", on: look?.color ?? "" };
    event.source.postMessage(sent, HOME);
    if (told.state === "sent" && !frame.dataset.sent) {
      frame.dataset.sent = "yes";
      this.scrollIntoView({ block: "nearest" });
      this.#emit("sent");
    }
  };
}

if (!customElements.get("libertas-petition")) customElements.define("libertas-petition", LibertasPetition);
