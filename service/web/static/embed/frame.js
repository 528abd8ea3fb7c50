// In the frame on a partner's page: tells the widget around it how tall the form is, and takes its colours.
//
// It speaks to one origin only, which the server found on the petition's list, and says nothing about what was typed. Without
// this file the form works, and the frame scrolls.

const main = document.querySelector("main[data-frame]");
const host = main.dataset.host;

// Colours are taken only where a person can read the button: a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3).
function parts(colour) {
  const found = /^rgb\((\d{1,3}), (\d{1,3}), (\d{1,3})\)$/.exec(colour);
  return found ? found.slice(1).map(Number) : null;
}

function light(rgb) {
  const [r, g, b] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function take(look) {
  if (typeof look !== "object" || look === null || look.libertas !== 1 || look.type !== "look") return;
  const accent = typeof look.accent === "string" && parts(look.accent);
  const on = typeof look.on === "string" && parts(look.on);
  if (!accent || !on) return;
  const [low, high] = [light(accent), light(on)].sort((a, b) => a - b);
  if ((high + 0.05) / (low + 0.05) < 4.5) return;
  document.documentElement.style.setProperty("--act", look.accent);
  document.documentElement.style.setProperty("--on-act", look.on);
}

if (host && parent !== window) {
  const tell = (type) => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    parent.postMessage({ libertas: 1, type, state: main.dataset.frame, height }, host);
  };
  addEventListener("message", (event) => {
    if (event.source === parent && event.origin === host) take(event.data);
  });
  new ResizeObserver(() => tell("height")).observe(document.documentElement);
  tell("ready");
  // Whoever listens to a page hears what happened to the form; without this the frame would change in silence.
  if (main.dataset.frame === "sent") document.querySelector("h1").focus();
}
