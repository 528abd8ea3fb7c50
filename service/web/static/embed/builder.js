// In the embed builder: a copy button beside each line, and a choice that shows at once. Without this file everything is there,
// the lines can be marked and copied by hand, and the button below the choices shows them.

for (const button of navigator.clipboard ? document.querySelectorAll("button[data-copy]") : []) {
  const line = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.value);
      button.textContent = button.dataset.done;
      document.getElementById("copy-status").textContent = button.dataset.done;
    } catch {
      line.select(); // not allowed: the line is marked, and the keyboard does the rest
    }
  });
}

// The preview is as tall as what it shows: it is a page of ours, so its height can be read.
const preview = document.querySelector("iframe.preview");
function fit() {
  const shown = preview?.contentDocument?.documentElement;
  if (!shown) return;
  const grow = () => (preview.style.blockSize = `${Math.max(160, Math.min(shown.offsetHeight, 2_000)) + 4}px`);
  new preview.contentWindow.ResizeObserver(grow).observe(shown);
  grow();
}
preview?.addEventListener("load", fit);
if (preview?.contentDocument?.readyState === "complete") fit();

const form = document.querySelector("form[data-builder]");
for (const choice of form?.querySelectorAll("select") ?? []) choice.addEventListener("change", () => form.requestSubmit());
