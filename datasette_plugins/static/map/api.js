// Questions to the API. Of each kind only the latest counts: an earlier one is aborted.

const root = document.body.dataset.api;
const running = new Map();
const listeners = new Set();

export const onTraffic = (listener) => listeners.add(listener);

export function link(route, params) {
  const given = Object.entries(params).filter(([, v]) => v !== null && v !== undefined && v !== "");
  return `${root}/${route}?${new URLSearchParams(given.map(([k, v]) => [k, Array.isArray(v) ? v.join(",") : String(v)]))}`;
}

// Returns the answer (JSON, or an Arrow table with what its metadata says), or null where a later question
// took its place.
export async function ask(route, params, { kind = route, arrow = false } = {}) {
  running.get(kind)?.abort();
  const controller = new AbortController();
  running.set(kind, controller);
  tell();
  try {
    const response = await fetch(link(route, params), { signal: controller.signal });
    if (!response.ok) throw new Error(await reason(response));
    if (!arrow) return await response.json();
    const table = globalThis.fl.tableFromIPC(new Uint8Array(await response.arrayBuffer()));
    return { table, about: JSON.parse(table.schema.metadata.get("egms")) };
  } catch (error) {
    if (error.name === "AbortError") return null;
    if (error instanceof TypeError) throw new Error("the server does not answer; is it still running?");
    throw error;
  } finally {
    if (running.get(kind) === controller) running.delete(kind);
    tell();
  }
}

export function forget(kind) {
  running.get(kind)?.abort();
}

async function reason(response) {
  try {
    return (await response.json()).error;
  } catch {
    return `the server answered ${response.status}`;
  }
}

const tell = () => listeners.forEach((listener) => listener(running.size));
