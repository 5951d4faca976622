// What the agents are told of the table, those that can be told: how often somebody slips at it.
import { h } from "./dom.js";

const CARELESS = [["anybody", 0.2], ["careful", 0], ["one who slips", 0.4], ["careless", 0.75], ["random", 1]];

export const chooseCareless = (id, onchange) =>
  h("select", { id, title: "What the agents are told of the table: how often somebody slips", onchange },
    CARELESS.map(([name, value]) => h("option", { value: String(value) }, name)));

export const carelessName = (value) => CARELESS.find(([, each]) => each === value)?.[0] ?? `${value} careless`;

// The field of a request, nothing for agents that cannot be told.
export const toldOf = (agent, select) => (agent.told_carelessness ? { carelessness: Number(select.value) } : {});
