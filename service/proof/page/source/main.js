// One script, two lives: in the page it draws and starts a worker from its own text; in the worker it computes.
import { show } from "./page.js";
import { work } from "./worker.js";

export function start(source, words) {
  if (typeof document === "undefined") return work(globalThis);
  // From a file, a worker can only be made of what the page itself holds; "blob:" is all that the policy allows.
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  return show(document.getElementById("checker"), words, () => new Worker(address));
}
