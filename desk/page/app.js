// The playground. Everything that comes from outside (keys, errors, log lines) enters the page as text, never as markup:
// the Content-Security-Policy forbids the other way.
'use strict';

const $ = id => document.getElementById(id);
const own = '/.miniatura/';

/** Makes an element. props are properties, or attributes where the name has a dash or a property does not exist. */
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

function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(n < 1e5 ? 1 : 0)} kB`;
  return `${(n / 1e6).toFixed(n < 1e7 ? 2 : 1)} MB`;
}

function percent(part, whole) {
  const p = 100 * part / whole;
  return `${p >= 10 ? p.toFixed(0) : p >= 1 ? p.toFixed(1) : p.toFixed(2)} %`;
}

function millis(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(ms < 1e4 ? 2 : 1)} s`;
  return `${ms.toFixed(ms >= 100 ? 0 : 1)} ms`;
}

const formats = {'image/jpeg': 'JPEG', 'image/png': 'PNG', 'image/gif': 'GIF', 'image/bmp': 'BMP', 'image/webp': 'WebP'};
const formatName = type => formats[type] || type || 'unknown format';

function complain(words) {
  $('alert').replaceChildren(el('span', {textContent: words}), el('button', {type: 'button', textContent: 'Dismiss', onclick: () => $('alert').replaceChildren()}));
}

function say(words) { $('status').textContent = words; }

/** Fetches url and fails in words when the answer is not ok. */
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

let catalogue = {sizes: [], pictures: [], quality: 80};
let chosen = null;              // the picture: {key, path, bytes, version}
let original = null;            // its bytes: {url, bytes, w, h, type}
let results = new Map();        // `${size}/${webp}` -> result
let work = new AbortController(); // what is under way for the chosen picture
let blobs = [];                 // object URLs to give back

const resultId = (size, webp) => `${size}/${webp}`;
const resultPath = (size, webp) => `${chosen.path}?size=${size}${webp ? '&to_webp=1' : ''}`;

// ---- pictures to choose from

function showStrip() {
  const strip = $('strip');
  strip.replaceChildren(...catalogue.pictures.map(p => {
    const image = el('img', {alt: '', loading: 'lazy', decoding: 'async', src: `${own}preview?key=${encodeURIComponent(p.key)}&size=SXS&quality=75&v=${p.version}`});
    image.addEventListener('error', () => image.remove()); // no picture, whatever its name says
    const b = el('button', {type: 'button', title: p.key, onclick: () => choose(p)}, el('span', {class: 'thumb'}, image), el('span', {textContent: p.key, dir: 'auto'}), el('span', {textContent: bytes(p.bytes)}));
    b.dataset.key = p.key;
    b.setAttribute('aria-pressed', String(chosen !== null && chosen.key === p.key));
    return b;
  }));
  if (catalogue.pictures.length === 0) strip.append(el('p', {class: 'note', textContent: 'There is no picture here yet.'}));
  if (catalogue.trouble) complain('The bucket cannot be listed: ' + catalogue.trouble);
}

function stripKeys(event) {
  const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
  if (!step) return;
  const all = [...$('strip').querySelectorAll('button')];
  const next = all[all.indexOf(document.activeElement) + step];
  if (next) { next.focus(); event.preventDefault(); }
}

async function loadCatalogue() {
  catalogue = await (await ask(own + 'pictures')).json();
  showStrip();
}

async function upload(files) {
  let last = null;
  for (const file of files) {
    say(`Uploading ${file.name}.`);
    try {
      if (file.size > catalogue.maxBytes) throw new Error(`it has ${bytes(file.size)}, and the function takes at most ${bytes(catalogue.maxBytes)}.`);
      last = await (await ask(`${own}pictures?name=${encodeURIComponent(file.name)}`, {method: 'PUT', body: file})).json();
    } catch (e) {
      complain(`${file.name}: ${e.message}`);
    }
  }
  if (!last) return;
  try {
    await loadCatalogue();
    await choose(catalogue.pictures.find(p => p.key === last.key) || last);
  } catch (e) { complain(e.message); }
}

// ---- one picture, sixteen results

/** Reads an answer's body and finds out the picture's dimensions, as a viewer sees it. */
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
  } catch { /* the browser cannot show it; its bytes still count */ }
  return {url, bytes: blob.size, w, h, type: answer.headers.get('Content-Type')};
}

