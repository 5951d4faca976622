// Replays: any PHH file or PokerStars history, step by step, with the agent's opinion at each decision.
import { post } from "./api.js";
import { carelessName, chooseCareless, toldOf } from "./careless.js";
import { does, h, isTyping, say } from "./dom.js";
import { opinion } from "./opinions.js";
import { drawTable } from "./table.js";

let agent, hand, step = 0, you = 0, text = "", pasted = false, turn = 0, toStudy;
const ids = {};

export function mountReplay(element, about, studySpot) {
  agent = about;
  toStudy = studySpot;
  ids.careless = chooseCareless("replay-carelessness", () => pasted && load(Number(ids.hands.value), step));
  ids.text = h("textarea", { id: "replay-text", rows: 4, placeholder: "Paste a PHH file or a PokerStars hand history" });
  ids.file = h("input", { id: "replay-file", type: "file", accept: ".phh,.phhs,.txt,.toml", onchange: readFile });
  ids.hands = h("select", { id: "replay-hands", onchange: () => load(Number(ids.hands.value)) });
  ids.table = h("div", { id: "replay-table", class: "felt players-2" }, h("div", { class: "middle" }, h("div", { class: "pot" }, "Open a file, or paste a hand.")));
  ids.opinion = h("div", { id: "replay-opinion" });
  ids.actions = h("ol", { id: "replay-actions", "aria-label": "Actions" });
  ids.place = h("output", { id: "replay-place" });
  const go = (name, label, move, key) => h("button", { id: `replay-${name}`, "aria-label": label, "data-key": key, onclick: () => move() }, { first: "|◀", back: "◀", on: "▶", last: "▶|" }[name]);
  element.replaceChildren(
    h("h2", { id: "replay-title", class: "skip" }, "Replay"),
    h("details", { id: "replay-source", open: true }, h("summary", {}, "Hand histories"),
      h("label", { for: "replay-text" }, "PHH or PokerStars"), ids.text,
      h("div", { class: "bar" }, h("button", { id: "replay-read", class: "primary", onclick: () => read(ids.text.value) }, "Read it"),
        h("label", {}, "or open a file ", ids.file), h("label", {}, "Hand ", ids.hands),
        agent.told_carelessness && h("label", {}, "They take the others for ", ids.careless))),
    h(
      "div",
      { class: "columns" },
      h("div", { class: "stage" }, ids.table,
        h("div", { class: "row", role: "group", "aria-label": "Steps" },
          go("first", "To the start", () => show(0), "home"), go("back", "One step back", () => show(step - 1), "arrowleft"), ids.place,
          go("on", "One step on", () => show(step + 1), "arrowright"), go("last", "To the end", () => show(Infinity), "end"),
          h("button", { id: "replay-study", onclick: study }, "Study this spot"))),
      h("aside", {}, h("h3", {}, "The agent's opinion"), ids.opinion, h("h3", {}, "Actions"), ids.actions),
    ),
  );
  document.addEventListener("keydown", (event) => {
    if (element.hidden || isTyping(event)) return;
    const button = element.querySelector(`[data-key="${event.key.toLowerCase()}"]`);
    if (button && hand) {
      event.preventDefault();
      button.click();
    }
  });
}

async function readFile() {
  const file = ids.file.files[0];
  if (!file) return;
  if (file.size > 900_000) return say("The file is larger than 900 kB: cut it.", "error");
  ids.text.value = await file.text();
  await read(ids.text.value);
}

async function read(source) {
  try {
    const { hands } = await post("read", { text: source });
    text = source;
    ids.hands.replaceChildren(...hands.map((each, i) => h("option", { value: String(i) }, each.title)));
    await load(0);
  } catch (error) {
    say(error.message, "error");
  }
}

async function load(number, from = 0) {
  const mine = ++turn;
  try {
    say("");
    const found = await post("replay", { text, number, ...toldOf(agent, ids.careless) });
    if (mine !== turn) return;
    pasted = true;
    setHand(found, null, 0, from);
  } catch (error) {
    if (mine === turn) say(error.message, "error");
  }
}

// A hand of a table, whose agents were told what the table was.
export function setReplay(found, title, seat) {
  turn++;
  pasted = false;
  document.getElementById("replay-source").open = false;
  const told = agent.told_carelessness && `they took you for ${carelessName(found.carelessness)}`;
  setHand(found, [title, told].filter(Boolean).join(", "), seat, 0);
}

function setHand(found, title, seat, from) {
  hand = found;
  you = seat;
  say([title, hand.note].filter(Boolean).join(": "), hand.note ? "error" : "");
  show(from);
}

function show(wanted) {
  if (!hand) return;
  step = Math.min(Math.max(wanted, 0), hand.frames.length - 1);
  const view = hand.frames[step];
  const last = {};
  for (const action of hand.actions.slice(0, step)) last[action.seat] = action.street === view.street || action.word === "fold" ? action.word : "";
  drawTable(ids.table, view, you % view.seats.length, last);
  ids.place.replaceChildren(`${step + 1} / ${hand.frames.length}`);
  const found = hand.opinions.find((each) => each.number === step);
  const none = view.done ? "The hand is over." : (hand.note ?? "No opinion here.");
  ids.opinion.replaceChildren(found ? opinion(found) : h("p", { class: "quiet" }, none));
  const rows = [];
  let street = null;
  hand.actions.forEach((action, i) => {
    if (action.street !== street) rows.push(h("li", { class: "street" }, (street = action.street)));
    const name = view.seats[action.seat].name;
    rows.push(h("li", {}, h("button", { class: "step", "aria-pressed": String(i === step), onclick: () => show(i) }, does(name, action.word))));
  });
  ids.actions.replaceChildren(...rows);
}

function study() {
  if (!hand) return;
  if (!hand.spot) return say("Study is for no-limit hold'em, and this hand is of another game.", "error");
  const board = hand.frames[step].board.join("");
  toStudy({ ...hand.spot, board: board.includes("?") ? "" : board, actions: hand.spot.actions.slice(0, step), hole: hand.spot.hole.map((cards) => (cards.includes("?") ? "" : cards)) }, hand.carelessness);
}
