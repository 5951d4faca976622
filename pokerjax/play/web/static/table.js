// The table: seats round the felt, cards, bets. Play and replay both draw with it.
import { chips, h, signed } from "./dom.js";

const SUITS = { c: ["♣", "clubs"], d: ["♦", "diamonds"], h: ["♥", "hearts"], s: ["♠", "spades"] };
const RANKS = { T: "10", J: "jack", Q: "queen", K: "king", A: "ace" };

export function cardName(card) {
  return card === "??" ? "unknown card" : `${RANKS[card[0]] ?? card[0]} of ${SUITS[card[1]][1]}`;
}

export function card(name) {
  if (name === "??" || !name) return h("span", { class: "card back", role: "img", "aria-label": "face-down card" });
  const [symbol, suit] = SUITS[name[1]];
  return h(
    "span",
    { class: `card ${suit}`, role: "img", "aria-label": cardName(name), "data-card": name },
    h("span", { "aria-hidden": "true" }, name[0] === "T" ? "10" : name[0]),
    h("span", { "aria-hidden": "true", class: "suit" }, symbol),
  );
}

// Seats on an ellipse: the first place is at the bottom, the others follow to the left, as at a table.
function place(index, count) {
  const angle = Math.PI / 2 + (2 * Math.PI * index) / count;
  return [50 + 42 * Math.cos(angle), 50 + 41 * Math.sin(angle)];
}

function seatElement(view, seat, index, last) {
  const { seats, actor, done } = view;
  const count = seats.length;
  const [x, y] = place(index, count);
  const hidden = seat.folded ? null : [null, null].map(() => card("??"));
  const cards = seat.cards ? seat.cards.map(card) : hidden;
  const won = done && seat.payoff > 0;
  const state = [actor === seat.seat && "acting", seat.folded && "folded", won && "winner"].filter(Boolean).join(" ");
  const note = done && seat.payoff !== 0 ? signed(seat.payoff) : last;
  return [
    h(
      "li",
      { class: `seat ${state}`, style: { left: `${x}%`, top: `${y}%` }, "data-seat": String(seat.seat) },
      h("div", { class: "cards" }, cards),
      h(
        "div",
        { class: "plate" },
        h("span", { class: "who" }, seat.name),
        seat.name !== seat.position && h("span", { class: "position" }, seat.position),
        h("span", { class: "stack" }, seat.stack === 0 && !done && !seat.folded ? "all-in" : chips(seat.stack)),
      ),
      h("div", { class: "note" }, seat.made && !seat.folded ? `${note ?? ""} ${seat.made}`.trim() : (note ?? "")),
    ),
    seat.bet > 0 &&
      h(
        "li",
        {
          class: "bet",
          style: { left: `${50 + (x - 50) * 0.52}%`, top: `${50 + (y - 50) * (y > 50 ? 0.34 : 0.44)}%` },
          "aria-label": `${seat.name} bet ${chips(seat.bet)}`,
        },
        chips(seat.bet),
      ),
  ];
}

// you: the seat at the bottom; last: what each seat did last, by seat.
export function drawTable(element, view, you, last = {}) {
  const count = view.seats.length;
  const order = view.seats.map((_, index) => view.seats[(you + index) % count]);
  const board = [0, 1, 2, 3, 4].map((i) =>
    view.board[i] ? card(view.board[i]) : h("span", { class: "card empty", "aria-hidden": "true" }),
  );
  element.className = `felt players-${count}`;
  element.replaceChildren(
    h(
      "div",
      { class: "middle" },
      h("div", { class: "board", role: "group", "aria-label": view.board.length ? "Board" : "Board, no cards yet" }, board),
      h("div", { class: "pot" }, view.done ? "" : `Pot ${chips(view.pot)}`),
    ),
    h(
      "ul",
      { class: "seats", "aria-label": "Seats" },
      order.map((seat, index) => seatElement(view, seat, index, last[seat.seat])),
    ),
  );
}
