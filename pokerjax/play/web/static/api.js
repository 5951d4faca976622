// One request, one answer. A refusal is an error with the server's sentence.

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Refused("The server does not answer: is it still running?", 0);
  }
  let data = {};
  try {
    data = await response.json();
  } catch {
    data = { error: `The server answered ${response.status}.` };
  }
  if (!response.ok) throw new Refused(data.error, response.status);
  return data;
}

export const about = () => answer(fetch("/api/about"));

export const post = (name, data = {}) =>
  answer(
    fetch(`/api/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(data),
    }),
  );
