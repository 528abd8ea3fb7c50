// What a hostile text became on one of our pages, read by the browser's own parser; and the forms and links of that page.
({
  look(html) {
    const doc = new DOMParser().parseFromString(html, "text/html");
    const bad = [];
    const plain = (text) => text.replace(/[\u0000-\u0020]/g, "").toLowerCase();
    for (const one of doc.querySelectorAll("*")) {
      const tag = one.tagName.toLowerCase();
      for (const { name, value } of one.attributes) {
        if (name.startsWith("on") || name === "style" || name === "srcdoc") bad.push(`${tag} ${name}`);
        if (["href", "src", "action", "formaction", "xlink:href", "data", "poster"].includes(name)) {
          if (/^(javascript|data|vbscript):|^\/\//.test(plain(value))) bad.push(`${tag} ${name}=${value}`);
          if (["script", "img", "iframe", "form", "link"].includes(tag) && !/^\/(?!\/)/.test(value) && !value.startsWith(location.origin))
            if (!(tag === "form" && value === "") && !(tag === "link" && one.rel !== "stylesheet")) bad.push(`${tag} ${name}=${value}`);
        }
      }
      if (tag === "script" && !one.src && one.type !== "application/ld+json") bad.push("script");
      if (["object", "embed", "base", "style", "math", "frame"].includes(tag)) bad.push(tag);
      if (tag === "meta" && one.httpEquiv === "refresh" && !/^\d+; url=\/[a-z]/.test(one.content)) bad.push(`refresh ${one.content}`);
    }
    const forms = [...doc.forms].filter((form) => form.method === "post" && !form.dataset.passkey).map((form) => ({
      action: form.getAttribute("action") || "",
      isUpload: form.enctype === "multipart/form-data",
      fields: [...form.elements].filter((one) => one.name && one.type !== "submit").map((one) => ({
        name: one.name, type: one.type, value: one.value, isTicked: one.checked === true,
        longest: one.maxLength > 0 ? one.maxLength : 0,
        options: one.options ? [...one.options].map((each) => each.value) : [],
      })),
      buttons: [...form.querySelectorAll("button[name]")].map((one) => [one.name, one.value]),
    }));
    const wrong = [...doc.querySelectorAll("[aria-invalid=true]")].map((one) => one.name);
    for (const one of doc.querySelectorAll(".summary a[href^='#']")) wrong.push(one.getAttribute("href").slice(1));
    return { bad, forms, wrong, links: [...doc.querySelectorAll("a[href^='/']")].map((one) => one.getAttribute("href")) };
  },
  async get(path) {
    const answer = await fetch(path);
    const kind = answer.headers.get("content-type") || "";
    const isPage = kind.startsWith("text/html");
    return { status: answer.status, isPage, at: new URL(answer.url).pathname, ...this.look(isPage ? await answer.text() : "") };
  },
  async post(path, fields, isUpload) {
    const body = isUpload ? new FormData() : new URLSearchParams();
    for (const [name, value] of fields) body.append(name, value);
    if (isUpload) body.append("file", new File([`%PDF-1.7 ${path}`], "r.pdf"));
    const answer = await fetch(path, { method: "POST", body });
    const kind = answer.headers.get("content-type") || "";
    const told = this.look(kind.startsWith("text/html") ? await answer.text() : "");
    return { status: answer.status, isSeen: answer.redirected, at: new URL(answer.url).pathname, ...told };
  },
})
