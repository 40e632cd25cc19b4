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

/** Where the rows of a diagram begin, and where the last ends. @param {Element} svg @returns {number[]} */
function topsOf(svg) { return (svg.getAttribute("data-tops") || "").split(" ").map(Number); }

/** Lays a rectangle over a diagram. @param {Element} svg @param {string} name @param {number} x @param {number} y @param {number} width @param {number} height */
function cover(svg, name, x, y, width, height) {
  const r = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  r.setAttribute("class", name);
  for (const [k, v] of Object.entries({ x, y, width, height })) r.setAttribute(k, String(v));
  svg.append(r);
}

/** All that a row says. @param {Element} row */
function saysOf(row) { return Array.from(row.querySelectorAll(".says"), (e) => e.textContent).join(" "); }

/** Text without what Mermaid takes for syntax. @param {string} s */
function mermaidText(s) { return s.replace(/;/g, ",").replace(/#/g, "").replace(/</g, "(").replace(/>/g, ")").replace(/%%/g, "% %"); }

/** What a message is, as raftcheck show -o mermaid names it. @param {any} m @returns {string} */
function mermaidLabel(m) {
  const term = " term " + (m.term || 0);
  switch (m.kind) {
    case "RequestVote": return m.kind + term;
    case "RequestVoteReply": return (m.granted ? "vote" : "no vote") + term;
    case "AppendEntries": return m.kind + term + " prev " + (m.prevLogIndex || 0) + ", " + (m.entries || []).length + " entries";
    case "AppendEntriesReply": return m.success ? "match " + (m.matchIndex || 0) : "no match";
  }
  return m.kind + term;
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
    this.node = "";
    /** @type {string[]|null} */
    this.tests = null;
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
      box.addEventListener("change", () => {
        root.classList.toggle(name, box.checked);
        this.dim();
      });
    }
    this.speed = /** @type {HTMLSelectElement} */ (bar.querySelector("[data-do=speed]"));
    this.speed.addEventListener("change", () => this.playing && this.play());
    this.server = /** @type {HTMLSelectElement} */ (bar.querySelector("[data-do=server]"));
    this.server.addEventListener("change", () => this.follow(this.server.value));
    root.addEventListener("click", (e) => {
      const at = /** @type {HTMLElement} */ (e.target);
      const row = /** @type {HTMLElement|null} */ (at.closest("tr[data-at]"));
      if (row) this.select(Number(row.dataset.at), false);
      else if (at.closest("svg.diagram")) this.point(/** @type {Element} */ (at.closest("svg.diagram")), e.clientY);
    });
  }

  /** Selects the row of a diagram that is clicked. @param {Element} svg @param {number} y */
  point(svg, y) {
    const panes = svg.closest(".panes"), box = svg.getBoundingClientRect();
    const tops = topsOf(svg), down = (y - box.top) * Number(svg.getAttribute("height")) / box.height;
    const rows = panes ? panes.querySelectorAll("tr[data-at]") : [];
    const row = /** @type {HTMLElement|undefined} */ (rows[tops.findIndex((top, k) => k + 1 < tops.length && top <= down && down < tops[k + 1])]);
    if (row) this.select(Number(row.dataset.at), false);
  }

  /** Follows one server, or the one of each step if none is named. @param {string} server */
  follow(server) {
    this.server.value = server;
    this.node = this.server.value;
    if (this.current < 0) return this.select(this.first, true);
    this.select(this.current, false);
  }

  /** Makes what is in a chunk, if it is text so far. @param {HTMLDetailsElement} c */
  ready(c) {
    const folded = c.querySelector("noscript");
    if (!c.open || !folded) return;
    const made = document.createElement("div");
    made.innerHTML = folded.textContent || "";
    folded.replaceWith(made);
    this.dim();
  }

  /** Covers what does not matter in the diagrams, if only what matters is wanted. */
  dim() {
    for (const r of this.root.querySelectorAll("rect.off")) r.remove();
    if (!this.root.classList.contains("only")) return;
    for (const svg of this.root.querySelectorAll("svg.diagram")) {
      const panes = svg.closest(".panes"), tops = topsOf(svg);
      const rows = panes ? Array.from(panes.querySelectorAll("tr[data-at]")) : [];
      for (let from = 0; from < rows.length; from++) {
        let to = from;
        while (to < rows.length && !rows[to].matches(".cited,.guilty,.differs")) to++;
        if (to > from) cover(svg, "off", 0, tops[from], Number(svg.getAttribute("width")), tops[to] - tops[from]);
        from = to;
      }
    }
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
    if (!["play", "faster", "slower", "server", "matters", "changes"].includes(what)) this.stop();
    switch (what) {
      case "first": return this.select(this.first, true);
      case "last": return this.select(this.last, true);
      case "next": return this.select(this.current < 0 ? this.first : Math.min(this.current + 1, this.last), true);
      case "back": return this.select(Math.max(this.current - 1, this.first), true);
      case "violation": return this.guilty > 0 ? this.select(this.guilty, true) : undefined;
      case "differs": return this.differs > 0 ? this.select(this.differs, true) : undefined;
      case "node": return this.ofNode(this.node || (this.current > 0 ? this.read()[this.current - 1].server : ""), Math.max(this.current, 0));
      case "server": return this.follow(this.server.options[(this.server.selectedIndex + 1) % this.server.length].value);
      case "faster": return this.hurry(1);
      case "slower": return this.hurry(-1);
      case "matters":
      case "changes": return /** @type {HTMLElement} */ (this.root.querySelector("[data-do=" + what + "]")).click();
      case "play": return this.playing ? this.stop() : this.play();
      case "trace": return this.save("trace", "application/x-ndjson", this.original().trim() + "\n");
      case "json": return this.save("json", "application/json", this.json());
      case "text": return this.save("txt", "text/plain", this.story());
      case "mermaid": return this.save("mmd", "text/plain", this.mermaid());
      case "svg": return this.picture();
    }
  }

  /** To the next step of a server, or of any if none is named. @param {string} server @param {number} after */
  ofNode(server, after) {
    const at = this.read().findIndex((r, k) => k >= after && r.server && (!server || r.server === server)) + 1;
    if (at > 0 && at <= this.last) this.select(at, true);
  }

  /** Plays faster or slower. @param {number} by */
  hurry(by) {
    this.speed.selectedIndex = Math.min(Math.max(this.speed.selectedIndex + by, 0), this.speed.length - 1);
    if (this.playing) this.play();
  }

  play() {
    window.clearInterval(this.playing);
    const b = this.root.querySelector("[data-do=play]");
    if (b) b.textContent = "stop";
    this.playing = window.setInterval(() => {
      if (this.current >= this.last) return this.stop();
      this.select(this.current < 0 ? this.first : this.current + 1, true);
    }, Number(this.speed.value));
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
    const place = (this.id === "1" ? "" : "trace=" + this.id + "&") + "step=" + this.number(at) + (this.node && "&node=" + this.node);
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
    const says = saysOf(row);
    const status = document.getElementById("status-" + this.id);
    const breaks = at > 0 && at === this.guilty ? ". It breaks a rule." : "";
    if (status) status.textContent = this.label + "Step " + this.number(at) + " of " + this.number(this.last) + ": " + says + breaks;
    if (scroll) row.scrollIntoView({ block: "nearest" });
    this.mark(row);
    this.state(at);
    this.underway(at);
    this.rules(at);
  }

  /** Frames the row in the diagram, and the lane of the server that is followed. @param {HTMLTableRowElement} row */
  mark(row) {
    for (const r of this.root.querySelectorAll("rect.cur,rect.lane")) r.remove();
    const panes = row.closest(".panes");
    const svg = panes && panes.querySelector("svg.diagram");
    if (!svg || !row.parentElement) return;
    const tops = topsOf(svg), wide = Number(svg.getAttribute("width"));
    const k = Array.from(row.parentElement.children).indexOf(row);
    cover(svg, "cur", 1, tops[k] + 1, wide - 2, tops[k + 1] - tops[k] - 2);
    const lane = this.server.selectedIndex - 1, [left, width] = (svg.getAttribute("data-lanes") || "").split(" ").map(Number);
    if (lane >= 0) cover(svg, "lane", left + lane * width + 1, 4, width - 2, tops[tops.length - 1] - 6);
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
    const mine = (/** @type {string} */ s) => s === this.node ? "mine" : "";
    for (const th of table.tHead.rows[0].cells) th.className = mine(th.textContent || "");
    const body = document.createElement("tbody");
    for (const f of fields) {
      const tr = body.insertRow();
      const th = document.createElement("th");
      th.scope = "row";
      th.textContent = f;
      tr.append(th);
      for (const s of servers) {
        const td = tr.insertCell();
        td.className = mine(s);
        const shown = now[s] && f in now[s] ? inWords(now[s][f]) : "·";
        td.textContent = shown;
        const was = s === who && before && f in before ? inWords(before[f]) : shown;
        if (was !== shown) {
          td.className += " new";
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

  /** Lists the rules that a step puts to the test, and those that are broken by then. @param {number} at */
  rules(at) {
    const list = document.getElementById("rules-" + this.id);
    if (!list || !list.previousElementSibling) return;
    if (!this.tests) this.tests = (list.dataset.tests || "").split(" ");
    const from = Number(list.dataset.from), coded = (/** @type {string} */ s) => (s.match(/../g) || []).map((c) => parseInt(c, 36));
    const tested = new Set(coded(this.tests[at - from] || "")), held = new Set(coded((list.dataset.before || "") + this.tests.slice(0, at - from + 1).join("")));
    const items = /** @type {HTMLElement[]} */ (Array.from(list.children)), broken = new Set();
    for (const item of items) {
      if (item.dataset.broken && Number(item.dataset.broken) <= at) broken.add(Number(item.dataset.rule));
    }
    for (const item of items) {
      const rule = Number(item.dataset.rule);
      item.hidden = item.dataset.broken ? !broken.has(rule) : broken.has(rule) || !tested.has(rule);
    }
    for (const rule of broken) held.delete(rule);
    list.previousElementSibling.textContent = "Rules after step " + this.number(at) + ": " + (broken.size ? broken.size + " broken, " : "") + held.size + " held so far, " +
      (Number(list.dataset.of) - held.size - broken.size) + " not put to the test yet";
  }

  /** @param {string} ending @param {string} type @param {string} text */
  save(ending, type, text) { save((this.root.dataset.name || "trace") + "." + ending, type, text); }

  /** The trace as one document of JSON. */
  json() {
    const [header, ...records] = this.text.trim().split("\n");
    return '{"header":' + header + ',"records":[\n' + records.join(",\n") + "\n]}\n";
  }

  /** The execution as a terminal tells it. */
  story() {
    const pre = document.getElementById("text-" + this.id);
    return (pre && pre.textContent || "") + "\n";
  }

  /** The steps of the table, made or not: what they say, and what they break, by their places. */
  said() {
    /** @type {Map<number, {says: string, breaks: string[]}>} */
    const all = new Map();
    const take = (/** @type {ParentNode} */ of) => {
      for (const row of /** @type {NodeListOf<HTMLElement>} */ (of.querySelectorAll("tr[data-at]"))) {
        const breaks = Array.from(row.querySelectorAll(".breaks"), (b) => (b.textContent || "").slice("breaks ".length));
        const says = row.querySelector(".says");
        all.set(Number(row.dataset.at), { says: says && says.textContent || "", breaks });
      }
    };
    take(this.root);
    for (const folded of this.root.querySelectorAll("noscript")) take(new DOMParser().parseFromString(folded.textContent || "", "text/html"));
    return all;
  }

  /** A Mermaid sequence diagram of the steps in the table, as raftcheck show -o mermaid writes it. */
  mermaid() {
    const table = /** @type {HTMLTableElement|null} */ (document.getElementById("state-" + this.id)), steps = this.said();
    const servers = table && table.tHead ? Array.from(table.tHead.rows[0].cells).slice(1).map((c) => c.textContent || "") : [];
    const all = servers.length === 1 ? servers[0] : servers[0] + "," + servers[servers.length - 1];
    const out = ["sequenceDiagram", ...servers.map((s) => "    participant " + s)];
    const note = (/** @type {string} */ of, /** @type {string} */ says) => out.push("    Note over " + of + ": " + says);
    this.read().forEach((r, k) => {
      const step = steps.get(k + 1), m = r.message;
      if (!step) return;
      const guilty = k + 1 === this.guilty, own = r.server || "", says = mermaidText(step.says);
      if (guilty) out.push("    rect rgb(255, 225, 220)");
      if (!own && r.event === "drop" && m) out.push("    " + m.from + "--x" + m.to + ": " + mermaidLabel(m) + " (lost)");
      else if (!own) note(all, says);
      else {
        if (r.event === "deliver" && m && m.from !== m.to) out.push("    " + m.from + "->>" + own + ": " + mermaidLabel(m));
        note(own, r.n + ". " + says);
        const effects = r.effects || [];
        for (const n of r.lost || []) {
          const lost = effects[n] && effects[n].send;
          if (lost) out.push("    " + lost.from + "--x" + lost.to + ": " + mermaidLabel(lost) + " (lost)");
        }
      }
      if (guilty) {
        note(own || all, "✗ " + mermaidText(step.breaks[0] || ""));
        out.push("    end");
      }
    });
    return out.join("\n") + "\n";
  }

  /** Saves the part of the diagram that is in sight as an image of its own. */
  picture() {
    const row = this.current < 0 ? null : this.row(this.current);
    const svg = (row && row.closest(".panes") || this.root).querySelector("svg.diagram");
    if (!svg) return;
    const copy = /** @type {Element} */ (svg.cloneNode(true));
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    for (const r of copy.querySelectorAll("rect.cur,rect.lane,rect.off")) r.remove();
    const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
    style.textContent = (document.querySelector("style") || style).textContent;
    const patterns = document.querySelector(".patterns defs");
    copy.prepend(style);
    if (patterns) copy.prepend(patterns.cloneNode(true));
    this.save("svg", "image/svg+xml", new XMLSerializer().serializeToString(copy));
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
const keys = { ArrowRight: "next", j: "next", ArrowLeft: "back", k: "back", Home: "first", End: "last", " ": "play", v: "violation", d: "differs", n: "node", s: "server", m: "matters", c: "changes", "+": "faster", "-": "slower" };

document.addEventListener("keydown", (e) => {
  const at = /** @type {HTMLElement} */ (e.target);
  if (e.ctrlKey || e.altKey || e.metaKey || executions.length === 0) return;
  if (at.closest("select")) return;
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

// An order of operations is shown on the bars by numbers; those that it leaves out are faded.
for (const b of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button.order"))) {
  b.hidden = false;
  const bars = document.getElementById(b.dataset.spans || ""), order = (b.dataset.order || "").split(" ");
  if (!bars) continue;
  b.addEventListener("click", () => {
    const on = b.getAttribute("aria-pressed") !== "true";
    for (const other of document.querySelectorAll("button.order")) if (/** @type {HTMLElement} */ (other).dataset.spans === b.dataset.spans) other.setAttribute("aria-pressed", "false");
    b.setAttribute("aria-pressed", String(on));
    for (const g of /** @type {NodeListOf<SVGElement>} */ (bars.querySelectorAll("g[data-op]"))) {
      const at = order.indexOf(g.dataset.op || ""), label = g.querySelector(".or");
      if (label) label.textContent = on && at >= 0 ? String(at + 1) + "." : "";
      g.classList.toggle("left", on && at < 0);
    }
  });
}

// A click on a bar shows the first of the orders that the operation is in: the longest.
document.addEventListener("click", (e) => {
  const bar = /** @type {SVGElement|null} */ (/** @type {Element} */ (e.target).closest("g[data-op]")), bars = bar && bar.closest(".spans");
  if (!bar || !bars) return;
  const orders = /** @type {HTMLButtonElement[]} */ (Array.from(document.querySelectorAll("button.order")));
  const first = orders.find((b) => b.dataset.spans === bars.id && (b.dataset.order || "").split(" ").includes(bar.dataset.op || ""));
  if (first) first.click();
});

/** Goes where the address says: #step=5&node=n3, or #trace=2&step=5. */
function goThere() {
  const want = new URLSearchParams(location.hash.slice(1));
  if (!want.has("step")) return;
  const one = executions[Number(want.get("trace") || 1) - 1];
  if (!one) return;
  const at = one.place(Number(want.get("step"))), node = want.get("node");
  if (at < 0) return;
  one.server.value = node || "";
  one.node = one.server.value;
  one.select(Math.max(at, one.first), true);
}
window.addEventListener("hashchange", goThere);
goThere();
