'use strict';

// ---- the pictures to choose from: one page of them, one tab stop, a filter

/** Returns an element with a key. If the key is too long, its middle is left out; its last 9 letters are always there. */
function caption(key) {
  const letters = [...key];
  const cut = Math.max(0, letters.length - 9);
  return el('span', {class: 'caption'}, el('bdi', {}, el('span', {class: 'head', textContent: letters.slice(0, cut).join('')}), el('span', {class: 'tail', textContent: letters.slice(cut).join('')})));
}

/** Shows the catalogue's page of pictures as buttons. */
function showStrip() {
  const strip = $('strip');
  strip.replaceChildren(...catalogue.pictures.map(p => {
    const image = el('img', {alt: '', loading: 'lazy', decoding: 'async', src: `${own}preview?key=${encodeURIComponent(p.key)}&size=${smallest()}&quality=75&v=${p.version}`});
    image.addEventListener('error', () => image.replaceWith(el('span', {class: 'none', textContent: 'no preview'})));
    const b = el('button', {type: 'button', title: p.key, onclick: () => choose(p), tabIndex: -1}, el('span', {class: 'thumb'}, image), caption(p.key), el('span', {textContent: bytes(p.bytes)}));
    b.dataset.key = p.key;
    return b;
  }));
  if (catalogue.pictures.length === 0) {
    strip.append(el('p', {class: 'note', textContent: $('filter').value ? 'No picture has that in its name.' : 'There is no picture here yet.'}));
  }
  $('pager').hidden = catalogue.pages < 2;
  $('p-where').textContent = `${catalogue.first} to ${catalogue.first + catalogue.pictures.length - 1} of ${catalogue.total}`;
  $('p-before').disabled = catalogue.page <= 1;
  $('p-after').disabled = catalogue.page >= catalogue.pages;
  $('left-out').textContent = catalogue.leftOut || '';
  if (catalogue.trouble) complain('The bucket cannot be listed: ' + catalogue.trouble);
  markChosen();
}

/** Returns the name of the size with the smallest box. */
function smallest() {
  return catalogue.sizes.reduce((a, s) => Math.max(...s.wide) < Math.max(...a.wide) ? s : a).name;
}

/** Marks the button of the chosen picture. That button, or else the first one, becomes the only tab stop of the strip. */
function markChosen() {
  const all = [...$('strip').querySelectorAll('button')];
  let stop = all[0];
  for (const b of all) {
    const isChosen = chosen !== null && b.dataset.key === chosen.key;
    b.setAttribute('aria-pressed', String(isChosen));
    b.tabIndex = -1;
    if (isChosen) stop = b;
  }
  if (stop) stop.tabIndex = 0;
}

/** Moves the focus within the strip: by the arrow keys, Home and End. */
function stripKeys(event) {
  const all = [...$('strip').querySelectorAll('button')];
  const at = all.indexOf(document.activeElement);
  const next = {ArrowRight: all[at + 1], ArrowLeft: all[at - 1], Home: all[0], End: all.at(-1)}[event.key];
  if (at < 0 || !next) return;
  all[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  event.preventDefault();
}

let listing = new AbortController(); // aborts the request for a page

/** Gets and shows a page of the pictures that match the filter: the one with the key at, or else the one with a number. */
async function loadCatalogue(page, at = '') {
  listing.abort();
  listing = new AbortController();
  const query = new URLSearchParams({page, find: $('filter').value, at});
  catalogue = await (await ask(`${own}pictures?${query}`, {signal: listing.signal})).json();
  showStrip();
}

/** Turns to a page of pictures, and says which pictures are on it. */
async function turn(page) {
  try {
    await loadCatalogue(page);
    $('strip').scrollLeft = 0;
    say(`Pictures ${$('p-where').textContent}.`);
  } catch (e) {
    if (e.name !== 'AbortError') complain(e.message);
  }
}

let filterTimer = 0;

function filterSoon() {
  clearTimeout(filterTimer);
  filterTimer = setTimeout(() => turn(1), 200);
}

/** Uploads files one after the other, names all that failed, and chooses the last that did not. */
async function upload(files) {
  let last = null;
  const failed = [];
  for (const file of files) {
    say(`Uploading ${file.name}.`);
    try {
      if (file.size > catalogue.maxBytes) throw new Error(`it has ${bytes(file.size)}, and the function takes at most ${bytes(catalogue.maxBytes)}`);
      last = await (await ask(`${own}pictures?name=${encodeURIComponent(file.name)}`, {method: 'PUT', body: file})).json();
    } catch (e) {
      failed.push(`${file.name}: ${e.message}`);
    }
  }
  if (failed.length) complain(...failed);
  if (!last) return;
  try {
    $('filter').value = '';
    await loadCatalogue(1, last.key);
    await choose(catalogue.pictures.find(p => p.key === last.key) || last);
  } catch (e) {
    if (e.name !== 'AbortError') complain(...failed, e.message);
  }
}
