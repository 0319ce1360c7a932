// What the page does once it is open: it unpacks the report, draws its timelines with
// uPlot, and keeps all charts at the same time. Every number that it shows is in the
// report's JSON; a count is shown as so many a second.
(() => {
  const hints = JSON.parse($("hints").textContent);

  // What there is to draw: by group the charts, and of each the lines of one thing.
  const share = (part, rest) => part.map((p, n) => (p + rest[n] > 0 ? p / (p + rest[n]) : null));
  const known = (times) => times.map((t) => (t > 0 ? t : null)); // 0: nothing ended
  const groups = [
    {
      key: "sources", title: "Sources", one: "source", charts: [
        { id: "failed", title: "Failed", about: "share of the requests that ended", unit: "share", lines: (s) => [{ values: share(s.failed, s.succeeded) }] },
        { id: "goodput", title: "Goodput", about: "successes a second; dashed: offered", unit: "rate", lines: (s) => [{ values: perSecond(s.succeeded) }, { values: perSecond(s.offered), what: "offered", dashed: true }] },
        { id: "latency", title: "Latency of successes", about: "p99; dashed: p50", unit: "seconds", lines: (s) => [{ values: known(s.p99_s), what: "p99" }, { values: known(s.p50_s), what: "p50", dashed: true }] },
      ],
    },
    {
      key: "services", title: "Services", one: "service", charts: [
        { id: "held", title: "Threads held", about: "share of the threads", unit: "share", whole: true, never: "thread pools to fill", lines: (s, name) => [{ values: hints.unlimited.includes(name) ? null : s.saturation }] },
        { id: "waiting", title: "Waiting room", about: "attempts that wait for a thread", unit: "count", never: "attempts waiting for a thread", lines: (s) => [{ values: s.queue }] },
        { id: "errors", title: "Errors", about: "a second, whatever turned them away", unit: "rate", never: "errors", lines: (s) => [{ values: perSecond(s.errors) }] },
        { id: "p99", title: "Latency", about: "p99, from arrival to the answer", unit: "seconds", lines: (s) => [{ values: known(s.p99_s) }] },
        { id: "hand", title: "In hand", about: "attempts in threads, waiting or suspended", unit: "count", lines: (s) => [{ values: s.in_hand }] },
        { id: "arrived", title: "Arrived", about: "attempts a second", unit: "rate", lines: (s) => [{ values: perSecond(s.arrived) }] },
      ],
    },
    {
      key: "edges", title: "Calls", one: "call", charts: [
        { id: "attempts", title: "Attempts", about: "a second", unit: "rate", lines: (s) => [{ values: perSecond(s.attempts) }] },
        { id: "lost", title: "Failed attempts", about: "a second", unit: "rate", never: "failed attempts", lines: (s) => [{ values: perSecond(s.failed) }] },
        { id: "retries", title: "Retries", about: "a second", unit: "rate", never: "retries", lines: (s) => [{ values: perSecond(s.retries) }] },
        { id: "open", title: "Breakers open", about: "share of the caller's instances", unit: "share", whole: true, never: "open breakers", lines: (s) => [{ values: s.open }] },
      ],
    },
    {
      key: "queues", title: "Queues", one: "queue", charts: [
        { id: "depth", title: "Depth", about: "messages that wait", unit: "count", never: "messages waiting", lines: (s) => [{ values: s.depth }] },
        { id: "age", title: "Oldest message", about: "how long it has waited", unit: "seconds", never: "messages waiting", lines: (s) => [{ values: s.age_s }] },
        { id: "flow", title: "Done", about: "messages a second; dashed: published", unit: "rate", lines: (s) => [{ values: perSecond(s.acknowledged) }, { values: perSecond(s.published), what: "published", dashed: true }] },
      ],
    },
  ];

  let report, starts, point, end, lengths, middles, faults;
  let runs = []; // {seed, timeline}: the one that the page tells of and those that are drawn over it, by seed
  let current = 0; // the run that is drawn in full
  let others = true; // the other runs are there behind it
  const perSecond = (counts) => counts.map((c, n) => c / lengths[n]);

  function take(json, overlay) {
    report = json;
    const told = { seed: report.scenario.seed, timeline: report.timeline };
    runs = [told, ...overlay].sort((a, b) => a.seed - b.seed);
    current = runs.indexOf(told);
    starts = report.timeline.t_s;
    point = starts.length > 1 ? starts[1] - starts[0] : Math.max(hints.end_s, report.scenario.interval_s);
    end = hints.end_s || (report.complete ? report.scenario.duration_s : starts.length * point);
    lengths = starts.map((t) => Math.min(point, end - t) || point);
    middles = starts.map((t, n) => t + lengths[n] / 2);
    faults = [];
    for (const f of report.faults) {
      let from = f.from_s;
      for (let n = 0; n < 500 && from < end; n++) {
        faults.push({ name: f.name, from, to: Math.min(from + f.to_s - f.from_s, end) });
        if (!(f.every_s > 0)) break;
        from += f.every_s;
      }
    }
  }

  // All charts show the same time.
  const charts = new Set(); // what is drawn: {plot, spec, lines}
  const view = { min: 0, max: 1 };
  let active = null; // the chart under the mouse or with the keyboard
  const sync = uPlot.sync("time");

  function setView(min, max) {
    const least = Math.min(2 * point, end);
    if (min == null || max - min >= end * 0.999) [min, max] = [0, end];
    else {
      if (max - min < least) { const middle = (min + max) / 2; min = middle - least / 2; max = middle + least / 2; }
      if (min < 0) { max -= min; min = 0; }
      if (max > end) { min = Math.max(min - (max - end), 0); max = end; }
    }
    view.min = min; view.max = max;
    $("whole").hidden = min === 0 && max === end;
    for (const c of charts) c.plot.setScale("x", { min, max });
  }

  // behind draws the warm-up and the faults behind the lines.
  function behind(u) {
    const { ctx } = u, { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath(); ctx.rect(left, top, width, height); ctx.clip();
    const band = (from, to, colour) => {
      const a = u.valToPos(from, "x", true), z = u.valToPos(to, "x", true);
      ctx.fillStyle = colour;
      ctx.fillRect(a, top, Math.max(z - a, 1), height);
      return a;
    };
    if (report.scenario.warmup_s > 0) band(0, Math.min(report.scenario.warmup_s, end), tone("--warmup"));
    for (const f of faults) {
      const a = band(f.from, f.to, tone("--fault"));
      ctx.fillStyle = tone("--fault-edge");
      ctx.fillRect(a, top, uPlot.pxRatio, height);
    }
    ctx.restore();
  }

  // common is what all charts have: the axis of time, the shared line under the mouse,
  // and zooming by a drag.
  const common = () => ({
    ms: 1,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    focus: { alpha: 0.28 },
    cursor: {
      y: false,
      points: { size: 7, width: 2 },
      focus: { prox: 18 },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => () => { setView(); return null; } },
      sync: { key: sync.key, setSeries: false, scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave", sub: () => true } },
    },
  });
  // pointOf is where the mouse's time meets a line.
  function pointOf() {
    const p = document.createElement("div");
    Object.assign(p.style, { width: "7px", height: "7px", marginLeft: "-3.5px", marginTop: "-3.5px", borderWidth: "2px" });
    return p;
  }
  const timeAxis = () => axisOf({ values: (u, all) => all.map(clock), space: 70, size: 30, gap: 4, incrs: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800] });
  const zoomed = (u) => {
    if (u.select.width > 4) setView(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
    u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  };

  // reading says what there is at a point: at most so many lines, those nearest to the
  // mouse, the largest first.
  const maxRead = 8;
  function reading(c, n, top) {
    const rows = [];
    c.lines.forEach((line) => {
      const v = line.values[n];
      if (v != null) rows.push({ line, v, off: Math.abs(c.plot.valToPos(v, "y") - top) });
    });
    rows.sort((a, b) => a.off - b.off);
    const more = rows.length - maxRead;
    const near = rows[0];
    const shown = rows.slice(0, maxRead).sort((a, b) => b.v - a.v);
    return { shown, near, more, faults: faultsIn(n) };
  }
  const faultsIn = (n) => [...new Set(faults.filter((f) => f.from < starts[n] + lengths[n] && (f.to > starts[n] || f.from === f.to && f.from >= starts[n])).map((f) => f.name))];
  const spell = (n) => clock(starts[n]) + " – " + clock(starts[n] + lengths[n]);
  const nameOf = (line) => (line.what ? line.name + " " + line.what : line.name);

  function showReading(c) {
    const n = c.plot.cursor.idx, { left, top } = c.plot.cursor;
    if (c !== active || n == null || left < 0) { c.read.hidden = true; return; }
    c.fill(n, top);
    c.read.hidden = false;
    const over = c.plot.over, x = over.offsetLeft + left, wide = c.read.offsetWidth;
    c.read.style.left = (left > over.clientWidth / 2 ? Math.max(x - wide - 14, 0) : Math.min(x + 14, c.host.clientWidth - wide)) + "px";
    c.read.style.top = "6px";
  }

  function fillLines(c, n, top) {
    const r = reading(c, n, top);
    const body = make("tbody");
    for (const row of r.shown) body.append(make("tr", { class: row === r.near ? "near" : null }, make("td", null, swatch(row.line.colour, row.line.dashed)), make("td", null, nameOf(row.line)), make("td", { "data-line": nameOf(row.line) }, write[c.spec.unit](row.v)), spreadOf(c, row, n)));
    const ghost = c.ghosts[c.focused - 1]; // a line of another run is what the mouse is on
    if (ghost && ghost.values[n] != null) body.append(make("tr", { class: "near" }, make("td", null, swatch(ghost.colour)), make("td", null, nameOf(ghost) + ", seed " + ghost.seed), make("td", null, write[c.spec.unit](ghost.values[n]))));
    c.read.replaceChildren(make("b", null, spell(n)), ...r.faults.map((f) => make("i", null, "⚡ " + f)), make("table", null, body), r.more > 0 ? make("b", null, r.more + " more") : "");
  }

  // spreadOf is from where to where a line's value goes over all runs.
  function spreadOf(c, row, n) {
    if (!c.ghosts.length) return null;
    let low = row.v, high = row.v;
    for (const g of c.ghosts) {
      if (g.name !== row.line.name || g.what !== row.line.what || g.values[n] == null) continue;
      low = Math.min(low, g.values[n]); high = Math.max(high, g.values[n]);
    }
    return make("td", { class: "spread" }, write[c.spec.unit](low) + " – " + write[c.spec.unit](high));
  }

  // speak tells a screen reader what the line stands at.
  const voice = make("p", { class: "skip", "aria-live": "polite", id: "voice" });
  const speak = (c) => { voice.textContent = [...c.read.querySelectorAll("b, i, tr")].map((e) => e.textContent.trim()).join(", "); };

  // keys move the line and zoom.
  function keys(c) {
    return (e) => {
      const u = c.plot, wide = view.max - view.min;
      const at = (n) => {
        const x = Math.max(0, Math.min(n, middles.length - 1));
        if (middles[x] < view.min) setView(middles[x] - wide / 10, middles[x] - wide / 10 + wide);
        if (middles[x] > view.max) setView(middles[x] + wide / 10 - wide, middles[x] + wide / 10);
        active = c;
        u.setCursor({ left: u.valToPos(middles[x], "x"), top: u.over.clientHeight / 2 });
        speak(c);
      };
      const visible = () => middles.findIndex((m) => m >= view.min);
      const n = u.cursor.idx != null && u.cursor.left >= 0 ? u.cursor.idx : visible() - 1;
      const middle = n >= 0 ? middles[n] : (view.min + view.max) / 2;
      const act = {
        ArrowRight: () => at(n + (e.shiftKey ? 10 : 1)), ArrowLeft: () => at(n - (e.shiftKey ? 10 : 1)),
        Home: () => at(0), End: () => at(middles.length - 1),
        "+": () => setView(middle - wide / 4, middle + wide / 4), "-": () => setView(middle - wide, middle + wide),
        0: () => setView(), Escape: () => setView(),
      }[e.key === "=" ? "+" : e.key];
      if (act && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); act(); }
    };
  }

  // attach makes a chart out of uPlot's options, and lets hand, mouse and keys at it.
  function attach(c, options, columns) {
    options.hooks = {
      drawClear: [behind],
      setSelect: [zoomed],
      setCursor: [() => showReading(c)],
      ...options.hooks,
    };
    options.width = Math.max(c.host.clientWidth, 120);
    c.plot = new uPlot(options, columns, c.host);
    c.host.append(c.read);
    c.plot.over.addEventListener("mouseenter", () => { active = c; });
    c.plot.over.addEventListener("mouseleave", () => { c.read.hidden = true; });
    const touched = (e) => {
      if (e.pointerType !== "touch") return;
      const box = c.plot.over.getBoundingClientRect();
      active = c;
      c.plot.setCursor({ left: e.clientX - box.left, top: e.clientY - box.top });
    };
    c.plot.over.addEventListener("pointerdown", touched);
    c.plot.over.addEventListener("pointermove", touched);
    charts.add(c);
  }

  const widths = new ResizeObserver((all) => {
    for (const e of all) {
      const c = e.target.chart;
      if (c && c.plot && Math.abs(c.plot.width - e.contentRect.width) >= 1 && e.contentRect.width > 0) c.plot.setSize({ width: e.contentRect.width, height: c.plot.height });
    }
  });
  // A chart is drawn when it comes near the window, and at once for a printer.
  const pending = new Set();
  const seen = new IntersectionObserver((all) => { for (const e of all) if (e.isIntersecting) drawNow(e.target.chart); }, { rootMargin: "400px 0px" });
  function drawNow(c) {
    if (!pending.delete(c)) return;
    seen.unobserve(c.host);
    c.draw();
    if (c.plot) widths.observe(c.host);
  }
  function later(c) {
    c.host.chart = c;
    pending.add(c);
    seen.observe(c.host);
  }
  function forget(c) {
    pending.delete(c); charts.delete(c);
    seen.unobserve(c.host); widths.unobserve(c.host);
    if (c.plot) { c.plot.destroy(); c.plot = null; }
    c.host.replaceChildren();
  }

  const plotHeight = 210;

  // lineChart is a chart of some lines over time.
  function lineChart(group, spec) {
    const c = { spec, lines: [], ghosts: [], log: false };
    c.host = make("div", { class: "plot", tabindex: 0, role: "group", "aria-roledescription": "chart", "data-chart": group.key + "." + spec.id });
    c.host.style.minHeight = plotHeight + "px";
    c.read = make("div", { class: "read", hidden: true });
    c.fill = (n, top) => fillLines(c, n, top);
    c.host.addEventListener("keydown", (e) => c.plot && keys(c)(e));
    const caption = make("figcaption", null, make("h4", null, spec.title), make("span", null, spec.about));
    if (spec.unit === "seconds" || spec.unit === "count") {
      const b = make("button", { type: "button", "aria-pressed": "false", "aria-label": spec.title + ": logarithmic scale", onclick: () => { c.log = !c.log; b.setAttribute("aria-pressed", c.log); b.textContent = c.log ? "linear" : "log"; c.set(c.lines, c.ghosts); } }, "log");
      caption.append(b);
    }
    const numbers = make("details", null, make("summary", null, "Numbers"));
    numbers.addEventListener("toggle", () => { if (numbers.open) c.tabulate(); });
    c.tabulate = () => { numbers.replaceChildren(numbers.firstChild, table(c)); };
    c.figure = make("figure", { class: "chart" }, caption, c.host, numbers);
    c.set = (lines, ghosts) => {
      forget(c);
      c.lines = lines; c.ghosts = ghosts; c.focused = 0;
      c.host.setAttribute("aria-label", spec.title + ", " + spec.about + "; " + (lines.length ? lines.map(nameOf).join(", ") : "no line") + "; the numbers are in the table below");
      if (numbers.open) c.tabulate();
      later(c);
    };
    c.draw = () => {
      if (!c.lines.length) { c.host.append(make("p", { class: "empty" }, "No line is chosen.")); return; }
      const options = common();
      options.height = plotHeight;
      let most = 0;
      for (const l of [...c.ghosts, ...c.lines]) for (const v of l.values) if (v > most) most = v;
      const log = c.log && most > 0;
      options.scales = {
        x: { time: false, min: view.min, max: view.max, range: () => [view.min, view.max] },
        y: log ? { distr: 3 } : { range: (u, low, high) => [0, spec.whole ? 1.03 : spec.unit === "share" ? Math.min(Math.max(high * 1.08, 0.01), 1.03) : Math.max(high * 1.08, spec.unit === "seconds" ? 1e-6 : 0.1)] },
      };
      options.axes = [timeAxis(), axisOf({ values: (u, all) => all.map((v) => (v == null ? "" : write[spec.unit](v))), size: 58, gap: 4, space: 34 })];
      options.series = [{}, ...c.ghosts.map((l) => ({ label: nameOf(l), stroke: () => tone("--s" + (l.colour % 10)), width: 0.8, alpha: 0.34, points: { show: false }, spanGaps: false })), ...c.lines.map((l) => ({
        label: nameOf(l), stroke: () => tone("--s" + (l.colour % 10)), width: l.dashed ? 1.3 : 1.7, dash: l.dashed ? [5, 4] : undefined, points: { show: l.values.length < 3 }, spanGaps: false,
      }))];
      const values = (l) => (log ? l.values.map((v) => (v > 0 ? v : null)) : l.values);
      if (c.lines.length > 12) options.cursor.points = { show: false };
      else options.cursor.points.show = (u, k) => (k > c.ghosts.length ? pointOf() : null);
      options.hooks = { setSeries: [(u, k) => { c.focused = k || 0; }] };
      attach(c, options, [middles, ...c.ghosts.map(values), ...c.lines.map(values)]);
    };
    return c;
  }

  // table is what a chart shows, as numbers; with many points those that are in view.
  const maxRows = 400;
  function table(c) {
    const at = middles.map((m, n) => n).filter((n) => middles[n] >= view.min && middles[n] <= view.max);
    const body = make("tbody");
    for (const n of at.slice(0, maxRows)) body.append(make("tr", null, make("th", { scope: "row" }, spell(n)), ...c.lines.map((l) => make("td", null, l.values[n] == null ? "–" : write[c.spec.unit](l.values[n])))));
    const t = make("table", null, make("thead", null, make("tr", null, make("th", { scope: "col" }, "time"), ...c.lines.map((l) => make("th", { scope: "col" }, nameOf(l))))), body);
    return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": c.spec.title + " as numbers" }, t, at.length > maxRows ? make("p", null, "The first " + maxRows + " of " + at.length + " points; look closer for the others.") : null);
  }

  // groupOf is the charts of all sources, services, calls or queues, with what chooses
  // the lines.
  const chosen = {}; // by group: the names whose lines are shown
  function groupOf(g) {
    const names = Object.keys(report.timeline[g.key]);
    if (!names.length || !starts.length) return null;
    const first = (hints.first[g.key] || names.slice(0, 6)).filter((n) => names.includes(n));
    const colours = new Map([...first, ...names.filter((n) => !first.includes(n))].map((n, i) => [n, i]));
    const shown = chosen[g.key] ||= new Set(first);
    const cache = new Map();
    const linesOf = (spec, name, run = runs[current]) => {
      const key = spec.id + " " + run.seed + " " + name, of = run.timeline[g.key][name];
      if (!cache.has(key)) cache.set(key, of ? spec.lines(of, name).filter((l) => l.values).map((l) => ({ ...l, name, seed: run.seed, colour: colours.get(name) })) : []);
      return cache.get(key);
    };
    // Of the other runs the full lines alone: with the dashed ones nobody sees anything.
    const ghostsOf = (spec, name) => (others ? runs.flatMap((run, k) => (k === current ? [] : linesOf(spec, name, run).filter((l) => !l.dashed))) : []);
    const never = [];
    const all = g.charts.filter((spec) => {
      const some = names.some((n) => runs.some((run) => linesOf(spec, n, run).some((l) => l.values.some((v) => v > 0))));
      if (!some && spec.never && !never.includes(spec.never)) never.push(spec.never);
      return some;
    }).map((spec) => lineChart(g, spec));
    const refresh = () => {
      const order = names.filter((n) => shown.has(n));
      for (const c of all) c.set(order.flatMap((n) => linesOf(c.spec, n)), order.flatMap((n) => ghostsOf(c.spec, n)));
      for (const chip of chips) chip.setAttribute("aria-pressed", shown.has(chip.dataset.name));
    };
    const choose = (some) => { shown.clear(); for (const n of some) shown.add(n); refresh(); };
    const chips = names.map((n) => make("button", {
      type: "button", class: "chip", "data-name": n, "aria-pressed": "false", title: n + " (double-click: this one alone)",
      onclick: () => { if (!shown.delete(n)) shown.add(n); refresh(); }, ondblclick: () => choose([n]),
    }, swatch(colours.get(n)), n));
    const preset = (text, some) => make("button", { type: "button", class: "plain", onclick: () => choose(some) }, text);
    const picker = make("div", { class: "picker", role: "group", "aria-label": "Which lines the charts of " + g.title.toLowerCase() + " show" });
    if (names.length > 1) {
      if (names.length > 12) {
        const input = make("input", { type: "search", placeholder: "Find a " + g.one, "aria-label": "Find a " + g.one });
        input.addEventListener("input", () => { const word = input.value.trim().toLowerCase(); for (const chip of chips) chip.hidden = !chip.dataset.name.toLowerCase().includes(word); });
        picker.append(input);
      }
      picker.append(...chips);
      if (first.length < names.length) picker.append(preset("Those that matter", first));
      picker.append(preset("All", names), preset("None", []));
    }
    const section = make("section", { class: "group", "aria-labelledby": "group-" + g.key },
      make("header", null, make("h3", { id: "group-" + g.key }, g.title), never.length ? make("span", { class: "note" }, "There were no " + never.join(", no ") + ".") : null),
      picker, make("div", { class: "grid" }, ...all.map((c) => c.figure)));
    refresh();
    return section;
  }

  // glance is the whole run in one picture: a row for each source, service and queue, red
  // where requests fail or a pool is full. Of a queue a few messages are hardly seen, and a
  // thousand, or the most there were, are seen in full.
  function glance() {
    const rows = [
      ...Object.entries(runs[current].timeline.sources).map(([name, s]) => ({ name, what: "failed", values: share(s.failed, s.succeeded), level: (v) => (v >= 0.1 ? 2 : v >= 0.01 ? 1 : 0) })),
      ...Object.entries(runs[current].timeline.services).filter(([name]) => !hints.unlimited.includes(name)).map(([name, s]) => ({ name, what: "held", values: s.saturation, queue: s.queue, level: (v, n) => (v >= 0.95 || s.queue[n] >= 1 ? 2 : v >= 0.7 ? 1 : 0) })),
      ...Object.entries(runs[current].timeline.queues).map(([name, s]) => { const most = Math.log1p(Math.max(1000, ...s.lag)); return { name, lag: s.lag, values: s.lag.map((v) => Math.log1p(v) / most), level: () => 0 }; }),
    ];
    const queues = rows.some((row) => row.lag);
    if (!rows.length || !starts.length) return null;
    const c = { spec: { title: "At a glance", about: "", unit: "share" }, lines: [], ghosts: [] };
    const high = rows.length > 24 ? 14 : rows.length > 12 ? 18 : 22;
    c.host = make("div", { class: "plot", tabindex: 0, role: "group", "aria-roledescription": "chart", "data-chart": "glance", "aria-label": "At a glance: for each source the share that failed, for each service the share of its threads that were held" + (queues ? ", for each queue how many messages are not done" : "") + ", over time; the charts below have the numbers" });
    c.host.style.minHeight = rows.length * high + 46 + "px";
    c.host.addEventListener("keydown", (e) => c.plot && keys(c)(e));
    c.read = make("div", { class: "read", hidden: true });
    c.fill = (n, top) => {
      const row = rows[Math.max(0, Math.min(rows.length - 1, Math.floor(top / (c.plot.over.clientHeight / rows.length))))];
      const v = row.values[n], body = make("tbody", null, make("tr", { class: "near" }, make("td", null), make("td", null, row.name), make("td", { "data-line": row.name }, row.lag ? write.count(row.lag[n]) + " not done" : v == null ? "–" : write.share(v) + " " + row.what)));
      if (row.queue) body.append(make("tr", null, make("td", null), make("td", null, "waiting"), make("td", null, write.count(row.queue[n]))));
      c.read.replaceChildren(make("b", null, spell(n)), ...faultsIn(n).map((f) => make("i", null, "⚡ " + f)), make("table", null, body));
    };
    const paint = (u) => {
      const { ctx } = u, { left, top, width, height } = u.bbox, each = height / rows.length, gap = uPlot.pxRatio * (high > 14 ? 3 : 1.5);
      ctx.save();
      ctx.beginPath(); ctx.rect(left, top, width, height); ctx.clip();
      rows.forEach((row, r) => {
        const y = top + r * each;
        ctx.globalAlpha = 0.55; ctx.fillStyle = tone("--faint"); ctx.fillRect(left, y + gap / 2, width, each - gap);
        row.values.forEach((v, n) => {
          if (v == null || starts[n] > view.max || starts[n] + lengths[n] < view.min) return;
          const a = u.valToPos(starts[n], "x", true), z = u.valToPos(starts[n] + lengths[n], "x", true), level = row.level(v, n);
          ctx.globalAlpha = level === 2 ? 0.9 : level === 1 ? 0.75 : Math.min(v, 1) * 0.75;
          ctx.fillStyle = tone(row.lag ? "--publishing" : level === 2 ? "--waiting" : level === 1 ? "--backoff" : "--working");
          if (v > 0 || level) ctx.fillRect(a, y + gap / 2, z - a + 0.5, each - gap);
        });
      });
      ctx.globalAlpha = 1;
      ctx.restore();
    };
    const marks = (u) => {
      const { ctx } = u, { top, height, left, width } = u.bbox;
      ctx.save();
      ctx.beginPath(); ctx.rect(left, 0, width, top + height); ctx.clip();
      ctx.fillStyle = tone("--fault-edge");
      ctx.font = 11 * uPlot.pxRatio + "px system-ui, sans-serif"; ctx.textBaseline = "bottom"; ctx.textAlign = "left";
      let free = -Infinity;
      for (const f of faults) {
        const a = u.valToPos(f.from, "x", true), z = u.valToPos(f.to, "x", true);
        ctx.fillRect(a, top - 4 * uPlot.pxRatio, Math.max(z - a, 2), 3 * uPlot.pxRatio);
        ctx.fillRect(a, top, uPlot.pxRatio, height); ctx.fillRect(z - uPlot.pxRatio, top, uPlot.pxRatio, height);
        const text = "⚡ " + f.name, wide = ctx.measureText(text).width;
        const x = Math.max(left, Math.min(a, left + width - wide));
        if (x > free && z >= left && a <= left + width) { ctx.fillStyle = tone("--warn"); ctx.fillText(text, x, top - 6 * uPlot.pxRatio); ctx.fillStyle = tone("--fault-edge"); free = x + wide + 8; }
      }
      ctx.restore();
    };
    c.draw = () => {
      const options = common(), narrow = c.host.clientWidth < 560;
      options.height = rows.length * high + 46;
      options.padding = [20, 20, 0, 0];
      options.focus = { alpha: 1 };
      options.cursor.points = { show: false };
      options.scales = { x: { time: false, range: () => [view.min, view.max] }, y: { range: [0, rows.length] } };
      const letters = narrow ? 13 : 24;
      options.axes = [timeAxis(), axisOf({
        grid: { show: false }, ticks: { show: false }, size: narrow ? 96 : 170, gap: 6,
        splits: () => rows.map((r, k) => rows.length - k - 0.5), filter: (u, all) => all,
        values: (u, all) => all.map((v) => { const n = rows[Math.round(rows.length - v - 0.5)].name; return n.length > letters ? n.slice(0, letters - 5) + "…" + n.slice(-4) : n; }),
      })];
      options.series = [{}, { show: true, stroke: "transparent", points: { show: false } }];
      options.hooks = { drawClear: [], draw: [paint, marks] };
      attach(c, options, [middles, middles.map(() => 0)]);
    };
    const key = make("ul", { class: "uses" }, ...[["working", "threads held"], ["backoff", "70% held, or 1% failed"], ["waiting", "full, somebody waits, or 10% failed"], ...(queues ? [["publishing", "messages not done"]] : [])].map(([k, text]) => make("li", { class: k }, text)));
    later(c);
    return make("figure", { class: "chart full" }, make("figcaption", null, make("h3", null, "At a glance"), make("span", null, "sources by the share of requests that failed, services by the share of their threads that were held" + (queues ? ", queues by how many messages are not done" : ""))), c.host, key);
  }

  // chooser says which of several runs is drawn in full.
  function chooser() {
    if (runs.length < 2) return null;
    const select = make("select", { id: "run", "aria-label": "The run that is drawn in full" }, ...runs.map((r, k) => make("option", { value: k }, "seed " + r.seed + (hints.end_s && r.seed === report.scenario.seed ? ", told above" : ""))));
    select.value = current;
    select.addEventListener("change", () => { current = Number(select.value); draw(); $("run").focus({ preventScroll: true }); });
    const box = make("input", { type: "checkbox", id: "others" });
    box.checked = others;
    box.addEventListener("change", () => { others = box.checked; draw(); $("others").focus({ preventScroll: true }); });
    return make("div", { class: "chooser" }, make("label", null, "In full: ", select), make("label", null, box, " the other " + (runs.length - 1) + " behind it, faint"));
  }

  function draw() {
    for (const c of [...charts, ...pending]) forget(c);
    active = null;
    const at = [chooser(), make("div", { class: "group" }, glance() || ""), ...groups.map(groupOf)];
    if (report.timeline.coarsened > 1) at.push(make("p", { class: "note" }, "A point of the charts stands for " + report.timeline.coarsened + " intervals (" + clock(point) + ")."));
    $("drawn").replaceChildren(...at.filter(Boolean));
    root.dataset.drawn = "yes";
  }

  recolour = () => { for (const c of charts) c.plot.redraw(false); };
  $("whole").addEventListener("click", () => setView());

  // A map that is wider than the window can be seen whole, or in its size.
  const map = document.querySelector("svg.map");
  if (map) $("fit").hidden = map.clientWidth <= map.parentElement.clientWidth;
  if (map) $("fit").addEventListener("click", () => {
    const whole = map.classList.toggle("fit");
    $("fit").setAttribute("aria-pressed", whole);
    $("fit").textContent = whole ? "In its size" : "Whole map";
  });

  // On paper everything is light, and there.
  let before;
  addEventListener("beforeprint", () => {
    before = theme; setTheme("light");
    for (const c of [...pending]) drawNow(c);
  });
  addEventListener("afterprint", () => setTheme(before));

  // An instant of the story, shown in all charts.
  for (const b of document.querySelectorAll("button.when")) {
    b.addEventListener("click", () => {
      if (!report) return;
      const at = Number(b.dataset.at), n = Math.max(0, starts.findLastIndex((t) => t <= at));
      $("charts").scrollIntoView();
      setTimeout(() => {
        const c = [...charts][0];
        if (!c) return;
        if (middles[n] < view.min || middles[n] > view.max) setView();
        active = c;
        for (const each of charts) each.plot.setCursor({ left: each.plot.valToPos(middles[n], "x"), top: 1 }, each === c, false);
      }, 60);
    });
  }

  if (typeof DecompressionStream === "undefined") { sorry("This browser is too old to unpack the charts: all else on this page can be read."); return; }
  root.classList.add("alive");
  Promise.all([unpack($("packed").textContent), unpack($("overlay").textContent)]).then(([text, overlay]) => {
    if (!text) { root.dataset.drawn = "yes"; sorry("No run has left a timeline to draw."); return; }
    $("save").addEventListener("click", () => save(text, report.scenario.name));
    take(JSON.parse(text), JSON.parse(overlay) || []);
    document.body.append(voice);
    setView();
    draw();
  }).catch((e) => { sorry("The charts could not be drawn: " + e.message); throw e; });
})();
