// An agent's mind at a decision, as bars.
import { chips, h, percent, signed } from "./dom.js";

export function shade(name, index, count) {
  if (name.startsWith("fold")) return "var(--fold)";
  if (/^(check|call)/.test(name)) return "var(--call)";
  const place = count < 2 ? 8 : Math.round((8 * index) / (count - 1));
  return `var(--raise-${place})`;
}

// One colour an entry: raises from yellow to deep red as they grow.
export function shades(names) {
  const raises = names.filter((name) => !/^(fold|check|call)/.test(name));
  return names.map((name) => shade(name, raises.indexOf(name), raises.length));
}

export function mixBar(names, mix) {
  const colours = shades(names);
  const parts = names.map((name, i) => h("span", { style: { width: `${100 * mix[i]}%`, background: colours[i] } }));
  return h("div", { class: "mix", "aria-hidden": "true" }, parts);
}

export function opinion(thought) {
  const names = thought.entries.map((entry) => entry.name);
  const whose = thought.of_range ? "mean of its range" : "this hand";
  const colours = shades(names);
  return h(
    "article",
    { class: "opinion", "data-number": String(thought.number) },
    h(
      "h4",
      {},
      `${thought.name === thought.position ? thought.name : `${thought.name} (${thought.position})`}, ${thought.street}`,
      h("span", { class: "quiet" }, thought.did ? ` ${thought.did}` : " to act"),
    ),
    mixBar(names, thought.entries.map((entry) => entry.probability)),
    h(
      "ul",
      { class: "entries" },
      thought.entries.map((entry, i) =>
        h(
          "li",
          { class: entry.taken ? "taken" : null },
          h("span", { class: "swatch", style: { background: colours[i] } }),
          `${entry.name}${entry.amount ? ` (${chips(entry.amount)})` : ""} `,
          h("b", {}, percent(entry.probability)),
        ),
      ),
    ),
    h("p", { class: "quiet" }, `Expects ${signed(thought.value_bb, 2)} bb from the start of the hand · ${whose}`),
  );
}
