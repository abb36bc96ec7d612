'use strict';

// ---- one picture, a result for each size and format

/** Chooses the picture p: gets the original, and then every result. Work on the previous picture is aborted. */
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
  markChosen();
  for (const id of ['compare', 'results', 'markup', 'log']) $(id).hidden = false;
  $('results-title').replaceChildren('Every size of ', el('bdi', {textContent: p.key}));
  $('original').textContent = '';
  $('banner').hidden = true;
  const first = [$('c-size').value, Number($('c-format').value)]; // the result that the comparison shows
  const wanted = [first, ...catalogue.sizes.flatMap(s => [0, 1].map(webp => [s.name, webp])).filter(w => w.join() !== first.join())];
  showRows();
  clearCompare();
  showSummary(wanted.length);
  say(`Asking for ${wanted.length} results of ${p.key}.`);
  try {
    original = await picture(await ask(p.path, {signal}));
    if (signal.aborted) return;
    $('original').replaceChildren('The original: ', el('b', {textContent: original.w ? `${original.w} × ${original.h}` : 'not shown by this browser'}),
      `, ${bytes(original.bytes)}, ${formatName(original.type)}. `, el('a', {href: p.path, target: '_blank', rel: 'noopener', textContent: 'Open it'}));
    const count = wanted.length;
    const worker = async () => {
      for (let next; (next = wanted.shift()) && !signal.aborted;) {
        await load(...next, signal);
        if (!signal.aborted) showSummary(count);
      }
    };
    await Promise.all([worker(), worker()]); // as many as serve decodes at once
    if (signal.aborted) return;
    say(`All results of ${p.key} are here.`);
    showMarkup();
  } catch (e) {
    if (e.name !== 'AbortError') complain(`${p.key}: ${e.message}`);
  } finally {
    if (!signal.aborted) readLog();
  }
}

/** Gets one result and shows it: what picture() returns, and times, cache, record, passed; or only error. */
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
  if (r.passed) showBanner(r);
  if (size === $('c-size').value && webp === Number($('c-format').value)) showCompare();
}

/** Says that the picture passes through, once for all results: if one is impossible, the others are too. */
function showBanner(r) {
  $('banner').replaceChildren(el('b', {textContent: 'This picture passes through.'}),
    ` Whatever the size, visitors get the original: ${r.record.error || 'the function returned the request unchanged'}.`);
  $('banner').hidden = false;
}

/** Shows how many of count results are here, and how long they took together. */
function showSummary(count) {
  const here = [...results.values()];
  const progress = $('progress');
  [progress.max, progress.value, progress.hidden] = [count, here.length, here.length === count];
  const made = here.filter(r => !r.error && !r.passed);
  $('summary').replaceChildren();
  if (here.length < count) $('summary').append(el('b', {textContent: `${here.length} of ${count}`}), ' results are here. ');
  if (made.length) {
    const stored = made.filter(r => r.cache === 'Hit').length;
    $('summary').append(`${made.length} results, `, el('b', {textContent: bytes(made.reduce((a, r) => a + r.bytes, 0))}), ` together; ${stored === 0 ? 'all made now' : stored === made.length ? 'all were stored already' : `${stored} of them were stored already`}.`);
  }
  showStages(made);
}

const stageName = {head: 'look up (HEAD)', wait: 'wait for others', get: 'fetch (GET)', resize: 'resize', put: 'store (PUT)'};

/** Draws one bar for the function's time for all results, with a part for each stage, and the stages' names. */
function showStages(made) {
  const sum = {};
  for (const r of made) for (const s of Object.keys(stageName)) if (r.times[s] > 0) sum[s] = (sum[s] || 0) + r.times[s];
  const stages = Object.keys(stageName).filter(s => sum[s]);
  const all = stages.reduce((a, s) => a + sum[s], 0);
  $('stages').hidden = stages.length === 0;
  $('stages-title').textContent = `Where the function's ${millis(all)} for ${made.length} results went. What is stored already is looked up, and nothing is decoded.`;
  $('stages-bar').replaceChildren(...stages.map(s => {
    const part = el('i', {class: 's-' + s});
    part.style.flexGrow = String(sum[s] / all);
    return part;
  }));
  $('stages-names').replaceChildren(...stages.map(s => el('li', {class: 's-' + s}, `${stageName[s]} `, el('b', {class: 'num', textContent: millis(sum[s])}))));
}

/** Shows the table with a row for each size, whose tiles wait for results. */
function showRows() {
  $('rows').replaceChildren(...catalogue.sizes.map(s => {
    const [wide, tall] = [s.wide.join(' × '), s.tall.join(' × ')];
    return el('tr', {}, el('th', {scope: 'row'}, s.name, el('small', {textContent: wide === tall ? wide : `${wide}, or ${tall}`})),
      ...[0, 1].map(webp => el('td', {id: `tile-${s.name}-${webp}`, class: 'tile wait'}, el('span', {class: 'note', textContent: 'waiting'}))));
  }));
}

/** Shows the result r, or its error, in its tile of the table. */
function showTile(r) {
  const tile = $(`tile-${r.size}-${r.webp}`);
  const name = `${r.size}${r.webp ? ', WebP' : ''}`;
  tile.className = 'tile';
  if (r.error) {
    tile.replaceChildren(el('div', {class: 'cell'}, el('div', {class: 'words'}, el('span', {class: 'badge failed', textContent: 'failed'}), el('span', {class: 'small', textContent: r.error}))));
    return;
  }
  const [badge, words, title] = r.passed ? ['passed', 'passed through', 'The function returned the request unchanged: the original answered'] :
    r.cache === 'Hit' ? ['stored', 'stored', 'A stored result answered; nothing was decoded'] : ['made', 'made now', 'The result was made now, and stored'];
  tile.replaceChildren(el('div', {class: 'cell'},
    el('button', {type: 'button', class: 'thumb', 'aria-label': `Compare ${name} with the original`, title: 'Compare', onclick: () => compare(r.size, r.webp)},
      r.w ? el('img', {src: r.url, alt: ''}) : el('span', {class: 'none', textContent: 'not shown'})),
    el('div', {class: 'words num'},
      el('span', {class: 'whole'}, r.w ? `${r.w} × ${r.h}` : 'not shown', r.webp ? '' : ` ${formatName(r.type)}`),
      el('span', {}, el('b', {textContent: bytes(r.bytes)}), r.passed ? '' : el('span', {class: 'soft whole', textContent: ` ${percent(r.bytes, original.bytes)}`, title: 'of the original\'s bytes'})),
      el('span', {class: 'soft whole', textContent: millis(r.times.function || 0), title: 'The function\'s time'}),
      el('span', {class: 'badge ' + badge, textContent: words, title})),
    el('button', {type: 'button', class: 'quiet copy', textContent: 'Copy URL', 'aria-label': `Copy the URL of ${name}`, onclick: e => copy(domain() + resultPath(r.size, r.webp), e.currentTarget)})));
}

/** Deletes the stored results of the chosen picture, and asks for all of them. */
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