/** Server-Timing as {name: milliseconds}. */
function timings(answer) {
  const t = {};
  for (const part of (answer.headers.get('Server-Timing') || '').split(',')) {
    const m = part.trim().match(/^([\w-]+);dur=([\d.]+)$/);
    if (m) t[m[1]] = Number(m[2]);
  }
  return t;
}

async function choose(p) {
  work.abort();
  work = new AbortController();
  const signal = work.signal;
  for (const url of blobs) URL.revokeObjectURL(url);
  blobs = [];
  chosen = p;
  original = null;
  results = new Map();
  history.replaceState(null, '', '#' + encodeURIComponent(p.key));
  for (const b of $('strip').querySelectorAll('button')) b.setAttribute('aria-pressed', String(b.dataset.key === p.key));
  for (const id of ['results', 'compare', 'markup', 'log']) $(id).hidden = false;
  $('results-title').replaceChildren('Results for ', el('bdi', {textContent: p.key}));
  $('original').textContent = '';
  $('summary').textContent = '';
  showGrid();
  clearCompare();
  say(`Asking for sixteen results of ${p.key}.`);
  try {
    original = await picture(await ask(p.path, {signal}));
    if (signal.aborted) return;
    $('original').replaceChildren('The original: ', el('b', {textContent: original.w ? `${original.w} × ${original.h}` : 'not shown by this browser'}),
      `, ${bytes(original.bytes)}, ${formatName(original.type)}. `, el('a', {href: p.path, target: '_blank', rel: 'noopener', textContent: 'Open it'}));
    const wanted = catalogue.sizes.flatMap(s => [0, 1].map(webp => [s.name, webp]));
    const hand = async () => { for (let next; (next = wanted.shift()) && !signal.aborted;) await load(...next, signal); };
    await Promise.all([hand(), hand()]); // as many as serve decodes at once
    if (signal.aborted) return;
    say(`All results of ${p.key} are here.`);
    showMarkup();
  } catch (e) {
    if (e.name !== 'AbortError') complain(`${p.key}: ${e.message}`);
  } finally {
    if (!signal.aborted) readLog();
  }
}

async function load(size, webp, signal) {
  const r = {size, webp};
  try {
    const answer = await ask(resultPath(size, webp), {signal});
    Object.assign(r, await picture(answer));
    r.times = timings(answer);
    r.cache = answer.headers.get('X-Cache');
    try { r.record = JSON.parse(answer.headers.get('X-Miniatura-Record')); } catch { r.record = {}; }
    r.passed = r.record.decision === 'unchanged';
  } catch (e) {
    if (e.name === 'AbortError') return;
    r.error = e.message;
  }
  if (signal.aborted) return;
  results.set(resultId(size, webp), r);
  showTile(r);
  showSummary();
  const [s, f] = [$('c-size').value, Number($('c-format').value)];
  if (size === s && webp === f) showCompare();
}

function showSummary() {
  const made = [...results.values()].filter(r => !r.error && !r.passed);
  if (made.length === 0) return;
  const hits = made.filter(r => r.cache === 'Hit').length;
  const sum = made.reduce((a, r) => a + r.bytes, 0);
  const time = made.reduce((a, r) => a + (r.times.function || 0), 0);
  $('summary').replaceChildren(el('b', {textContent: `${made.length} results`}), `, ${bytes(sum)} together, `,
    `${hits} of them stored already; the function took ${millis(time)} for all.`);
}

function showGrid() {
  $('grid').replaceChildren(...catalogue.sizes.map(s => {
    const [wide, tall] = [s.wide.join(' × '), s.tall.join(' × ')];
    const tiles = [0, 1].map(webp => el('div', {class: 'tile', id: `tile-${s.name}-${webp}`},
      el('div', {class: 'top'}, el('span', {class: 'kind', textContent: webp ? 'WebP' : 'Same format'}), el('span', {class: 'badge', textContent: '…'})),
      el('div', {class: 'frame wait'})));
    return el('article', {class: 'card', 'aria-label': `Size ${s.name}`},
      el('h3', {}, s.name, el('small', {textContent: wide === tall ? `fits ${wide}` : `fits ${wide}, tall ones ${tall}`})), el('div', {class: 'pair'}, ...tiles));
  }));
}

const stageName = {head: 'HEAD', wait: 'waited', get: 'GET', resize: 'resize', put: 'PUT'};

