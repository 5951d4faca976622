// The 13 x 13 grid of hand classes: what the whole range does.
import { h, percent, signed } from "./dom.js";
import { mixBar, shades } from "./opinions.js";

const value = (v, most) => {
  const share = Math.min(Math.abs(v) / most, 1);
  return `color-mix(in srgb, ${v < 0 ? "var(--worse)" : "var(--better)"} ${Math.round(100 * share)}%, var(--cell))`;
};

function background(cell, colours, kind, most, full) {
  if (!cell.combinations) return "transparent";
  if (kind === "value") return value(cell.value_bb, most);
  if (kind === "reach") return `color-mix(in srgb, var(--better) ${Math.round((100 * cell.reach) / full)}%, var(--cell))`;
  let left = 0;
  const stops = cell.mix.map((share, i) => {
    const from = left;
    left += 100 * share;
    return `${colours[i]} ${from.toFixed(2)}% ${left.toFixed(2)}%`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

// kind: "mix", "value" or "reach". chosen: the name of the class that is looked at.
export function drawGrid(element, chart, kind, chosen, onchoose) {
  const names = chart.entries.map((entry) => entry.name);
  const colours = shades(names);
  const most = Math.max(1, ...chart.cells.map((cell) => Math.abs(cell.value_bb)));
  // Heights are shares of the class that arrives most, or late streets would show nothing.
  const full = Math.max(1e-9, ...chart.cells.map((cell) => cell.reach));
  const cells = chart.cells.map((cell) => {
    const words = names.map((name, i) => [cell.mix[i], name]).filter(([share]) => share >= 0.005);
    words.sort((a, b) => b[0] - a[0]);
    const told = words.map(([share, name]) => `${name} ${percent(share)}`).join(", ");
    const label = cell.combinations ? `${cell.name}: ${told}; arrives ${percent(cell.reach)}; ${signed(cell.value_bb, 2)} bb` : `${cell.name}: not possible`;
    const height = kind === "mix" ? `${Math.max((100 * cell.reach) / full, cell.reach / full > 0.002 ? 4 : 0)}%` : "100%";
    return h(
      "button",
      {
        class: cell.name === chosen ? "cell chosen" : "cell", title: label, "aria-label": label, "aria-pressed": String(cell.name === chosen),
        disabled: !cell.combinations, "data-class": cell.name, onclick: () => onchoose(cell.name),
      },
      h("span", { class: "fill", style: { background: background(cell, colours, kind, most, full), height } }),
      h("span", { class: "name" }, cell.name),
    );
  });
  element.replaceChildren(...cells);
}

export function drawLegend(element, chart) {
  const names = chart.entries.map((entry) => entry.name);
  const colours = shades(names);
  element.replaceChildren(
    mixBar(names, chart.mix),
    h(
      "ul",
      { class: "entries" },
      names.map((name, i) => h("li", {}, h("span", { class: "swatch", style: { background: colours[i] } }), `${name} `, h("b", {}, percent(chart.mix[i])))),
    ),
    h("p", { class: "quiet" }, `${percent(chart.reach)} of all hands arrive here; on average worth ${signed(chart.value_bb, 2)} bb from the start of the hand.`),
  );
}

export function handRow(hand) {
  const told = hand.entries.map((name, i) => [hand.mix[i], name]).filter(([share]) => share >= 0.005);
  told.sort((a, b) => b[0] - a[0]);
  return h(
    "li",
    { class: "hand" },
    h("b", {}, hand.cards.match(/../g).join(" ")),
    mixBar(hand.entries, hand.mix),
    h("span", {}, told.map(([share, name]) => `${name} ${percent(share)}`).join(", ")),
    h("span", { class: "quiet" }, ` arrives ${percent(hand.reach)}, ${signed(hand.value_bb, 2)} bb`),
  );
}
