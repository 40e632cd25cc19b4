"use strict";
// @ts-check
// What a page does for those with a script: steps to go through, the state after each, and what can be saved or copied.
// It reads the trace that the page holds and sends nothing.

/** Shows a value of JSON as people write it; pages without a script show the last state the same way.
 * @param {any} v @returns {string} */
function inWords(v) {
  if (v === null) return "none";
  if (Array.isArray(v)) {
    if (v.length === 0) return "none";
    const apart = v.some((x) => x !== null && typeof x === "object" && !Array.isArray(x)) ? "; " : " ";
    return v.map(inWords).join(apart);
  }
  if (typeof v === "object") return Object.entries(v).map(([k, x]) => k + " " + inWords(x)).join(", ");
  return String(v);
}

/** @param {string} name @param {string} type @param {string} text */
function save(name, type, text) {
  const a = document.createElement("a");
  a.href = URL.createObjectURL(new Blob([text], { type }));
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10000);
}

/** One execution of the page: its steps, and which one is selected. A step goes by its place in the execution: 0 is how the servers begin,
 * and what stands in the place k is record k of the trace. Its number may be another. */
class Execution {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.id = root.id.slice("execution-".length);
    this.text = (document.getElementById(root.dataset.trace || "") || root).textContent || "";
    this.guilty = Number(root.dataset.guilty);
    this.differs = Number(root.dataset.differs || 0);
    this.label = root.dataset.label || "";
    this.first = Number(root.dataset.from);
    this.last = Number(root.dataset.to);
    /** @type {any[]|null} */
    this.records = null;
    this.current = -1;
    this.playing = 0;
    this.chunks = /** @type {HTMLDetailsElement[]} */ (Array.from(root.querySelectorAll("details.chunk")));
    for (const c of this.chunks) c.addEventListener("toggle", () => this.ready(c));
    const bar = /** @type {HTMLElement} */ (root.querySelector(".controls"));
    bar.hidden = false;
    bar.addEventListener("click", (e) => {
      const b = /** @type {HTMLElement} */ (e.target).closest("button");
      if (b && b.dataset.do) this.act(b.dataset.do);
    });
    for (const [does, name] of [["matters", "only"], ["changes", "changed"]]) {
      const box = /** @type {HTMLInputElement} */ (bar.querySelector("[data-do=" + does + "]"));
      box.addEventListener("change", () => root.classList.toggle(name, box.checked));
    }
    root.addEventListener("click", (e) => {
      const row = /** @type {HTMLElement|null} */ (/** @type {HTMLElement} */ (e.target).closest("tr[data-at]"));
      if (row) this.select(Number(row.dataset.at), false);
    });
  }

  /** Makes what is in a chunk, if it is text so far. @param {HTMLDetailsElement} c */
  ready(c) {
    const folded = c.querySelector("noscript");
    if (!c.open || !folded) return;
    const made = document.createElement("div");
    made.innerHTML = folded.textContent || "";
    folded.replaceWith(made);
  }

  /** @param {number} at @returns {HTMLTableRowElement|null} */
  row(at) {
    const of = this.chunks.find((c) => Number(c.dataset.from) <= at && at <= Number(c.dataset.to));
    if (of && !of.open) {
      of.open = true;
      this.ready(of);
    }
    return /** @type {HTMLTableRowElement|null} */ (document.getElementById("s" + this.id + "-" + at));
  }

  /** What is recorded, parsed when it is first wanted. @returns {any[]} */
  read() {
    if (!this.records) this.records = this.text.trim().split("\n").slice(1).map((l) => JSON.parse(l));
    return this.records;
  }

  /** The trace as it was read. */
  original() {
    const own = document.getElementById("lines-" + this.id);
    return own && own.textContent || this.text;
  }

  /** The number of a step. @param {number} at @returns {number} */
  number(at) { return at > 0 ? this.read()[at - 1].n : 0; }

  /** The place of the step with a number; -1 if there is none. @param {number} number @returns {number} */
  place(number) {
    if (number === 0) return this.first;
    return this.read().findIndex((r) => r.n === number) + 1 || -1;
  }

  /** @param {string} what */
  act(what) {
    if (what !== "play") this.stop();
    switch (what) {
      case "first": return this.select(this.first, true);
      case "last": return this.select(this.last, true);
      case "next": return this.select(this.current < 0 ? this.first : Math.min(this.current + 1, this.last), true);
      case "back": return this.select(Math.max(this.current - 1, this.first), true);
      case "violation": return this.guilty > 0 ? this.select(this.guilty, true) : undefined;
      case "differs": return this.differs > 0 ? this.select(this.differs, true) : undefined;
      case "node": return this.ofNode(this.current > 0 ? this.read()[this.current - 1].server : "", Math.max(this.current, 0));
      case "play": return this.playing ? this.stop() : this.play();
      case "trace": return save((this.root.dataset.name || "trace") + ".trace", "application/x-ndjson", this.original().trim() + "\n");
      case "svg": return this.picture();
    }
  }

  /** To the next step of a server, or of any if none is named. @param {string} server @param {number} after */
  ofNode(server, after) {
    const at = this.read().findIndex((r, k) => k >= after && r.server && (!server || r.server === server)) + 1;
    if (at > 0 && at <= this.last) this.select(at, true);
  }

  play() {
    const b = this.root.querySelector("[data-do=play]");
    if (b) b.textContent = "stop";
    this.playing = window.setInterval(() => {
      if (this.current >= this.last) return this.stop();
      this.select(this.current < 0 ? this.first : this.current + 1, true);
    }, 1200);
  }

  stop() {
    window.clearInterval(this.playing);
    this.playing = 0;
    const b = this.root.querySelector("[data-do=play]");
    if (b) b.textContent = "play";
  }

  /** The execution that stands beside this one. @returns {Execution|undefined} */
  beside() { return executions.find((e) => e.root.id === this.root.dataset.beside); }

  /** Goes to a step, and what stands beside this goes along as far as it has steps. @param {number} at @param {boolean} scroll */
  select(at, scroll) {
    if (!this.row(at)) return;
    const other = this.beside();
    if (other) other.show(Math.max(Math.min(at, other.last), other.first), false);
    this.show(at, scroll);
    const place = (this.id === "1" ? "" : "trace=" + this.id + "&") + "step=" + this.number(at);
    try { history.replaceState(null, "", "#" + place); } catch { /* a page in a frame may not */ }
  }

  /** @param {number} at @param {boolean} scroll */
  show(at, scroll) {
    const row = this.row(at);
    if (!row) return;
    const old = this.root.querySelector("tr[aria-current]");
    if (old) old.removeAttribute("aria-current");
    row.setAttribute("aria-current", "step");
    this.current = at;
    const says = row.querySelector(".says");
    const status = document.getElementById("status-" + this.id);
    const breaks = at > 0 && at === this.guilty ? ". It breaks a rule." : "";
    if (status) status.textContent = this.label + "Step " + this.number(at) + " of " + this.number(this.last) + ": " + (says ? says.textContent : "") + breaks;
    if (scroll) row.scrollIntoView({ block: "nearest" });
    this.mark(row);
    this.state(at);
    this.underway(at);
  }

  /** Frames the row in the diagram. @param {HTMLTableRowElement} row */
  mark(row) {
    for (const r of this.root.querySelectorAll("rect.cur")) r.remove();
    const panes = row.closest(".panes");
    const svg = panes && panes.querySelector("svg.diagram");
    if (!svg || !row.parentElement) return;
    const tops = (svg.getAttribute("data-tops") || "").split(" ").map(Number);
    const k = Array.from(row.parentElement.children).indexOf(row);
    const r = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    r.setAttribute("class", "cur");
    r.setAttribute("x", "1");
    r.setAttribute("y", String(tops[k] + 1));
    r.setAttribute("width", String(Number(svg.getAttribute("width")) - 2));
    r.setAttribute("height", String(tops[k + 1] - tops[k] - 2));
    svg.append(r);
  }

  /** Shows what every server shows after a step, and what the step changed. @param {number} at */
  state(at) {
    const table = /** @type {HTMLTableElement|null} */ (document.getElementById("state-" + this.id));
    if (!table || !table.caption || !table.tHead) return;
    /** @type {Record<string, any>} */
    const now = {};
    /** @type {any} */
    let before = null;
    let who = "";
    this.read().forEach((r, k) => {
      if (r.server && r.pre && !now[r.server]) now[r.server] = r.pre;
      if (k >= at) return;
      if (k === at - 1) {
        who = r.server || "";
        before = r.pre || now[who] || null;
      }
      if (r.server && r.post) now[r.server] = r.post;
    });
    table.caption.textContent = (this.label ? this.label + "state" : "State") + " after step " + this.number(at);
    const servers = Array.from(table.tHead.rows[0].cells).slice(1).map((c) => c.textContent || "");
    const fields = Array.from(new Set(servers.flatMap((s) => Object.keys(now[s] || {}))));
    const body = document.createElement("tbody");
    for (const f of fields) {
      const tr = body.insertRow();
      const th = document.createElement("th");
      th.scope = "row";
      th.textContent = f;
      tr.append(th);
      for (const s of servers) {
        const td = tr.insertCell();
        const shown = now[s] && f in now[s] ? inWords(now[s][f]) : "·";
        td.textContent = shown;
        const was = s === who && before && f in before ? inWords(before[f]) : shown;
        if (was !== shown) {
          td.className = "new";
          const old = document.createElement("span");
          old.className = "was";
          old.textContent = "was " + was;
          td.append(old);
        }
      }
    }
    table.tBodies[0].replaceWith(body);
  }

  /** Lists the messages that are on their way after a step. @param {number} at */
  underway(at) {
    const list = document.getElementById("flight-" + this.id);
    if (!list || !list.previousElementSibling) return;
    let n = 0;
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("li"))) {
      const until = Number(item.dataset.until);
      item.hidden = Number(item.dataset.since) > at || until >= 0 && until <= at;
      if (!item.hidden) n++;
    }
    list.previousElementSibling.textContent = n + (n === 1 ? " message" : " messages") + " on the way after step " + this.number(at);
  }

  /** Saves the part of the diagram that is in sight as an image of its own. */
  picture() {
    const row = this.current < 0 ? null : this.row(this.current);
    const svg = (row && row.closest(".panes") || this.root).querySelector("svg.diagram");
    if (!svg) return;
    const copy = /** @type {Element} */ (svg.cloneNode(true));
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    for (const r of copy.querySelectorAll("rect.cur")) r.remove();
    const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = (document.querySelector("style") || style).textContent;
    const patterns = document.querySelector(".patterns defs");
    copy.prepend(style);
    if (patterns) copy.prepend(patterns.cloneNode(true));
    save((this.root.dataset.name || "trace") + ".svg", "image/svg+xml", new XMLSerializer().serializeToString(copy));
  }
}

