// Signing in, signing out and fetching from an application's own pages: a session cookie or token cookies, either way.
// An ES module without dependencies: import { auth } from "/auth/static/ostiary.js"

const base = new URL("..", import.meta.url);
const JSON_TYPE = "application/json";
const SAFE = ["GET", "HEAD", "OPTIONS", "TRACE"];
const EXPIRED = Symbol("expired");
const listeners = new Set();
const channel = new BroadcastChannel(`ostiary ${base.pathname}`);
let csrf = null;
let signedIn = false;

channel.onmessage = () => forget();

/** A refusal: `code` is stable, `status` the HTTP status, `problem` the whole document (RFC 9457). */
export class AuthProblem extends Error {
  constructor(problem, status) {
    super(problem.title ?? `The server answered ${status}.`);
    this.name = "AuthProblem";
    this.code = problem.code ?? "unexpected_answer";
    this.status = status;
    this.problem = problem;
  }
}

function forget() {
  const was = signedIn;
  signedIn = false;
  csrf = null;
  if (was) for (const listener of [...listeners]) listener();
}

async function read(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.includes("json")) return {};
  return (await response.clone().json()) ?? {};
}

// The CSRF token goes with what changes something, and to our own origin alone.
function send(request) {
  if (new URL(request.url).origin !== location.origin) return fetch(request);
  const headers = new Headers(request.headers);
  if (!SAFE.includes(request.method) && csrf) headers.set("X-Ostiary-CSRF", csrf);
  if (!headers.has("Accept") || headers.get("Accept") === "*/*") headers.set("Accept", JSON_TYPE);
  return fetch(new Request(request, { headers, credentials: "same-origin" }));
}

function post(path, fields) {
  const body = JSON.stringify(fields);
  return new Request(new URL(path, base), { method: "POST", headers: { "Content-Type": JSON_TYPE }, body });
}

// Who is signed in; null for nobody, EXPIRED where a refresh is due.
async function look() {
  const response = await send(new Request(new URL("session", base), { cache: "no-store" }));
  const facts = await read(response);
  if (!response.ok) throw new AuthProblem(facts, response.status);
  csrf = facts.csrf ?? csrf;
  if (facts.expired) return EXPIRED;
  if (!facts.principal) {
    forget();
    csrf = facts.csrf ?? null;
    return null;
  }
  signedIn = true;
  return facts;
}

// An answer that is lost on the way may have carried the new tokens: the same request is answered with them once more.
async function stubbornly(request) {
  for (let tries = 1; ; tries++) {
    try {
      return await send(request.clone());
    } catch (lost) {
      if (tries === 3) throw lost;
      await new Promise((done) => setTimeout(done, 250 * tries));
    }
  }
}

async function refresh() {
  // Another tab may have refreshed while this one waited for its turn.
  const found = await look();
  if (found !== EXPIRED) return found !== null;
  const response = await stubbornly(post("token/refresh", {}));
  if (response.ok) return true;
  if (response.status !== 400) throw new AuthProblem(await read(response), response.status);
  signedIn = true; // until now
  forget();
  return false;
}

// One tab at a time. Without a secure context there are no locks, and the server sorts it out.
function renew() {
  const locks = navigator.locks;
  return locks ? locks.request(`ostiary ${base.pathname}`, refresh) : refresh();
}

export const auth = {
  /** Who is signed in: {principal, csrf}, or null. */
  async session() {
    const found = await look();
    if (found !== EXPIRED) return found;
    return (await renew()) ? look() : null;
  },

  /** Sign in with the fields of a method. {next: "factor", methods} when more is needed; an AuthProblem when refused. */
  async signIn(fields, path = "sign-in") {
    if (!csrf) await look();
    const response = await send(post(path, fields));
    const facts = await read(response);
    if (facts.code === "factor_needed") return { next: "factor", methods: facts.methods };
    if (!response.ok) throw new AuthProblem(facts, response.status);
    return auth.session();
  },

  /** Sign out "here", on all "others", or "everywhere". Tells the other tabs. */
  async signOut(scope = "here") {
    const response = await auth.fetch(new URL("sign-out", base), { method: "POST", body: JSON.stringify({ scope }) });
    if (!response.ok && response.status !== 401) throw new AuthProblem(await read(response), response.status);
    if (scope === "others") return;
    forget();
    channel.postMessage("signed out");
  },

  /** As window.fetch; adds the CSRF token, and refreshes once when the token has expired. Text is sent as JSON. */
  async fetch(input, init = {}) {
    const request = new Request(input, init);
    if (typeof init.body === "string" && !new Headers(init.headers).has("Content-Type"))
      request.headers.set("Content-Type", JSON_TYPE);
    const again = request.clone();
    const response = await send(request);
    if (new URL(request.url).origin !== location.origin) return response;
    if (response.status !== 401 && response.status !== 403) return response;
    const { code } = await read(response);
    if (code === "token_expired") return (await renew()) ? send(again) : response;
    // Signed in again in another tab, or in another mode of CSRF: the token of before is not the one that is wanted.
    if (code === "csrf_refused" && (await auth.session())) return send(again);
    if (code === "not_authenticated") forget();
    return response;
  },

  /** Call a function once nobody is signed in any more, whichever tab noticed. Answers a function that stops it. */
  onSignedOut(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
