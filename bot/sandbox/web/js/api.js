// The sandbox's own interface: what the page reads, does and follows.

export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

async function answer(request) {
  let response;
  try {
    response = await request;
  } catch {
    throw new Refused("network");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body.error || "network");
  return body;
}

export const read = (path) => answer(fetch(`/sandbox/${path}`));

export const act = (person, verb, body = {}) =>
  answer(
    fetch(`/sandbox/people/${person}/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );

export function upload(person, verb, file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return answer(fetch(`/sandbox/people/${person}/${verb}`, { method: "POST", body: form }));
}

// Stream keeps one event stream open while the page is visible. Hidden pages
// let go of theirs, because browsers allow only a few connections per server.
export class Stream {
  constructor(handlers) {
    this.handlers = handlers;
    this.query = { person: 0, traffic: 0, after: 0 };
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.open()));
  }

  set(query) {
    Object.assign(this.query, query);
    this.close();
    if (!document.hidden) this.open();
  }

  pause() {
    this.close();
    this.handlers.lost();
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  open() {
    if (this.source) return;
    const source = new EventSource(`/sandbox/events?${new URLSearchParams(this.query)}`);
    this.source = source;
    for (const kind of ["hello", "chat", "rows", "traffic", "reload"]) {
      source.addEventListener(kind, (e) => source === this.source && this.handlers[kind](JSON.parse(e.data)));
    }
    source.onopen = () => this.handlers.offline(false);
    source.onerror = () => {
      if (source !== this.source) return;
      this.handlers.lost();
      this.handlers.offline(true);
      if (source.readyState !== EventSource.CLOSED) return;
      this.close();
      setTimeout(() => this.open(), 2000);
    };
  }
}
