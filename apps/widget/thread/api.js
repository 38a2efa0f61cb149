// api.js - asks the server; what goes wrong is a Problem with the code that the API gives it.
//
//   const page = await ask(base, 'GET', '/api/v1/comments?content_id=1');

// `code` is "offline" where nobody answered. `wait`: seconds after which it may be tried again.
export class Problem extends Error {
  constructor({ code, detail, errors }, wait = 0) {
    super(detail ?? code);
    Object.assign(this, { code, detail, errors: errors ?? [], wait });
  }
  get mayPass() {
    return this.code === 'offline' || this.code === 'unavailable';
  }
}

// No cookies, no referrer; `token` proves who asks, `key` makes a retry safe.
export async function ask(base, method, path, { body, token, key, keepalive, headers = {} } = {}) {
  if (body) headers['Content-Type'] = 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;
  if (key) headers['Idempotency-Key'] = key;
  let answer;
  try {
    answer = await fetch(base + path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(20_000),
      keepalive,
    });
  } catch {
    throw new Problem({ code: 'offline' });
  }
  if (answer.status === 204) return null;
  const said = await answer.json().catch(() => ({})); // a proxy's error page is no JSON
  if (answer.ok) return said;
  const code = said.code ?? (answer.status < 500 ? 'failed' : 'unavailable');
  throw new Problem({ ...said, code }, Number(answer.headers.get('Retry-After')));
}

export const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
