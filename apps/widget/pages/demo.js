// demo.js - fills in where this server is, and copies the two lines.

const origin = new URL('.', location.href).href.replace(/\/$/, '');

for (const place of document.querySelectorAll('[data-origin]')) place.textContent = location.origin;
const lines = document.querySelector('#lines');
lines.textContent = lines.textContent.replace('"/embed.js"', `"${origin}/embed.js"`);

for (const button of document.querySelectorAll('[data-copy]')) {
  button.hidden = !navigator.clipboard; // there is none without HTTPS
  button.onclick = async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = 'Copied';
  };
}
