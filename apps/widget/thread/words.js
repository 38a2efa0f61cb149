// words.js - the words of the page's language, with numbers, plurals and times.
//
//   const words = wordsFor('pt-BR', { post: 'Comentar' });
//   words.say('replies', { n: 3 });      // "3 respostas"
//   words.ago('2026-11-28T12:00:00Z');   // "há 2 horas"

import { languages, tables as threadTables } from 'words:thread';

const units = [
  ['year', 31536e3],
  ['month', 2592e3],
  ['week', 604800],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
];

// `own` are words of the site. They may be in a language that is not in `tables`; without them,
// such a language becomes English. A word of the site is a text, or an object with a text for each
// plural form of the language.
export function wordsFor(lang, own = {}, tables = threadTables) {
  const at = languages.findIndex((known) => lang.slice(0, 2) === known.slice(0, 2));
  const table = tables[Math.max(at, 0)];
  let locale = languages[at];
  try {
    if (locale || Object.keys(own).length) [locale] = Intl.getCanonicalLocales(lang);
  } catch {} // it is no language tag
  locale ??= languages[0];
  const plural = new Intl.PluralRules(locale);
  const number = new Intl.NumberFormat(locale);
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
  const form = (word, n) => {
    const rule = plural.select(n);
    if (typeof word !== 'string') return word[rule] ?? word.other;
    const [one, other = one] = word.split('|');
    return rule === 'one' ? one : other;
  };
  return {
    locale,
    has: (key) => key in table,
    number: (n) => number.format(n),
    say: (key, values = {}) =>
      form(own?.[key] ?? table[key], values.n ?? 2).replace(/{(\w+)}/g, (_, name) =>
        name === 'n' ? number.format(values.n) : values[name],
      ),
    ago(time) {
      const seconds = Math.round((Date.parse(time) - Date.now()) / 1000);
      const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
      const isNow = unit === 'second';
      return relative.format(isNow ? 0 : Math.trunc(seconds / size), unit);
    },
    exact: (time) => exact.format(new Date(time)),
  };
}
