// Lets the sign button wait for the proof of work, so that nobody has to tick "I am not a robot".
//
// The form works without this file: it is then sent without a proof and takes the slow lane. Whatever goes wrong here
// (no network, an old browser, a proof that takes too long) ends the same way, never in a button that does nothing.

const PATIENCE = 20_000; // milliseconds; an old phone solves a challenge in a few seconds

const form = document.querySelector("form[data-sign]");
const widget = form?.querySelector("altcha-widget");
const button = form?.querySelector("button[type=submit]");
const status = form?.querySelector("[data-status]");
let sending = false;

function isReady() {
  return !widget?.getState || ["verified", "error"].includes(widget.getState());
}

function proven() {
  return new Promise((resolve) => {
    const give = setTimeout(resolve, PATIENCE);
    widget.addEventListener("statechange", () => {
      if (isReady()) {
        clearTimeout(give);
        // The widget fills its hidden field in the next turn.
        setTimeout(resolve, 50);
      }
    });
    if (widget.getState() !== "verifying") widget.verify();
  });
}

form?.addEventListener("submit", async (event) => {
  if (sending) {
    event.preventDefault(); // the second half of a double click
    return;
  }
  sending = true;
  button.setAttribute("aria-disabled", "true");
  if (isReady()) return;
  event.preventDefault();
  status.textContent = button.dataset.busy;
  await proven();
  form.submit();
});

// Back from the next page: the form can be sent again.
addEventListener("pageshow", (event) => {
  if (!form || !event.persisted) return;
  sending = false;
  button.removeAttribute("aria-disabled");
  status.textContent = "";
});

// A form that came back: begin where the faults are listed.
document.getElementById("summary")?.focus();
