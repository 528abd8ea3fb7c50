// Passkeys at the desk: asks our server for a challenge, the browser for an answer, and brings it back. Nothing else needs script.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function send(path, body, token) {
  const headers = { "content-type": "application/json" };
  if (token) headers["x-desk-token"] = token;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status, code: said.code });
  return said;
}

async function get(asked) {
  const allowCredentials = (asked.allowCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = await navigator.credentials.get({
    publicKey: { ...asked, challenge: bytes(asked.challenge), allowCredentials },
  });
  return {
    id: made.id, rawId: text(made.rawId), type: made.type,
    clientExtensionResults: made.getClientExtensionResults(),
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      authenticatorData: text(made.response.authenticatorData),
      signature: text(made.response.signature),
      userHandle: made.response.userHandle ? text(made.response.userHandle) : null,
    },
  };
}

async function create(asked) {
  const excludeCredentials = (asked.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = await navigator.credentials.create({
    publicKey: {
      ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) }, excludeCredentials,
    },
  });
  return {
    id: made.id, rawId: text(made.rawId), type: made.type,
    clientExtensionResults: made.getClientExtensionResults(),
    response: {
      clientDataJSON: text(made.response.clientDataJSON),
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    },
  };
}

async function touch(form) {
  const asked = await send(form.dataset.ask, {}, form.dataset.token);
  return send(form.dataset.answer, { answer: await get(asked) }, form.dataset.token);
}

async function add(form) {
  let token = form.dataset.token;
  if (form.dataset.fresh) {
    // Another passkey needs a touch of one that is there.
    const asked = await send("/desk/fresh/challenge", {}, token);
    token = (await send("/desk/fresh", { answer: await get(asked) }, token)).token;
    form.dataset.token = token;
    for (const field of document.querySelectorAll("input[name=token]")) field.value = token;
  }
  const asked = await send(form.dataset.ask, {}, token);
  return send(form.dataset.answer, { answer: await create(asked), label: form.elements.label.value }, token);
}

function why(error, status) {
  if (error.code === "too-many" || error.status === 503) return status.dataset.later;
  if (error.code === "cross-origin" || error.status === 404) return status.dataset.stale;
  if (error.status) return status.dataset.refused;
  return status.dataset.failed;
}

for (const form of document.querySelectorAll("form.passkey")) {
  const status = form.querySelector(".passkey-status");
  if (!window.PublicKeyCredential) {
    status.textContent = status.dataset.none;
    continue;
  }
  let is_busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (is_busy) return;
    is_busy = true;
    status.textContent = status.dataset.wait;
    try {
      const said = await (form.dataset.passkey === "create" ? add(form) : touch(form));
      if (form.dataset.then === "submit") {
        form.elements.token.value = said.token;
        form.submit();
      } else {
        location.assign(said.to);
      }
    } catch (error) {
      status.textContent = why(error, status);
    } finally {
      is_busy = false;
    }
  });
}
