// What a person sees: choose a file, watch it being recounted, read what was found. Nothing is sent anywhere.

const GROUPS = {
  archive: ["archive"],
  file: ["sums-malformed", "file-missing", "file-unlisted", "file-differs"],
  issuer: ["ssh-key", "ssh-armor", "ssh-signature", "allowed-signers"],
  keys: ["issuer-unknown", "keys-differ"],
  "log-key": ["note-malformed", "note-signature", "note-unknown-key", "note-downgraded", "vkey", "checkpoint-malformed", "checkpoint-origin"],
  tree: ["tile-path", "tile-width", "tile-differs", "entry-bundle", "root-differs", "consistency-proof"],
  figures: ["figures-differ"],
  text: ["manifest", "manifest-differs", "text-differs", "file-unexpected"],
  pdf: ["pdf-attachment"],
  anchor: ["tlog-proof", "inclusion-proof", "anchor-order"],
  spelling: ["json-not-canonical", "certificate-malformed", "trust"],
  opening: ["opening", "promise"],
};
// the rest of docs/formats.md, section 8, are rules of the log
const groupOf = (name) => Object.keys(GROUPS).find((group) => GROUPS[group].includes(name)) ?? "rules";

const FIGURES = ["count", "added", "withdrawn", "invalidated", "reinstated", "erased_counted", "by_version"];

