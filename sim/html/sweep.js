// What the page of a sweep does: where one value alone is varied it draws charts, and
// under the mouse a place on a map tells its setting and all its numbers, and shows on all
// other maps.
(() => {
  const hints = JSON.parse($("hints").textContent);
  const read = make("div", { class: "read", hidden: true, id: "read" });
  document.body.append(read);

  // show puts a reading beside a point of the window.
  function show(x, y, ...content) {
    read.replaceChildren(...content);
    read.hidden = false;
    const wide = read.offsetWidth, high = read.offsetHeight, room = root.clientWidth;
    read.style.left = Math.max(4, x + 16 + wide > room ? x - wide - 16 : x + 16) + "px";
    read.style.top = Math.max(4, Math.min(y + 16, innerHeight - high - 4)) + "px";
  }

  const places = new Map(); // by setting: its places on the maps
  for (const td of document.querySelectorAll("td[data-cell]")) {
    const all = places.get(td.dataset.cell) || [];
    all.push(td);
    places.set(td.dataset.cell, all);
  }
  let lit = [];
  function leave() {
    for (const td of lit) td.classList.remove("lit");
    lit = [];
    read.hidden = true;
  }
  function enter(td, x, y) {
    leave();
    lit = places.get(td.dataset.cell);
    const body = make("tbody");
    for (const other of lit) {
      other.classList.add("lit");
      body.append(make("tr", { class: other === td ? "near" : null }, make("td", null), make("td", null, other.closest("figure").querySelector("h3").textContent), make("td", null, other.textContent), make("td", { class: "spread" }, other.dataset.more || "")));
    }
    show(x, y, make("b", null, settingOf(td)), make("table", null, body));
  }
  // settingOf names a place's setting.
  function settingOf(td) {
    const t = td.closest("table"), row = td.parentElement.querySelector("th").textContent, axes = t.querySelectorAll("th.axis");
    const across = t.querySelectorAll("thead tr:last-child th:not(.axis)")[td.cellIndex - 1].textContent;
    const parts = [axes[0].textContent + "=" + across];
    if (row) parts.unshift(axes[1].textContent + "=" + row);
    const before = td.closest("figure").querySelector("figcaption span").textContent.split("; ")[1];
    if (before) parts.unshift(before);
    return parts.join(", ");
  }
  document.addEventListener("pointermove", (e) => {
    const td = e.target.closest ? e.target.closest("td[data-cell]") : null;
    if (td) enter(td, e.clientX, e.clientY); else if (lit.length) leave();
  });

  // Charts over the one axis: a mean, and the band of its interval.
  const charts = [];
  function chart(line, k) {
    const host = make("div", { class: "plot", tabindex: 0, role: "group", "aria-roledescription": "chart", "data-chart": "line" + k, "aria-label": line.name + ", " + line.what + ", over " + hints.path + "; the numbers are in the table below" });
    const figure = make("figure", { class: "chart" }, make("figcaption", null, make("h3", null, line.name), make("span", null, line.what + " (shaded: the 95% interval)")), host);
    $("drawn").append(figure);
    const tip = make("div", { class: "read", hidden: true });
    const stroke = () => tone("--s" + (k % 10));
    const whole = line.unit === "share";
    const plot = new uPlot({
      width: Math.max(host.clientWidth, 120), height: 240, ms: 1, legend: { show: false }, padding: [8, 20, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, width: 2 }, sync: { key: "sweep" } },
      scales: { x: { time: false, range: (u, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) }, y: { range: (u, low, high) => [Math.min(low, 0), whole ? Math.max(1.03, high * 1.03) : Math.max(high * 1.08, 1e-6)] } },
      axes: [axisOf({ splits: () => hints.X(), values: (u, all) => all.map((x) => hints.values[hints.x.indexOf(x)] ?? ""), size: 30, gap: 4 }), axisOf({ values: (u, all) => all.map((v) => (v == null ? "" : write[line.unit](v))), size: 58, gap: 4, space: 34 })],
      series: [{}, { stroke, width: 0.6, points: { show: false } }, { stroke, width: 0.6, points: { show: false } }, { stroke, width: 1.8, points: { show: true, size: 6 } }],
      bands: [{ series: [2, 1], fill: () => stroke() + "22" }],
      hooks: { setCursor: [(u) => {
        const n = u.cursor.idx;
        if (u.cursor.left < 0 || n == null || !host.matches(":hover, :focus")) { tip.hidden = true; return; }
        tip.replaceChildren(make("b", null, hints.path + "=" + hints.values[n]), make("span", { "data-line": line.name }, line.texts[n]));
        tip.hidden = false;
        tip.style.top = "6px";
        const x = u.over.offsetLeft + u.cursor.left, wide = tip.offsetWidth;
        tip.style.left = Math.max(0, u.cursor.left > u.over.clientWidth / 2 ? x - wide - 14 : x + 14) + "px";
      }] },
    }, [hints.x, line.low, line.high, line.mean], host);
    host.append(tip);
    host.addEventListener("keydown", (e) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!step) return;
      e.preventDefault();
      const n = Math.max(0, Math.min(hints.x.length - 1, (plot.cursor.left >= 0 && plot.cursor.idx != null ? plot.cursor.idx : step > 0 ? -1 : hints.x.length) + step));
      plot.setCursor({ left: plot.valToPos(hints.x[n], "x"), top: 20 });
    });
    new ResizeObserver(() => { if (host.clientWidth > 0 && Math.abs(host.clientWidth - plot.width) >= 1) plot.setSize({ width: host.clientWidth, height: 240 }); }).observe(host);
    charts.push(plot);
  }
  // At most so many values stand under a chart.
  hints.X = () => { const each = Math.ceil(hints.x.length / 10); return hints.x.filter((x, n) => n % each === 0); };
  hints.lines.forEach(chart);
  recolour = () => { for (const c of charts) c.redraw(false); };

  root.classList.add("alive");
  root.dataset.drawn = "yes";
  $("save").addEventListener("click", () => {
    unpack($("packed").textContent).then((text) => save(text, document.querySelector("h1").textContent + "-sweep")).catch((e) => sorry("The JSON could not be unpacked: " + e.message));
  });
})();