function showTile(r) {
  const tile = $(`tile-${r.size}-${r.webp}`);
  const name = `${r.size}${r.webp ? ', WebP' : ''}`;
  if (r.error) {
    tile.replaceChildren(el('div', {class: 'top'}, el('span', {class: 'kind', textContent: r.webp ? 'WebP' : 'Same format'}), el('span', {class: 'badge failed', textContent: 'failed'})),
      el('p', {class: 'small', textContent: r.error}));
    return;
  }
  const [badge, title] = r.passed ? ['passed', 'The function returned the request unchanged: the original answered'] :
    r.cache === 'Hit' ? ['hit', 'A stored result answered; nothing was decoded'] : ['miss', 'The result was made now, and stored'];
  const stages = ['head', 'wait', 'get', 'resize', 'put'].filter(s => r.times[s] > 0);
  const all = stages.reduce((a, s) => a + r.times[s], 0) || 1;
  const bar = el('div', {class: 'stages', title: stages.map(s => `${stageName[s]} ${millis(r.times[s])}`).join(', ')});
  for (const s of stages) {
    const i = el('i', {class: 's-' + s});
    i.style.width = `${100 * r.times[s] / all}%`;
    bar.append(i);
  }
  const meter = el('div', {class: r.bytes > original.bytes ? 'meter over' : 'meter', title: 'bytes, of the original'}, el('i'));
  meter.firstChild.style.width = percentWidth(r.bytes, original.bytes);
  const took = el('div', {class: 'small num'}, el('b', {class: 'whole', textContent: millis(r.times.function || 0)}));
  if (r.passed) took.append(': ' + (r.record.error || 'unchanged'));
  stages.forEach((s, i) => took.append(i ? ', ' : ': ', el('span', {class: 'whole', textContent: `${stageName[s]} ${millis(r.times[s])}`})));
  tile.replaceChildren(
    el('div', {class: 'top'}, el('span', {class: 'kind', textContent: formatName(r.type)}), el('span', {class: 'badge ' + badge, textContent: badge, title})),
    el('div', {class: 'frame'}, el('img', {src: r.url, alt: `${chosen.key} at size ${name}`})),
    el('div', {class: 'big num', textContent: bytes(r.bytes)}),
    el('div', {class: 'small num'}, el('b', {class: 'whole', textContent: r.w ? `${r.w} × ${r.h}` : 'not shown'}), ', ', el('span', {class: 'whole', textContent: `${percent(r.bytes, original.bytes)} of the original`})),
    meter,
    took,
    bar,
    el('div', {class: 'actions'},
      el('button', {type: 'button', textContent: 'Compare', 'aria-label': `Compare ${name} with the original`, onclick: () => compare(r.size, r.webp)}),
      el('button', {type: 'button', textContent: 'Copy URL', 'aria-label': `Copy the URL of ${name}`, onclick: e => copy(domain() + resultPath(r.size, r.webp), e.currentTarget)})));
}

function percentWidth(part, whole) { return `${Math.min(100, 100 * part / whole)}%`; }

async function makeAgain() {
  if (!chosen) return;
  const button = $('again');
  button.disabled = true;
  try {
    await ask(`${own}results?key=${encodeURIComponent(chosen.key)}`, {method: 'DELETE'});
    await choose(chosen);
  } catch (e) {
    if (e.name !== 'AbortError') complain(e.message);
  } finally {
    button.disabled = false;
  }
}

// ---- before and after

let previewWork = new AbortController();
let previewTimer = 0;
let shown = null; // what the right side shows: a result or a preview

function clearCompare() {
  shown = null;
  previewWork.abort();
  $('c-quality').value = $('c-quality').dataset.stored;
  $('c-quality-value').textContent = $('c-quality').value;
  $('c-figures').textContent = '';
  for (const id of ['c-before', 'c-after']) $(id).removeAttribute('src');
  $('stagebox').style.height = '240px';
  $('stagebox').style.width = '100%';
}

