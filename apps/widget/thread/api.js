// api.js - requests to the server. A failure is an error with the API's code.
//
//   const page = await ask(base, 'GET', '/api/v1/comments?content_id=1');

// Returns an error. `code` is "offline" if no answer came, `mayPass` says that a retry may help,
// and `wait` is the number of seconds after which it may be tried again.
const problem = ({ code, detail, errors = [] }, wait = 0) =>
  Object.assign(new Error(detail ?? code), {
    code,
    detail,
    errors,
    wait,
    mayPass: code === 'offline' || code === 'unavailable',
  });

// Returns the JSON of the answer. Sends no cookies and no referrer. `token` identifies the client,
// `key` makes a retry safe.
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
    throw problem({ code: 'offline' });
  }
  if (answer.status === 204) return null;
  const result = await answer.json().catch(() => ({})); // a proxy's error page is no JSON
  if (answer.ok) return result;
  const code = result.code ?? (answer.status < 500 ? 'failed' : 'unavailable');
  throw problem({ ...result, code }, Number(answer.headers.get('Retry-After')));
}

export const randomKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
