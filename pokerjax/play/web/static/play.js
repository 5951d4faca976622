// A table of agents: cards, buttons, keys. The server says what happened; this page shows it step by step.
import { post } from "./api.js";
import { chooseCareless, showCareless, toldOf } from "./careless.js";
import { chips, does, h, isTyping, say, signed } from "./dom.js";
import { opinion } from "./opinions.js";
import { drawTable } from "./table.js";

const STEP_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 420;
const TOKEN = "pokerjax.table";
let agent, view, token, busy, openReplay, shown = {};
const finished = [];
const ids = {};

export function mountPlay(element, about, showReplay) {
  agent = about;
  openReplay = showReplay;
  const deep = Math.min(Math.max(100, agent.depths[0]), agent.depths[1]);
  ids.players = h("select", { id: "players" }, agent.sizes.map((n) => h("option", { value: String(n) }, `${n} players`)));
  ids.stack = h("input", { id: "stack", type: "number", min: "2", max: "1000", value: String(deep), inputmode: "numeric" });
  ids.study = h("input", { id: "study-mode", type: "checkbox", checked: agent.study, onchange: setStudy });
  ids.careless = chooseCareless("carelessness");
  ids.fast = h("input", { id: "fast", type: "checkbox" });
  ids.table = h("div", { id: "table" });
  ids.controls = h("div", { id: "controls", role: "group", "aria-label": "Your action" });
  ids.result = h("p", { id: "result", "aria-live": "polite" }, "No hand was finished yet.");
  ids.thoughts = h("div", { id: "thoughts", tabindex: "0", role: "region", "aria-label": "What the agents think" });
  ids.log = h("ol", { id: "log" });
  ids.history = h("ol", { id: "history", reversed: true, tabindex: "0", "aria-label": "Finished hands" });
  element.replaceChildren(
    h("h2", { id: "play-title", class: "skip" }, "Play"),
    h(
      "div",
      { class: "bar" },
      h("label", {}, "Table ", ids.players),
      h("label", {}, "Stacks ", ids.stack, " bb"),
      agent.told_carelessness && h("label", {}, "They take you for ", ids.careless),
      h("button", { id: "new-table", class: "primary", onclick: open }, "New table"),
      h("label", { class: "check" }, ids.study, " Study mode"),
      h("label", { class: "check" }, ids.fast, " Fast"),
    ),
    h(
      "div",
      { class: "columns" },
      h("div", { class: "stage" }, ids.table, ids.controls),
      h(
        "aside",
        {},
        h("h3", {}, "Your result"), ids.result,
        h("h3", {}, "What the agents think"), ids.thoughts,
        h("h3", {}, "This hand"), ids.log,
        h("h3", {}, "Finished hands"), ids.history,
      ),
    ),
  );
  document.addEventListener("keydown", (event) => {
    if (element.hidden || isTyping(event)) return;
    const button = element.querySelector(`[data-key="${event.key.toLowerCase()}"]:not(:disabled)`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  });
  ids.thoughts.replaceChildren(hint());
  rejoin();
}

const hint = () =>
  h("p", { class: "quiet" }, "Told after each hand; in study mode at any time, as the mean of the hands they could hold.");

async function rejoin() {
  drawStart();
  token = sessionStorage.getItem(TOKEN);
  if (token) await ask(async () => showCareless(ids.careless, (await refresh()).carelessness), "");
}

// The table as the server has it: after a reload, or when an answer was lost.
async function refresh() {
  for (let tries = 0; ; tries++) {
    try {
      const { views, history } = await post("show", { table: token });
      ids.study.checked = views[0].study;
      for (const hand of history) remember(hand);
      await play(views);
      return views[0];
    } catch (error) {
      if (error.status !== 409 || tries > 20) throw error; // 409: it still thinks about the last request
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

function drawStart() {
  token = null;
  const nobody = agent.sizes[0];
  ids.table.className = `felt players-${nobody}`;
  ids.table.replaceChildren(h("div", { class: "middle" }, h("div", { class: "pot" }, "Take a seat: choose a table, then New table.")));
  ids.controls.replaceChildren(h("button", { class: "primary big", "data-key": "n", onclick: open }, "Take a seat ", h("kbd", {}, "N")));
}

async function ask(work, gone = null) {
  if (busy) return;
  busy = true;
  document.body.dataset.busy = "true"; // what tests, and styles, can wait for
  const held = [...ids.controls.querySelectorAll("button, input")];
  for (const each of held) each.disabled = true;
  if (document.getElementById("status").className === "error") say("");
  try {
    await work();
  } catch (error) {
    await recover(error, gone);
  } finally {
    for (const each of held) each.disabled = false;
    busy = false;
    delete document.body.dataset.busy;
  }
}

// Say what failed, then show the table as it is: the server may have played on. `gone`: what to say of a lost table.
async function recover(error, gone) {
  const lost = (failure) => failure.status === 404 && token;
  const words = lost(error) ? (gone ?? error.message) : error.message;
  say(words, words && "error");
  if (lost(error)) return drawStart();
  if (!token) return;
  try {
    await refresh();
  } catch (again) {
    if (lost(again)) drawStart();
    else if (view) drawControls();
  }
}

const open = () =>
  ask(async () => {
    const stack = Number(ids.stack.value);
    const table = { players: Number(ids.players.value), stack_bb: stack, study: ids.study.checked, ...toldOf(agent, ids.careless) };
    const answer = await post("table", table).catch(async (error) => {
      if (error.status !== 503 || !token) throw error;
      await post("close", { table: token }); // no room but for the one that is given up
      return post("table", table);
    });
    if (token) post("close", { table: token }).catch(() => {}); // idle tables end by themselves
    token = answer.table;
    sessionStorage.setItem(TOKEN, token);
    finished.length = 0;
    ids.history.replaceChildren();
    await play(answer.views);
  });

const next = () => ask(async () => play((await post("deal", { table: token })).views));

const act = (action, amount = 0) =>
  ask(async () => {
    const data = { table: token, action, amount, number: view.number, decision: view.decision };
    await play((await post("act", data)).views);
  });

async function setStudy() {
  if (!token) return;
  if (busy) return void (ids.study.checked = !ids.study.checked);
  await ask(async () => {
    const { views } = await post("mode", { table: token, on: ids.study.checked });
    view = views[0];
    draw();
  });
}

async function play(views) {
  for (const [i, step] of views.entries()) {
    view = step;
    draw(i < views.length - 1);
    const pause = ids.fast.checked ? 0 : STEP_MS;
    if (i < views.length - 1 && pause) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function draw(midway = false) {
  if (!view.decision) shown = {};
  for (const action of view.log) shown[action.seat] = action.street === view.street ? action.word : shown[action.seat] === "fold" ? "fold" : "";
  drawTable(ids.table, view, view.you, shown);
  drawLog();
  drawResult();
  if (midway) ids.controls.replaceChildren(h("p", { class: "quiet" }, "…"));
  else drawControls();
  drawThoughts(midway);
  if (view.done) remember({ number: view.number, seat: view.you, payoff: view.seats[view.you].payoff, board: view.board });
}

function drawResult() {
  const { hands, won, bb100, ci95 } = view.result;
  if (!hands) return ids.result.replaceChildren("No hand was finished yet.");
  const interval = ci95 === null ? "" : ` ± ${chips(ci95)}`;
  const s = hands > 1 ? "s" : "";
  ids.result.replaceChildren(h("b", {}, `${signed(bb100)}${interval} bb/100`), ` after ${hands} hand${s}, ${signed(won)} chips`);
}

function drawLog() {
  let street = null;
  const rows = [];
  for (const action of view.log) {
    if (action.street !== street) rows.push(h("li", { class: "street" }, (street = action.street)));
    rows.push(h("li", {}, does(action.name, action.word)));
  }
  ids.log.replaceChildren(...rows);
}

function drawControls() {
  if (view.done) {
    const mine = view.seats[view.you].payoff;
    const words = mine > 0 ? `You win ${chips(mine)}.` : mine < 0 ? `You lose ${chips(-mine)}.` : "You break even.";
    ids.controls.replaceChildren(
      h("p", { class: "outcome" }, words),
      h("button", { id: "next", class: "primary big", "data-key": "n", onclick: next }, "Next hand ", h("kbd", {}, "N")),
    );
    return;
  }
  if (!view.legal) return ids.controls.replaceChildren(h("p", { class: "quiet" }, "The agents are thinking."));
  const { fold, call, raises, least, most, sizes, bet } = view.legal;
  const buttons = [
    fold && h("button", { id: "fold", class: "fold", "data-key": "f", onclick: () => act("fold") }, "Fold ", h("kbd", {}, "F")),
    h("button", { id: "call", class: "call", "data-key": "c", onclick: () => act(call ? "call" : "check") },
      call ? `Call ${chips(call)} ` : "Check ", h("kbd", {}, "C")),
  ];
  const raising = raises && raiseControls(buttons, least, most, sizes, bet);
  ids.controls.replaceChildren(...[raising, h("div", { class: "row" }, buttons)].filter(Boolean));
}

function raiseControls(buttons, least, most, sizes, bet) {
  const word = bet ? "Bet" : "Raise to";
  const number = h("input", { id: "amount", type: "number", min: String(least), max: String(most), value: String(least), "aria-label": `${word}, chips` });
  const slider = h("input", { id: "slider", type: "range", min: String(least), max: String(most), value: String(least), "aria-label": `${word}, chips` });
  const button = h("button", { id: "raise", class: "raise", "data-key": "r", onclick: () => act("raise", Number(number.value)) });
  const set = (amount) => {
    number.value = slider.value = String(amount);
    button.replaceChildren(amount >= most ? `All-in ${chips(amount)} ` : `${word} ${chips(amount)} `, h("kbd", {}, "R"));
  };
  slider.addEventListener("input", () => set(Number(slider.value)));
  number.addEventListener("input", () => {
    slider.value = number.value;
    button.replaceChildren(`${word} ${chips(Number(number.value) || 0)} `, h("kbd", {}, "R"));
  });
  number.addEventListener("keydown", (event) => event.key === "Enter" && button.click());
  set(Math.min(most, sizes.length ? sizes[Math.min(1, sizes.length - 1)].amount : least));
  buttons.push(button);
  const presets = sizes.map(({ size, amount }, i) =>
    h("button", { class: "preset", "data-key": String(i + 1), title: chips(amount), onclick: () => set(amount) }, `${Math.round(100 * size)} %`),
  );
  presets.push(h("button", { id: "all-in", class: "preset", "data-key": "a", onclick: () => set(most) }, "All-in ", h("kbd", {}, "A")));
  return h(
    "div",
    { class: "raising" },
    h("div", { class: "presets", role: "group", "aria-label": "Share of the pot" }, presets),
    h("div", { class: "amounts" }, slider, number),
  );
}

let asked = 0;
async function drawThoughts(midway) {
  const turn = ++asked;
  const own = view.thoughts ?? [];
  const list = (thoughts) => thoughts.map(opinion);
  if (!view.study || midway) {
    ids.thoughts.replaceChildren(...(own.length ? list(own) : [hint()]));
    return;
  }
  try {
    const { thoughts } = await post("thoughts", { table: token });
    if (turn !== asked) return;
    const all = [...own, ...thoughts].sort((a, b) => a.number - b.number);
    ids.thoughts.replaceChildren(...(all.length ? list(all.reverse()) : [hint()]));
  } catch (error) {
    if (turn === asked) ids.thoughts.replaceChildren(h("p", { class: "quiet" }, error.message));
  }
}

function remember({ number, seat, payoff, board }) {
  if (finished.includes(number)) return;
  finished.push(number);
  const label = `Hand ${number}: ${signed(payoff)}`;
  const table = token;
  const open = () => ask(async () => openReplay(await post("history", { table, number }), `Hand ${number}`, seat));
  ids.history.prepend(
    h("li", { value: number }, h("button", { class: "link", onclick: open }, label), h("span", { class: "quiet" }, ` ${board.join(" ")}`)),
  );
}
