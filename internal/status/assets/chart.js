// Draws the last half hour of one trigger: value and lag as lines, activation behind them, pushes as marks. The page holds the
// same as a table.
"use strict";
(() => {
  const box = document.getElementById("chart");
  if (!box) return;
  const target = Number(box.dataset.target);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let plot = null;
  let told = null;

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Activation is drawn behind the lines, from each tick to the next.
  function shade(u) {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    const x = (i) => Math.min(Math.max(u.valToPos(told.time[i], "x", true), left), left + width);
    ctx.save();
    ctx.fillStyle = color("--good-back");
    for (let i = 0; i < told.time.length; i++) {
      if (!told.active[i]) continue;
      const from = x(i);
      while (i + 1 < told.time.length && told.active[i + 1]) i++;
      ctx.fillRect(from, top, (i + 1 < told.time.length ? x(i + 1) : left + width) - from, height);
    }
    ctx.restore();
  }

  function mark(u) {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    const size = 5 * devicePixelRatio;
    ctx.fillStyle = color("--push");
    for (let i = 0; i < told.time.length; i++) {
      if (!told.pushes[i]) continue;
      const x = u.valToPos(told.time[i], "x", true);
      ctx.beginPath();
      ctx.moveTo(x, top + size * 2);
      ctx.lineTo(x - size, top);
      ctx.lineTo(x + size, top);
      ctx.fill();
    }
    const y = u.valToPos(target, "y", true);
    if (y >= top && y <= top + height) {
      ctx.strokeStyle = color("--quiet");
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(left + width, y);
      ctx.stroke();
    }
    ctx.restore();
  }

  const number = (u, value) => (value == null ? "–" : value.toLocaleString("en"));
  const columns = () => [told.time, told.lag, told.value, told.pushes];

  function draw() {
    if (plot) plot.destroy();
    const stepped = uPlot.paths.stepped({ align: 1 });
    const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 } };
    const points = { show: told.time.length < 3 };
    plot = new uPlot({
      width: box.clientWidth,
      height: 290,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: { drag: { x: false, y: false } },
      scales: { x: { range: (u, from, to) => [to - 1800, to] }, y: { range: (u, from, to) => [0, Math.max(1, (to || 0) * 1.08)] }, pushes: { range: () => [0, 1] } },
      axes: [{ ...axis, values: (u, all) => all.map((s) => new Date(s * 1000).toISOString().slice(11, 16)) }, { ...axis, size: 70, values: (u, all) => all.map((v) => v.toLocaleString("en")) }],
      series: [ // where value and lag are the same, the lag is seen on both sides of the value
        { label: "UTC", value: (u, s) => (s == null ? "–" : new Date(s * 1000).toISOString().slice(11, 19)) },
        { label: "lag", stroke: color("--left"), width: 5, paths: stepped, points, value: number },
        { label: "value", stroke: color("--value"), width: 2, paths: stepped, points, value: number },
        { label: "pushes", scale: "pushes", stroke: "transparent", points: { show: false }, paths: () => null, value: number },
      ],
      hooks: { drawClear: [shade], draw: [mark] },
    }, columns(), box);
  }

  async function load() {
    const answer = await fetch(box.dataset.source);
    if (!answer.ok) return;
    told = await answer.json();
    if (!told.time.length) return;
    if (plot) plot.setData(columns());
    else draw();
    box.dataset.ticks = told.time.length;
  }

  document.addEventListener("recorded", load);
  dark.addEventListener("change", () => told && draw());
  new ResizeObserver(() => plot && plot.setSize({ width: box.clientWidth, height: 290 })).observe(box);
  load();
})();
