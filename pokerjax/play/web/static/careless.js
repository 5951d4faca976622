// What the agents are told of the table, those that can be told: how often somebody slips at it.
import { h } from "./dom.js";

// null: they are told nothing, and take it for what the server takes unknown tables for.
const CARELESS = [["anybody", null], ["careful", 0], ["one who slips", 0.4], ["careless", 0.75], ["random", 1]];
const text = (value) => (value === null ? "" : String(value));

export const chooseCareless = (id, onchange) =>
  h("select", { id, title: "What the agents are told of the table: how often somebody slips", onchange },
    CARELESS.map(([name, value]) => h("option", { value: text(value) }, name)));

export const showCareless = (select, value) => (select.value = text(value));

export const carelessName = (value) => CARELESS.find(([, each]) => each === value)?.[0] ?? `${value} careless`;

// The field of a request, nothing for agents that cannot be told or are not.
export const toldOf = (agent, select) =>
  agent.told_carelessness && select.value ? { carelessness: Number(select.value) } : {};
