// moderation.js - the moderators' page: signs in, and opens the desk.
//
// The token is kept for this tab alone (sessionStorage) and sent to this server alone.

import { ask } from '../thread/api.js';
import { alertLine, button, h } from '../thread/elements.js';
import { wordsFor } from '../thread/words.js';
import { openDesk } from './desk.js';
import { tables } from 'words:moderation';

const name = 'comments moderator token';
const lang = new URLSearchParams(location.search).get('lang') ?? navigator.language;
const words = wordsFor(lang, {}, tables);
const { say } = words;
const base = location.pathname.replace(/\/moderation\/?$/, '');
const bar = document.querySelector('#bar');
const main = document.querySelector('#desk');
document.documentElement.lang = words.locale;

function explain(why) {
  if (/^(unauthenticated|forbidden)$/.test(why.code)) return say('refused');
  return words.has(why.code) ? say(why.code) : say('failed', { why: why.message });
}

function signIn(problem = '') {
  const token = h('input', { type: 'password', autocomplete: 'off', required: true });
  const fault = alertLine(problem);
  const form = h(
    'form.signin',
    { onsubmit: send },
    h('h1', {}, say('moderation')),
    h('label.field', {}, h('span', {}, say('token')), token),
    h('small', {}, say('hint')),
    fault,
    h('button.primary', {}, say('enter')),
  );
  bar.replaceChildren(bar.firstElementChild);
  main.replaceChildren(form);
  token.focus();

  async function send(event) {
    event.preventDefault();
    try {
      await ask(base, 'GET', '/api/v1/moderation/queue?limit=1', { token: token.value });
      sessionStorage.setItem(name, token.value);
      open(token.value);
    } catch (why) {
      fault.textContent = explain(why);
      token.select();
    }
  }
}

function open(token) {
  const desk = openDesk({
    main,
    words,
    explain,
    base,
    ask: (method, path, more) => ask(base, method, path, { ...more, token }),
    refused: () => leave(say('refused')),
  });
  const leave = (why) => {
    sessionStorage.removeItem(name);
    desk.close();
    signIn(why);
  };
  bar.append(button('leave', () => leave(), say('leave')));
}

const known = sessionStorage.getItem(name);
if (known) open(known);
else signIn();
