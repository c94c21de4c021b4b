// Reads out the point nearest to the pointer, shows and hides rules, saves figures. Without it the page is whole but still.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const readout = document.getElementById("readout");

  const focus = (style) => {
    document.body.classList.toggle("focused", style !== null);
    for (const g of all(".series")) g.classList.toggle("on", g.dataset.style === style);
  };

  for (const button of all(".legend button")) {
    const style = button.dataset.style;
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      for (const g of all(`.series[data-style="${style}"]`)) g.classList.toggle("off", !shown);
    });
    button.addEventListener("pointerenter", () => focus(style));
    button.addEventListener("pointerleave", () => focus(null));
    button.addEventListener("focus", () => focus(style));
    button.addEventListener("blur", () => focus(null));
  }

  // Parsed once: {g, label, style, points: [[px, py, x, y], …]}.
  const seriesOf = (svg) => (svg.parsed ??= all(".series[data-points]", svg).map((g) => ({
    g, label: g.dataset.label, style: g.dataset.style,
    points: g.dataset.points.split(" ").filter(Boolean).map((p) => p.split(",").map(Number)),
  })));

  const nearest = (svg, at) => {
    let best = null;
    for (const series of seriesOf(svg)) {
      if (series.g.classList.contains("off")) continue;
      for (const point of series.points) {
        const distance = Math.hypot(point[0] - at.x, point[1] - at.y);
        if (!best || distance < best.distance) best = { series, point, distance };
      }
    }
    return best && best.distance < 60 ? best : null;
  };

  for (const svg of all("svg.panel")) {
    svg.addEventListener("pointermove", (event) => {
      const found = nearest(svg, new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse()));
      readout.hidden = !found;
      focus(found ? found.series.style : null);
      if (!found) return;
      const unit = svg.dataset.unit ? " " + svg.dataset.unit : "";
      readout.textContent = `${found.series.label}: ${found.point[3]}${unit} at epoch ${found.point[2]}`;
      const box = readout.getBoundingClientRect();
      readout.style.left = Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + "px";
      readout.style.top = Math.max(8, event.clientY - box.height - 12) + "px";
    });
    svg.addEventListener("pointerleave", () => {
      readout.hidden = true;
      focus(null);
    });
  }

  // A file of its own: all panels of the figure in a grid, and the legend where the lines have no names at their ends.
  const asFile = (figure) => {
    const panels = all("svg.panel", figure);
    if (panels.length === 1 && figure.querySelector(".name")) return panels[0].outerHTML;
    const { width: w, height: h } = panels[0].viewBox.baseVal;
    const columns = Math.min(3, panels.length), width = columns * w;
    let y = Math.ceil(panels.length / columns) * h + 8, x = 8, body = "";
    panels.forEach((panel, i) => {
      body += `<g transform="translate(${(i % columns) * w} ${Math.floor(i / columns) * h})">${panel.outerHTML}</g>`;
    });
    for (const button of all('.legend button[aria-pressed="true"]')) {
      const label = button.textContent, room = 70 + 8.5 * label.length;
      if (x + room > width && x > 8) [x, y] = [8, y + 22];
      const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      for (const [name, value] of Object.entries({ x: x + 48, y: y + 12, "font-size": 14.5, fill: "#1B1F24" })) text.setAttribute(name, value);
      text.textContent = label;
      body += `<g transform="translate(${x} ${y})">${button.querySelector("svg").outerHTML}</g>${new XMLSerializer().serializeToString(text)}`;
      x += room;
    }
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y + 22}" width="${width}" height="${y + 22}" ` +
      `font-family="Helvetica, Arial, sans-serif">${body}</svg>`;
  };

  for (const button of all("button.save")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const figure = button.closest("figure");
      const copy = document.createElement("div");
      copy.innerHTML = asFile(figure);
      for (const hidden of all(".series.off", copy)) hidden.remove();
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy.firstChild)], { type: "image/svg+xml" }));
      link.download = figure.id + ".svg";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
})();