const executions = Array.from(document.querySelectorAll(".execution"), (e) => new Execution(/** @type {HTMLElement} */ (e)));

/** The execution that keys are for: the one with the focus, or the first that is in sight. */
function addressed() {
  const at = document.activeElement;
  return executions.find((e) => at && e.root.contains(at)) ||
    executions.find((e) => e.root.getBoundingClientRect().bottom > 0) || executions[0];
}

/** @type {Record<string, string>} */
const keys = { ArrowRight: "next", j: "next", ArrowLeft: "back", k: "back", Home: "first", End: "last", " ": "play", v: "violation", d: "differs", n: "node" };

document.addEventListener("keydown", (e) => {
  const at = /** @type {HTMLElement} */ (e.target);
  if (e.ctrlKey || e.altKey || e.metaKey || executions.length === 0) return;
  const own = at.closest("button,summary,input,a");
  const scrolls = at.closest(".picture,.wide,pre");
  if (own && e.key === " " || scrolls && e.key.startsWith("Arrow")) return;
  const one = addressed();
  if (e.key === "?") {
    const help = /** @type {HTMLDetailsElement|null} */ (one.root.querySelector("details.keys"));
    if (help) help.open = !help.open;
    return;
  }
  const does = keys[e.key];
  if (!does) return;
  e.preventDefault();
  one.act(does);
});

for (const b of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button.copy"))) {
  b.hidden = false;
  b.addEventListener("click", async () => {
    const code = b.parentElement && b.parentElement.querySelector("code");
    if (!code) return;
    try {
      await navigator.clipboard.writeText(code.textContent || "");
      b.textContent = "copied";
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      const s = window.getSelection();
      if (s) { s.removeAllRanges(); s.addRange(range); }
      b.textContent = "selected";
    }
  });
}

/** Goes where the address says: #step=5&node=n3, or #trace=2&step=5. */
function goThere() {
  const want = new URLSearchParams(location.hash.slice(1));
  if (!want.has("step")) return;
  const one = executions[Number(want.get("trace") || 1) - 1];
  if (!one) return;
  const at = one.place(Number(want.get("step"))), node = want.get("node");
  if (at < 0) return;
  if (node && at > 0) one.ofNode(node, at - 1);
  else one.select(Math.max(at, one.first), true);
}
window.addEventListener("hashchange", goThere);
goThere();
