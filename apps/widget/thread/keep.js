// keep.js - what this browser keeps for its reader: drafts, votes, proofs of authorship, a name.
//
// Everything is in the host page's localStorage. Only proofs are sent, to the server that made them.
// If the browser refuses that, it is kept in memory until the reader leaves the page.

const memory = new Map();

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? {};
  } catch {
    return memory.get(name) ?? {};
  }
}

function write(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {} // full or refused: the copy in memory stays
}

// keepFor('https://comments.example.com/', '1'): `take(part, id)` returns what is kept there. `put`
// keeps a value, and with null forgets it. Parts: draft, vote, own, and person and proof, which all
// contents share.
export function keepFor(base, contentId) {
  const nameOf = (part) => `comments ${base} ${part[0] === 'p' ? '' : contentId}`;
  const take = (part, id) => read(nameOf(part))[`${part} ${id}`];
  function put(part, id, value) {
    const name = nameOf(part);
    const all = read(name);
    for (const [key, kept] of Object.entries(all)) if (kept?.until < Date.now()) delete all[key];
    all[`${part} ${id}`] = value ?? undefined; // which JSON leaves out
    write(name, all);
  }
  // Returns the ids of all that is kept of a part.
  const idsOf = (part) =>
    Object.keys(read(nameOf(part)))
      .filter((key) => key.startsWith(`${part} `))
      .map((key) => key.slice(part.length + 1));
  return { take, put, idsOf };
}