function compare(size, webp) {
  $('c-size').value = size;
  $('c-format').value = String(webp);
  showCompare();
  $('compare').scrollIntoView({block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'});
  $('c-split').focus({preventScroll: true});
}

/** Shows the stored result, or a preview when the quality slider stands elsewhere. */
function showCompare() {
  const r = results.get(resultId($('c-size').value, Number($('c-format').value)));
  if (!r || r.error || !original) return;
  const quality = Number($('c-quality').value);
  if (quality === Number($('c-quality').dataset.stored) || r.passed) {
    previewWork.abort();
    clearTimeout(previewTimer);
    show(r, r.passed ? 'passed through' : `${r.size}${r.webp ? ' WebP' : ''}, quality ${quality}`);
    figures(r, r.passed ? 'The original passes through: ' + (r.record.error || '') : `Stored at quality ${quality}: `, !r.passed);
    return;
  }
  clearTimeout(previewTimer);
  previewTimer = setTimeout(() => preview(r, quality), 120);
}

async function preview(r, quality) {
  previewWork.abort();
  previewWork = new AbortController();
  const signal = previewWork.signal;
  try {
    const answer = await ask(`${own}preview?key=${encodeURIComponent(chosen.key)}&size=${r.size}${r.webp ? '&webp=1' : ''}&quality=${quality}`, {signal});
    const made = await picture(answer);
    if (signal.aborted) return;
    show(made, `preview, quality ${quality}`);
    const change = 100 * (made.bytes / r.bytes - 1);
    figures(made, `Preview at quality ${quality}: `, true,
      ` ${Math.abs(change) < 0.05 ? 'The same' : `${change > 0 ? '+' : '−'}${Math.abs(change).toFixed(1)} %`} against the stored ${bytes(r.bytes)}; resized in ${millis(timings(answer).resize || 0)}, nothing stored.`);
  } catch (e) {
    if (e.name !== 'AbortError') complain(e.message);
  }
}

function figures(r, before, numbers, after = '') {
  $('c-figures').replaceChildren(before);
  if (numbers) $('c-figures').append(el('b', {class: 'num', textContent: `${bytes(r.bytes)}`}), ` for ${r.w} × ${r.h}, ${percent(r.bytes, original.bytes)} of the original.${after}`);
}

function show(r, tag) {
  shown = r;
  if ($('c-before').getAttribute('src') !== original.url) $('c-before').src = original.url;
  $('c-after').src = r.url;
  $('c-tag').textContent = tag;
  layout();
}

function layout() {
  if (!shown || !shown.w) return;
  const zoom = $('c-zoom').value, box = $('stagebox');
  const aspect = shown.w / shown.h;
  let width;
  if (zoom === 'fit') {
    width = Math.min($('scroller').clientWidth, 0.7 * innerHeight * aspect, Math.max(shown.w, 260));
  } else {
    width = shown.w * Number(zoom) / devicePixelRatio;
  }
  box.style.width = `${width}px`;
  box.style.height = `${width / aspect}px`;
  box.classList.toggle('sharp', Number(zoom) >= 2);
}

function split(percentage) {
  $('stagebox').style.setProperty('--split', `${percentage}%`);
}

function dragSplit(event) {
  if (event.buttons !== 1) return;
  const r = $('stagebox').getBoundingClientRect();
  const at = Math.max(0, Math.min(100, 100 * (event.clientX - r.left) / r.width));
  $('c-split').value = at;
  split(at);
}

// ---- markup

function domain() {
  const given = $('m-domain').value.trim().replace(/\/+$/, '');
  return given || location.origin;
}

const attribute = s => s.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

function showMarkup() {
  const square = document.querySelector('input[name=family]:checked').value === 'square';
  const names = catalogue.sizes.filter(s => (s.wide.join() === s.tall.join()) === square).map(s => s.name);
  const made = webp => {
    const widths = new Set();
    return names.map(n => results.get(resultId(n, webp))).filter(r => r && !r.error && !r.passed && r.w)
      .sort((a, b) => a.w - b.w).filter(r => !widths.has(r.w) && widths.add(r.w));
  };
  const srcset = (list, indent) => list.map(r => `${attribute(domain() + resultPath(r.size, r.webp))} ${r.w}w`).join(',\n' + ' '.repeat(indent));
  const same = made(0), webp = made(1);
  if (same.length === 0) {
    $('m-code').textContent = chosen && results.size ? `<img src="${attribute(domain() + chosen.path)}" alt="">` : '';
    return;
  }
  const middle = same[Math.min(1, same.length - 1)];
  const lines = ['<picture>'];
  if (webp.length) lines.push(`  <source type="image/webp" sizes="100vw"`, `          srcset="${srcset(webp, 18)}">`);
  lines.push(`  <img src="${attribute(domain() + resultPath(middle.size, 0))}" sizes="100vw"`, `       srcset="${srcset(same, 15)}"`,
    `       width="${middle.w}" height="${middle.h}" loading="lazy" decoding="async" alt="">`, '</picture>');
  $('m-code').textContent = lines.join('\n');
}

// ---- log

let logSeq = 0;

async function readLog() {
  let entries;
  try {
    entries = await (await ask(`${own}log?since=${logSeq}`)).json();
  } catch { return; } // the next time, perhaps
  for (const e of entries) {
    logSeq = Math.max(logSeq, e.seq);
    const words = [e.record.totalMs !== undefined ? millis(e.record.totalMs) : '', e.record.outBytes ? bytes(e.record.outBytes) : '', e.record.error || ''].filter(Boolean).join(', ');
    const badge = {hit: 'hit', resized: 'miss'}[e.record.decision] || 'passed';
    const body = el('div', {class: 'body'});
    const line = el('details', {}, el('summary', {}, el('span', {class: 'badge ' + badge, textContent: e.record.decision || 'failed'}),
      el('code', {textContent: `${e.method} ${e.url}`}), el('span', {class: 'note', textContent: words})), body);
    line.addEventListener('toggle', () => {
      if (body.childElementCount) return;
      const part = (title, text) => body.append(el('h4', {textContent: title}), el('pre', {textContent: text, tabIndex: 0}));
      part('The log line', JSON.stringify(e.record));
      if (e.s3 && e.s3.length) part('What the local S3 was asked meanwhile', e.s3.join('\n'));
      part('The event that went in', JSON.stringify(e.event, null, 2));
      part('The request that came out', JSON.stringify(e.answer, null, 2));
    });
    $('lines').prepend(line);
  }
  while ($('lines').childElementCount > 100) $('lines').lastElementChild.remove();
}

// ---- theme

function theme(next) {
  document.documentElement.style.colorScheme = next === 'system' ? '' : next;
  $('theme').textContent = `Theme: ${next}`;
  $('theme').dataset.theme = next;
  try { localStorage.setItem('theme', next); } catch { /* private windows */ }
}

// ---- start

function start() {
  for (const e of document.querySelectorAll('.script')) {
    if (!['results', 'compare', 'markup', 'log'].includes(e.id)) e.hidden = false;
  }
  $('links').open = false;
  let stored = 'system';
  try { stored = localStorage.getItem('theme') || 'system'; } catch { /* private windows */ }
  theme(['light', 'dark'].includes(stored) ? stored : 'system');
  $('theme').addEventListener('click', () => theme({system: 'light', light: 'dark', dark: 'system'}[$('theme').dataset.theme]));

  $('file').addEventListener('change', () => { upload([...$('file').files]); $('file').value = ''; });
  const drop = $('drop');
  addEventListener('dragover', e => { e.preventDefault(); drop.classList.add('over'); });
  addEventListener('dragleave', e => { if (!e.relatedTarget) drop.classList.remove('over'); });
  addEventListener('drop', e => { e.preventDefault(); drop.classList.remove('over'); if (e.dataTransfer.files.length) upload([...e.dataTransfer.files]); });
  addEventListener('paste', e => { if (e.clipboardData.files.length) upload([...e.clipboardData.files]); });
  $('strip').addEventListener('keydown', stripKeys);
  $('again').addEventListener('click', makeAgain);

  for (const id of ['c-size', 'c-format']) $(id).addEventListener('change', showCompare);
  $('c-zoom').addEventListener('change', layout);
  addEventListener('resize', layout);
  $('c-quality').addEventListener('input', () => { $('c-quality-value').textContent = $('c-quality').value; showCompare(); });
  $('c-split').addEventListener('input', () => split(Number($('c-split').value)));
  $('stagebox').addEventListener('pointerdown', e => { $('stagebox').setPointerCapture(e.pointerId); dragSplit(e); e.preventDefault(); });
  $('stagebox').addEventListener('pointermove', dragSplit);

  for (const r of document.querySelectorAll('input[name=family]')) r.addEventListener('change', showMarkup);
  $('m-domain').addEventListener('input', showMarkup);
  $('m-copy').addEventListener('click', e => copy($('m-code').textContent, e.currentTarget));
  $('l-clear').addEventListener('click', () => $('lines').replaceChildren());
  setInterval(() => { if (!document.hidden && chosen) readLog(); }, 3000);

  loadCatalogue().then(() => {
    $('c-size').replaceChildren(...catalogue.sizes.map(s => el('option', {value: s.name, textContent: s.name})));
    $('c-size').value = 'S';
    let asked = '';
    try { asked = decodeURIComponent(location.hash.slice(1)); } catch { /* not ours */ }
    const first = catalogue.pictures.find(p => p.key === asked) || catalogue.pictures[0];
    if (first) return choose(first);
  }).catch(e => complain(e.message));
}

start();