/** Make the page of `root` (the element with id "checker"). `words` are all catalogues, `worker` starts a worker. */
export function show(root, words, worker) {
  const html = document.documentElement;
  const isAlone = html.classList.contains("alone");
  let lang = words[html.lang] ? html.lang : "en";
  if (isAlone) lang = navigator.languages.map((each) => each.slice(0, 2)).find((each) => words[each]) ?? lang;
  let trust = null; // bytes of the trust file
  let chosen = null; // the files, as they were chosen
  let report = null;
  let running = null;
  let turn = 0;
  const find = (name) => root.querySelector(`[data-part="${name}"]`);

  const t = (key, facts = {}) => (words[lang][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => facts[name]);
  const has = (key) => key in words[lang];
  const number = (value) => (Number.isSafeInteger(value) ? new Intl.NumberFormat(lang === "en" ? "en-GB" : lang).format(value) : String(value));

  const el = (tag, attributes = {}, ...inside) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...inside.filter((each) => each !== null && each !== undefined));
    return made;
  };
  const moment = (text) => {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) || Number.isNaN(Date.parse(text))) return text;
    const options = { dateStyle: "long", timeStyle: "short", timeZone: "UTC" };
    return `${new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, options).format(new Date(text))} UTC`;
  };
  const inLang = (texts) => (texts && typeof texts === "object" ? (texts[lang] ?? Object.values(texts)[0]) : texts);
  const place = (code) => {
    try {
      return /^[A-Z]{2}$/.test(code) ? new Intl.DisplayNames([lang], { type: "region" }).of(code) : code;
    } catch {
      return code;
    }
  };

  function facts(pairs) {
    const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
    return el("dl", { class: "checker-facts" }, ...shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, say(value)))));
  }

  const cell = (name) => (has(`cell-${name}`) ? t(`cell-${name}`) : place(name).replaceAll("_", " "));

  /** Any value of a certificate, in words as far as there are some. Never markup: a certificate may be hostile. */
  function say(value) {
    if (value instanceof Node) return value;
    if (typeof value === "number") return number(value);
    if (value === null || value === undefined) return "—";
    if (typeof value !== "object") return has(`cell-${value}`) ? cell(value) : moment(String(value));
    if (Array.isArray(value)) return value.length ? el("ul", {}, ...value.map((each) => el("li", {}, say(each)))) : t("none");
    if (Object.keys(words).some((code) => code in value) && Object.values(value).every((each) => typeof each === "string")) return inLang(value);
    const pairs = Object.entries(value).map(([name, each]) => [cell(name), each]);
    if (pairs.length > 12) return el("details", {}, el("summary", {}, t("all", { n: number(pairs.length) })), facts(pairs));
    return pairs.length ? facts(pairs) : t("none");
  }

  const code = (text) => el("code", {}, String(text));

  function label(name, text, ...inside) {
    return el("section", { class: `checker-label checker-${name}` }, el("h3", {}, t(name)), el("p", { class: "checker-hint" }, text), ...inside);
  }

  function compare(fingerprint) {
    const field = el("input", { type: "text", id: "checker-compare", autocomplete: "off", spellcheck: "false" });
    const answer = el("p", { role: "status", class: "checker-answer" });
    field.addEventListener("input", () => {
      const given = field.value.trim().replace(/=+$/, "");
      const isSame = given === fingerprint;
      answer.textContent = given ? t(isSame ? "compare-same" : "compare-other") : "";
      answer.dataset.same = given ? String(isSame) : "";
    });
    return el("div", { class: "checker-compare" }, el("label", { for: "checker-compare" }, t("compare")), field, answer);
  }

  function openPoints() {
    const points = [...report.notes, ...(report.anchor ? ["anchor"] : []), ...(report.unable ? ["mldsa"] : [])].filter((each) => has(`open-${each}`));
    if (!points.length) return null;
    return el("section", {}, el("h3", {}, t("open")), el("ul", {}, ...points.map((each) => el("li", {}, t(`open-${each}`)))));
  }

  function bundle() {
    const { certificate: body, figures } = report;
    const checkpoint = figures.checkpoint;
    const isStated = report.notes.includes("log");
    const window = body.window && typeof body.window === "object" ? [body.window.first_sealed_at, body.window.cut_off] : [];
    const proved = FIGURES.map((name) => {
      const value = figures[name];
      if (name !== "by_version" || !value) return [t(name), value];
      return [t(name), facts(Object.entries(value).map(([version, each]) => [t("version", { n: version }), each]))];
    });
    return [
      el("p", { class: "checker-count" }, el("strong", {}, number(figures.count)), " ", t(new Intl.PluralRules(lang).select(figures.count) === "one" ? "signature" : "signatures")),
      ["demo", "draft"].includes(body.standing) ? el("p", { class: "checker-warning" }, t(body.standing)) : null,
      body.statement ? el("p", {}, String(inLang(body.statement)).replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, moment)) : el("p", {}, t("not-proved")),
      el("div", { class: "checker-labels" },
        label("proved", t(isStated ? "stated-text" : "proved-text"), facts([
          ...proved,
          [t("entries"), checkpoint.size],
          [t("log"), code(checkpoint.origin)],
          [t("root"), code(checkpoint.root)],
          [t("anchor"), code(report.anchor.origin)],
          [t("anchor-places"), t("anchor-value", {
            certificate: number(report.anchor.certificate_at), checkpoint: number(report.anchor.checkpoint_at), size: number(report.anchor.size),
          })],
          [t("anchor-root"), code(report.anchor.root)],
        ])),
        label("witnessed", t(report.notes.includes("witnesses") ? "witnessed-text" : "witnessed-checked"), say(body.witnessed)),
        label("audited", t("audited-text"), body.audited === null ? el("p", {}, t("audited-none")) : say(body.audited)),
        label("asserted", t("asserted-text"), say(body.asserted))),
      el("section", {}, el("h3", {}, t("about")), facts([
        [t("about-petition"), inLang(body.petition?.titles)],
        [t("about-recipient"), [body.recipient?.office ?? body.recipient?.name, body.recipient?.holder].filter(Boolean).join(" – ")],
        [t("about-issuer"), body.issuer?.name],
        [t("about-issued"), body.issued_at],
        [t("about-window"), window.length === 2 ? `${moment(String(window[0]))} – ${moment(String(window[1]))}` : null],
        [t("about-serial"), body.serial === undefined ? null : String(body.serial)],
        [t("about-replaces"), body.replaces ? code(body.replaces) : null],
        [t("about-id"), code(report.id)],
      ])),
      openPoints(),
    ];
  }

  function receipt() {
    const { values, figures, version } = report;
    return [
      el("h3", {}, t("receipt")),
      facts([
        ...["email", "country", "locale", "class"].map((name) => [t(`value-${name}`), name === "country" ? place(values[name]) : values[name]]),
        [t("receipt-text"), el("span", {}, `${t("version", { n: version })} `, code(report.text_hash))],
        [t("receipt-index"), report.index],
        [t("receipt-entry"), code(report.entry)],
        [t("log"), code(figures.checkpoint.origin)],
        [t("entries"), figures.checkpoint.size],
      ]),
      openPoints(),
    ];
  }

  function promise() {
    return [
      el("h3", {}, t("promise")),
      facts([[t("promise-until"), report.until], [t("receipt-entry"), code(report.entry)], [t("log"), code(report.origin)]]),
      openPoints(),
    ];
  }

  function trustFile() {
    const { trusted } = report;
    const use = el("button", { type: "button" }, t("trust-use"));
    use.addEventListener("click", async () => {
      trust = chosen[0].data ?? new Uint8Array(await chosen[0].file.arrayBuffer());
      chosen = null;
      report = null;
      draw();
      find("file").focus();
    });
    const keys = Object.keys(trusted).filter((name) => has(`trust-${name}`));
    const lines = (value) => (Array.isArray(value) ? value.map(code) : name === "issuer" ? value : code(value));
    let name;
    return [
      el("h3", {}, t("trust-file-is")),
      facts([...keys.map((each) => [t(`trust-${(name = each)}`), lines(trusted[each])]), [t("trust-sha256"), code(report.sha256)]]),
      use,
    ];
  }

  function verdict() {
    const { result } = report;
    const box = el("div", { class: `checker-verdict checker-is-${result}` }, el("h2", { tabindex: "-1" }, t(report.kind === "trust" ? "trust-title" : result)));
    if (report.kind === "trust") return [...trustFile()];
    if (result === "valid") box.append(el("p", {}, t("valid-text", { issuer: report.issuer })));
    if (result === "consistent") box.append(el("p", {}, t("consistent-text")));
    if (result === "genuine") box.append(el("p", {}, t("genuine-text", { issuer: report.issuer })));
    if (report.fingerprint) box.append(el("p", { class: "checker-fingerprint" }, code(report.fingerprint)));
    if (result === "consistent") box.append(compare(report.fingerprint));
    if (result === "invalid") {
      box.append(
        el("p", {}, t(`fault-${groupOf(report.error)}`)),
        facts([[t("error-name"), code(report.error)], [t("error-detail"), report.detail ? code(report.detail) : null]]),
      );
    }
    if (result === "unchecked") {
      box.append(el("p", {}, t(has(`why-${report.why}`) ? `why-${report.why}` : "why-broken")));
      if (report.detail) box.append(el("p", { class: "checker-hint" }, code(report.detail)));
    }
    const rest = { bundle, receipt, promise }[report.kind];
    return [box, ...(rest ? rest() : [])];
  }

  function draw() {
    for (const one of document.querySelectorAll("[data-word]")) {
      if (root.contains(one) || isAlone) one.textContent = t(one.dataset.word);
    }
    find("trust-here").hidden = !trust;
    const out = find("result");
    out.replaceChildren(...(report ? verdict() : []).filter(Boolean));
    root.dataset.result = report?.result ?? "";
    root.dataset.error = report?.error ?? report?.why ?? "";
    root.dataset.detail = report?.detail ?? "";
    if (isAlone) {
      html.lang = lang;
      document.title = t("title");
      document.querySelectorAll("[data-lang]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.lang === lang)));
    }
  }

  function stage(text, done = 0, total = 0) {
    find("stage").textContent = text;
    const bar = find("bar");
    find("status").hidden = !text;
    if (total) {
      bar.max = total;
      bar.value = done;
    } else {
      bar.removeAttribute("value");
    }
  }

  async function run() {
    if (!chosen) return draw();
    const id = ++turn;
    running?.terminate();
    running = null;
    report = null;
    draw();
    stage(t("stage-read"));
    root.dataset.result = "running";
    let files;
    try {
      files = await Promise.all(chosen.map(async ({ path, file, data }) => ({ path, data: data ?? new Uint8Array(await file.arrayBuffer()) })));
    } catch {
      return finish(id, { result: "unchecked", why: "unreadable" });
    }
    if (id !== turn) return;
    running = worker();
    running.onmessage = ({ data }) => {
      if (data.id !== turn) return;
      if (data.report) finish(data.id, data.report);
      else stage(t(`stage-${data.stage}`, { done: number(data.done), total: number(data.total) }), data.done, data.total);
    };
    running.onerror = (fault) => finish(id, { result: "unchecked", why: "broken", detail: fault.message ?? "" });
    running.postMessage({ id, files, trust });
  }

  function finish(id, found) {
    if (id !== turn) return;
    running?.terminate();
    running = null;
    stage("");
    report = found;
    draw();
    find("result").querySelector("h2, h3")?.focus();
  }

  const take = (list) => {
    chosen = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
    if (!chosen.length) chosen = null;
    run();
  };
  find("file").addEventListener("change", (event) => take(event.target.files));
  find("folder").addEventListener("change", (event) => take(event.target.files));
  find("trust-file").addEventListener("change", async ({ target }) => {
    trust = target.files.length ? new Uint8Array(await target.files[0].arrayBuffer()) : null;
    find("trust-text").value = "";
    run();
  });
  find("trust-text").addEventListener("change", ({ target }) => {
    const text = target.value.trim();
    trust = text ? new TextEncoder().encode(text) : null;
    find("trust-file").value = "";
    run();
  });
  const drop = find("drop");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("checker-over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files);
    });
  }
  document.querySelectorAll("[data-lang]").forEach((one) => {
    one.addEventListener("click", () => {
      lang = one.dataset.lang;
      draw();
    });
  });
  root.hidden = false;
  draw();
}
