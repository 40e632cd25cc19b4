"use strict";
// @ts-check
// What pages that a server gives do besides for those with a script: tell how far a search is, and show what it found when it has ended.

for (const p of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("p.running"))) {
  const events = new EventSource(p.dataset.events || "");
  events.addEventListener("progress", (e) => { p.textContent = e.data; });
  events.addEventListener("end", () => {
    events.close();
    location.reload();
  });
  events.addEventListener("error", () => { p.textContent = "raftcheck gives no answer: it may have ended."; });
}
