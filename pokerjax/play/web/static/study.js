// Study: build a line, and see what the agent does there with every hand.
import { post } from "./api.js";
import { chooseCareless, showCareless, toldOf } from "./careless.js";
import { chips, h, say } from "./dom.js";
import { drawGrid, drawLegend, handRow } from "./grid.js";

const ALL = "23456789TJQKA".split("").flatMap((rank) => "cdhs".split("").map((suit) => rank + suit));
const BOARD = { preflop: 0, flop: 3, turn: 4, river: 5 };
let agent, spot, answer, number = null, chosen = null, kind = "mix", turn = 0;
const ids = {};

export function mountStudy(element, about) {
  agent = about;
  const deep = Math.min(Math.max(100, agent.depths[0]), agent.depths[1]);
  ids.players = h("select", { id: "study-players" }, agent.sizes.map((n) => h("option", { value: String(n) }, `${n} players`)));
  ids.stacks = h("input", { id: "study-stacks", value: String(deep), size: 12, title: "One depth for all, or one a seat: 100, 40, 100" });
  ids.small = h("input", { id: "study-small", type: "number", min: "0", value: String(agent.small_blind) });
  ids.big = h("input", { id: "study-big", type: "number", min: "1", value: String(agent.big_blind) });
  ids.ante = h("input", { id: "study-ante", type: "number", min: "0", value: String(agent.ante) });
  ids.careless = chooseCareless("study-carelessness", () => load());
  ids.hole = h("input", { id: "study-hole", size: 6, maxlength: "4", placeholder: "AhKd", onchange: setHole });
  ids.board = h("input", { id: "study-board", size: 12, maxlength: "14", placeholder: "Ts9d2c", onchange: setBoard });
  ids.text = h("textarea", { id: "study-text", rows: 4, placeholder: "Paste a hand: PHH, or a PokerStars hand history" });
  ids.line = h("ol", { id: "line", "aria-label": "The line" });
  ids.next = h("div", { id: "next-actions", class: "row", role: "group", "aria-label": "Next action" });
  ids.title = h("h3", { id: "chart-title" }, "Range");
  ids.grid = h("div", { id: "grid", role: "group", "aria-label": "Hand classes" });
  ids.legend = h("div", { id: "legend" });
  ids.hands = h("ul", { id: "hands", tabindex: "0", "aria-label": "Hands of the class" });
  ids.kinds = h("div", { class: "row", role: "group", "aria-label": "What the grid shows" },
    [["mix", "Actions"], ["value", "Value"], ["reach", "Arrives"]].map(([name, words]) =>
      h("button", { class: "preset", "data-kind": name, "aria-pressed": String(name === kind), onclick: () => setKind(name) }, words)));
  element.replaceChildren(
    h("h2", { id: "study-title", class: "skip" }, "Study"),
    h(
      "div",
      { class: "bar" },
      h("label", {}, "Table ", ids.players),
      h("label", {}, "Stacks ", ids.stacks, " bb"),
      h("label", {}, "Blinds ", ids.small),
      h("label", {}, "/ ", ids.big),
      h("label", {}, "Ante ", ids.ante),
      agent.told_carelessness && h("label", {}, "They take the others for ", ids.careless),
      h("button", { id: "study-start", class: "primary", onclick: start }, "Start a spot"),
    ),
    h("details", {}, h("summary", {}, "Paste a hand history"),
      h("label", { for: "study-text" }, "PHH or PokerStars"), ids.text,
      h("button", { id: "study-read", onclick: read }, "Read it"), h("div", { id: "study-found", class: "row" })),
    h(
      "div",
      { class: "columns even" },
      h(
        "div", {},
        h("h3", {}, "Line"), ids.line, ids.next,
        h("div", { class: "bar" },
          h("label", {}, "Board ", ids.board),
          h("button", { id: "random-board", onclick: randomBoard }, "Random cards"),
          h("label", {}, "Hand of the seat ", ids.hole),
          h("button", { id: "undo", onclick: undo }, "Undo")),
        h("h3", {}, "Hands"), ids.hands,
      ),
      h("div", {}, ids.title, ids.kinds, ids.grid, ids.legend),
    ),
  );
  start();
}

function start() {
  const players = Number(ids.players.value);
  const depths = ids.stacks.value.split(/[,; ]+/).filter(Boolean).map(Number);
  const big = Math.round(Number(ids.big.value)), small = Math.round(Number(ids.small.value));
  const stacks = Array.from({ length: players }, (_, i) => Math.round((depths.length === 1 ? depths[0] : depths[i]) * big));
  if (stacks.some((stack) => !Number.isFinite(stack))) return say(`Stacks: one number, or ${players}, one a seat from the left of the button.`, "error");
  const blinds = players === 2 ? [big, small] : [small, big, ...Array(players - 2).fill(0)];
  setSpot({ stacks, blinds, antes: Array(players).fill(Math.round(Number(ids.ante.value) || 0)), big_blind: big, hole: Array(players).fill(""), board: "", actions: [] });
}

export function setSpot(fresh, carelessness) {
  if (carelessness !== undefined) showCareless(ids.careless, carelessness);
  const { stacks, blinds, antes, big_blind, hole, board, actions, house = "tda" } = fresh;
  spot = { stacks, blinds, antes, big_blind, hole: [...hole], board, actions: [...actions], house };
  number = null;
  chosen = null;
  ids.players.value = String(stacks.length);
  return load();
}

