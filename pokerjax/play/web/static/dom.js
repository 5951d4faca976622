// Elements without templates: text is always text, so no name or file can become markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(element.style, value);
    else if (name in element && name !== "list" && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const chips = (amount) => Math.round(amount).toLocaleString("en");
export const signed = (amount, digits = 0) =>
  (amount < 0 ? "−" : "+") + Math.abs(amount).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
export const percent = (share) => (share > 0 && share < 0.005 ? "<1 %" : `${Math.round(100 * share)} %`);

export function say(text, kind = "") {
  const status = document.getElementById("status");
  status.className = kind;
  status.replaceChildren(text);
}

// Whether a key press belongs to a field that is being typed into.
export const isTyping = (event) =>
  event.ctrlKey || event.metaKey || event.altKey ||
  (["INPUT", "TEXTAREA", "SELECT"].includes(event.target.tagName) && event.target.type !== "checkbox");

// "You fold", "Agent 2 folds".
export function does(name, word) {
  const [verb, ...rest] = word.split(" ");
  return [name, name === "You" ? verb : `${verb}s`, ...rest].join(" ");
}
