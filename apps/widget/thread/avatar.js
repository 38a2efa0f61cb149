// avatar.js - a face for an author, drawn from `author.key` without asking any server.

import { icon } from './elements.js';

// Five by five squares, its right half the mirror of the left, in one of 360 hues.
export function avatar(key) {
  let hash = 2166136261;
  for (const char of key) hash = Math.imul(hash ^ char.charCodeAt(0), 16777619);
  let path = '';
  for (let i = 0; i < 15; ++i) {
    const [x, y] = [i % 3, Math.floor(i / 3)];
    if (!((hash >>> (i + 9)) & 1)) continue;
    for (const at of new Set([x, 4 - x])) path += `M${4.5 + at * 3} ${4.5 + y * 3}h3v3h-3z`;
  }
  const face = icon(path);
  face.classList.add('avatar');
  face.part = 'avatar';
  face.style.setProperty('--hue', (hash >>> 0) % 360);
  return face;
}
