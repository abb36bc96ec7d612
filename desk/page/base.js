// The playground. Everything that comes from outside (keys, errors, log lines) is inserted into the page as text, never as
// markup, which the Content-Security-Policy forbids. The scripts share one scope:
//
//	base.js     elements, words and numbers, requests, the state
//	strip.js    the pictures to choose from, uploads
//	results.js  the table of all sizes and formats
//	compare.js  the comparison and its URL; the markup to copy
//	app.js      the log, the theme, the start
'use strict';

const $ = id => document.getElementById(id);
const own = '/.miniatura/';

/** Returns a new element with children. A prop is the class, a listener (on...), a property, or else an attribute. */
function el(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) {
    if (k === 'class') e.className = v;
    else if (k.startsWith('on')) e.addEventListener(k.slice(2), v);
    else if (k in e) e[k] = v;
    else e.setAttribute(k, v);
  }
  e.append(...children);
  return e;
}

// ---- words and numbers

/** Returns a number of bytes in words. */
function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} kB`;
  return `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} MB`;
}

/** Returns a part in percent, or a dash if the whole is 0. */
function percent(part, whole) {
  if (!whole) return '–';
  const p = 100 * part / whole;
  return `${p >= 10 ? p.toFixed(0) : p >= 1 ? p.toFixed(1) : p.toFixed(2)} %`;
}

/** Returns milliseconds in words. */
function millis(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 1e4 ? 2 : 1)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : 1)} ms`;
}

const formats = {'image/jpeg': 'JPEG', 'image/png': 'PNG', 'image/gif': 'GIF', 'image/bmp': 'BMP', 'image/webp': 'WebP'};
const formatName = type => formats[type] || type || 'unknown format';

/** Shows errors, one per line, until the user dismisses them. */
function complain(...lines) {
  $('alert').replaceChildren(el('ul', {}, ...lines.map(words => el('li', {textContent: words}))),
    el('button', {type: 'button', textContent: 'Dismiss', onclick: () => $('alert').replaceChildren()}));
}

/** Says words to users of a screen reader. */
function say(words) { $('status').textContent = words; }

// ---- requests

/** Fetches url. Throws an error with the answer's text when the answer is not ok. */
async function ask(url, options = {}) {
  let answer;
  try {
    answer = await fetch(url, {cache: 'no-store', ...options});
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Error('The server does not answer. Is miniatura still running?');
  }
  if (!answer.ok) throw new Error((await answer.text()).trim() || `The server answered ${answer.status}.`);
  return answer;
}

/** Returns the picture in an answer's body, with the dimensions that the browser gives it: 0 when it cannot show it. */
async function picture(answer) {
  const blob = await answer.blob();
  const url = URL.createObjectURL(blob);
  blobs.push(url);
  const image = new Image();
  image.src = url;
  let w = 0, h = 0;
  try {
    await image.decode();
    [w, h] = [image.naturalWidth, image.naturalHeight];
  } catch { /* the browser cannot show it, but its bytes are known */ }
  return {url, bytes: blob.size, w, h, type: answer.headers.get('Content-Type')};
}

/** Returns the header Server-Timing as {name: milliseconds}. */
function timings(answer) {
  const t = {};
  for (const part of (answer.headers.get('Server-Timing') || '').split(',')) {
    const m = part.trim().match(/^([\w-]+);dur=([\d.]+)$/);
    if (m) t[m[1]] = Number(m[2]);
  }
  return t;
}

/** Copies text to the clipboard, and says so on the button that was clicked. */
async function copy(text, button) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
    say('Copied to the clipboard.');
  } catch {
    complain('The browser does not let this page use the clipboard. Here it is: ' + text);
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

// ---- state

let catalogue = {sizes: [], pictures: [], quality: 80, page: 1, pages: 1};
let chosen = null;                // the chosen picture in the catalogue: {key, path, bytes, version}
let original = null;              // what picture() returned for the chosen one
let results = new Map();          // what load() found, by resultId
let work = new AbortController(); // aborts the work on the chosen picture
let blobs = [];                   // object URLs to revoke

// webp is 1 for a result in WebP, and 0 for one in the original's format.
const resultId = (size, webp) => `${size}/${webp}`;
const resultQuery = (size, webp) => `?size=${size}${webp ? '&to_webp=1' : ''}`;
const resultPath = (size, webp) => chosen.path + resultQuery(size, webp);
