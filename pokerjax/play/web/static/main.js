// The three pages in one: which is shown, and whether the agent is warm.
import { about } from "./api.js";
import { h, say } from "./dom.js";
import { mountPlay } from "./play.js";
import { mountReplay, setReplay } from "./replay.js";
import { mountStudy, setSpot } from "./study.js";

const PAGES = ["play", "study", "replay"];
const section = (name) => document.getElementById(name);
let mounted = {};

function show() {
  const name = PAGES.includes(location.hash.slice(1)) ? location.hash.slice(1) : "play";
  for (const page of PAGES) section(page).hidden = page !== name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  mounted[name]?.();
  mounted[name] = null;
}

async function warm() {
  const badge = document.getElementById("agent");
  for (;;) {
    const { warmup } = await about();
    document.body.dataset.warm = warmup.doing === null ? "ready" : warmup.play ? "play" : "warming";
    if (warmup.doing === null) {
      badge.querySelector(".warming")?.remove();
      return;
    }
    const words = `warming up: ${warmup.doing} (${warmup.done} of ${warmup.of})`;
    const note = badge.querySelector(".warming") ?? h("span", { class: "warming", role: "status" });
    note.textContent = words;
    badge.append(note);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function start() {
  try {
    const agent = await about();
    const sizes = agent.sizes.join(", ");
    document.getElementById("agent").replaceChildren(`${agent.name} · ${(agent.parameters / 1e6).toFixed(1)} M parameters · tables of ${sizes} `);
    const replay = (hand, title, you) => {
      location.hash = "#replay";
      show();
      setReplay(hand, title, you);
    };
    const study = (spot, carelessness) => {
      location.hash = "#study";
      show();
      setSpot(spot, carelessness);
    };
    mountReplay(section("replay"), agent, study);
    mounted = { play: () => mountPlay(section("play"), agent, replay), study: () => mountStudy(section("study"), agent) };
    show();
    addEventListener("hashchange", show);
    await warm();
  } catch (error) {
    say(error.message, "error");
  }
}

start();