const setRead = (hand) =>
  hand.spot ? setSpot(hand.spot) : say(`Study is for no-limit hold'em, and this hand is of another game. ${hand.title}`, "error");

async function load(previous = null) {
  const mine = ++turn;
  ids.grid.setAttribute("aria-busy", "true");
  try {
    const found = await post("spot", { spot, number, hand_class: chosen, ...toldOf(agent, ids.careless) });
    if (mine !== turn) return;
    answer = found;
    say("");
    draw();
  } catch (error) {
    if (mine !== turn) return;
    say(error.message, "error");
    if (previous) Object.assign(spot, previous);
  } finally {
    if (mine === turn) ids.grid.removeAttribute("aria-busy");
  }
}

const change = (fields) => {
  const before = { actions: spot.actions, board: spot.board, hole: spot.hole };
  Object.assign(spot, fields);
  return load(before);
};

// A late answer never writes over what is being typed.
const show = (field, text) => {
  if (field !== document.activeElement) field.value = text;
};

function draw() {
  show(ids.board, spot.board);
  const { steps, selected, chart } = answer;
  let street = null;
  const rows = [];
  for (const step of steps) {
    if (step.street !== street) {
      street = step.street;
      rows.push(h("li", { class: "street" }, `${street} ${spot.board.slice(0, 2 * BOARD[street])}`.trim()));
    }
    const words = `${step.position} ${step.word ?? "to act"}`;
    rows.push(h("li", {}, h("button", { class: "step", "aria-pressed": String(step.number === selected), onclick: () => select(step.number) }, words)));
  }
  ids.line.replaceChildren(...rows);
  drawNext();
  if (!chart) return;
  const step = steps[selected];
  show(ids.hole, spot.hole[step.seat] ?? "");
  ids.title.replaceChildren(`${answer.names[step.seat]} ${step.word ? `(${step.word})` : "to act"}, ${step.street}, pot ${chips(step.pot)}`);
  drawGrid(ids.grid, chart, kind, chosen, choose);
  drawLegend(ids.legend, chart);
  const rowsOfHands = [];
  if (chart.hand) rowsOfHands.push(handRow(chart.hand));
  for (const hand of chart.hands ?? []) if (hand.cards !== chart.hand?.cards) rowsOfHands.push(handRow(hand));
  ids.hands.replaceChildren(...(rowsOfHands.length ? rowsOfHands : [h("li", { class: "quiet" }, "Choose a class of the grid, or name the seat's hand.")]));
}

function drawNext() {
  const { legal, missing, over } = answer;
  if (missing) return ids.next.replaceChildren(h("p", {}, `The board needs ${missing} more card${missing > 1 ? "s" : ""}.`));
  if (over || !legal) return ids.next.replaceChildren(h("p", { class: "quiet" }, "The hand is over here."));
  const sizes = legal.sizes.filter(({ amount }, i, all) => amount !== all[i + 1]?.amount); // the least raise may be several
  const play = (action) => { number = null; return change({ actions: [...spot.actions, action] }); };
  const buttons = [
    legal.fold && h("button", { class: "fold", onclick: () => play(-1) }, "Fold"),
    h("button", { class: "call", onclick: () => play(0) }, legal.call ? `Call ${chips(legal.call)}` : "Check"),
    sizes.map(({ size, amount }) => h("button", { class: "raise", title: `${Math.round(100 * size)} % of the pot`, onclick: () => play(amount) }, `${legal.bet ? "Bet" : "To"} ${chips(amount)}`)),
  ];
  if (legal.raises) {
    const other = h("input", { type: "number", min: String(legal.least), max: String(legal.most), value: String(legal.most), "aria-label": "Another amount" });
    buttons.push(other, h("button", { class: "raise", onclick: () => play(Math.round(Number(other.value))) }, "To this"));
  }
  ids.next.replaceChildren(...buttons.flat().filter(Boolean));
}

function select(which) {
  number = which;
  return load();
}

function choose(name) {
  chosen = name;
  return load();
}

function setKind(name) {
  kind = name;
  for (const button of ids.kinds.children) button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
  draw();
}

function undo() {
  number = null;
  return change({ actions: spot.actions.slice(0, -1) });
}

const setBoard = () => change({ board: ids.board.value.replace(/\s/g, "") });

function setHole() {
  if (answer?.selected === null || answer?.selected === undefined) return;
  const hole = [...spot.hole];
  hole[answer.steps[answer.selected].seat] = ids.hole.value.trim();
  return change({ hole });
}

function randomBoard() {
  const missing = answer?.missing || 0;
  const known = new Set([...(spot.board.match(/../g) ?? []), ...spot.hole.flatMap((cards) => cards.match(/../g) ?? [])]);
  const left = ALL.filter((name) => !known.has(name));
  let fresh = "";
  for (let i = 0; i < missing; i++) fresh += left.splice(Math.floor(Math.random() * left.length), 1)[0];
  if (missing) change({ board: spot.board + fresh });
  else say("The board has all the cards that the line needs.");
}

async function read() {
  try {
    const { hands } = await post("read", { text: ids.text.value });
    say(`${hands.length} hand${hands.length > 1 ? "s" : ""} read.`);
    const found = document.getElementById("study-found");
    found.replaceChildren(...hands.slice(0, 50).map((hand) => h("button", { class: "preset", onclick: () => setRead(hand) }, hand.title)));
    await setRead(hands[0]);
  } catch (error) {
    say(error.message, "error");
  }
}
