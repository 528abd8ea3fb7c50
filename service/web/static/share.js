// Adds a copy button beside the address to share. Without this file the address can still be marked and copied by hand.

const button = document.querySelector("button[data-copy]");
const field = button && document.getElementById(button.dataset.copy);

if (field && navigator.clipboard) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = button.dataset.done;
      document.getElementById("copy-status").textContent = button.dataset.done;
    } catch {
      field.select(); // not allowed: the address is marked, and the keyboard does the rest
    }
  });
}
