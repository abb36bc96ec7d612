'use strict';

// ---- before and after, and the URL

let previewWork = new AbortController();
let previewTimer = 0;
let shown = null; // what is compared with the original: a result or a preview

/** Empties the comparison, until the first result of a newly chosen picture is here. */
function clearCompare() {
  shown = null;
  previewWork.abort();
  $('c-quality').value = $('c-quality').dataset.stored;
  $('c-quality-value').textContent = $('c-quality').value;
  $('c-figures').textContent = 'The result is on its way.';
  for (const id of ['c-before', 'c-after']) $(id).removeAttribute('src');
  $('picture').hidden = false;
  $('stagebox').style.height = '240px';
  $('stagebox').style.width = '100%';
  showURL();
}

/** Brings a result into the comparison, and the comparison into view. */
function compare(size, webp) {
  $('c-size').value = size;
  $('c-format').value = String(webp);
  showCompare();
  $('compare').scrollIntoView({block: 'start', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth'});
  $('c-split').focus({preventScroll: true});
}

/** Shows the URL of the compared result as a link. */
function showURL() {
  const [size, webp] = [$('c-size').value, Number($('c-format').value)];
  $('u-link').href = resultPath(size, webp);
  $('u-path').textContent = location.origin + chosen.path;
  $('u-query').textContent = resultQuery(size, webp);
}

/** Compares the stored result, or a preview when the slider has another quality than the stored result. */
function showCompare() {
  if (!chosen) return;
  showURL();
  const r = results.get(resultId($('c-size').value, Number($('c-format').value)));
  if (!r || !original) return;
  if (r.error) {
    $('c-figures').textContent = r.error;
    return;
  }
  const quality = Number($('c-quality').value);
  if (quality === Number($('c-quality').dataset.stored) || r.passed) {
    previewWork.abort();
    clearTimeout(previewTimer);
    show(r, r.passed ? 'passed through' : `${r.size}${r.webp ? ' WebP' : ''}`);
    if (r.passed) $('c-figures').textContent = 'The original passes through.';
    else figures(r, '', ` ${r.cache === 'Hit' ? 'Stored' : 'Made now and stored'} at quality ${quality}.`);
    return;
  }
  clearTimeout(previewTimer);
  previewTimer = setTimeout(() => preview(r, quality), 120);
}

/** Asks for a preview of the result r at another quality, and compares that. */
async function preview(r, quality) {
  previewWork.abort();
  previewWork = new AbortController();
  const signal = previewWork.signal;
  try {
    const answer = await ask(`${own}preview?key=${encodeURIComponent(chosen.key)}&size=${r.size}${r.webp ? '&webp=1' : ''}&quality=${quality}`, {signal});
    const made = await picture(answer);
    if (signal.aborted) return;
    show(made, `quality ${quality}`);
    const change = 100 * (made.bytes / r.bytes - 1);
    figures(made, `Preview at quality ${quality}: `,
      ` ${Math.abs(change) < 0.05 ? 'The same' : `${change > 0 ? '+' : '−'}${Math.abs(change).toFixed(1)} %`} against the stored ${bytes(r.bytes)}; resized in ${millis(timings(answer).resize || 0)}, nothing stored.`);
  } catch (e) {
    if (e.name !== 'AbortError') complain(e.message);
  }
}

/** Writes the bytes and dimensions of r, between the texts before and after. */
function figures(r, before, after) {
  $('c-figures').replaceChildren(before, el('b', {class: 'num', textContent: bytes(r.bytes)}), ` instead of ${bytes(original.bytes)}: `, el('b', {class: 'num', textContent: percent(r.bytes, original.bytes)}),
    `, for ${r.w} × ${r.h}.${after}`);
}

/** Shows r beside the original, with a tag in the picture's corner. */
function show(r, tag) {
  shown = r;
  $('picture').hidden = !original.w; // there is nothing to compare with
  if ($('c-before').getAttribute('src') !== original.url) $('c-before').src = original.url;
  $('c-after').src = r.url;
  $('c-tag').textContent = tag;
  layout();
}

/** Sets the dimensions of the comparison. Zoom "fit": within the column, 62 % of the window's height, and shown's width or 260. */
function layout() {
  if (!shown || !shown.w) return;
  const zoom = $('c-zoom').value, box = $('stagebox');
  const aspect = shown.w / shown.h;
  let width;
  if (zoom === 'fit') {
    width = Math.min($('scroller').clientWidth, 0.62 * innerHeight * aspect, Math.max(shown.w, 260));
  } else {
    width = shown.w * Number(zoom) / devicePixelRatio;
  }
  box.style.width = `${width}px`;
  box.style.height = `${width / aspect}px`;
  box.classList.toggle('sharp', Number(zoom) >= 2);
}

/** Moves the seam, left of which the original is shown. */
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

/** Returns the address that the user typed, with https:// before a bare domain, or else this server's address. */
function domain() {
  const given = $('m-domain').value.trim().replace(/\/+$/, '');
  if (!given) return location.origin;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : 'https://' + given.replace(/^\/+/, '');
}

/** Returns s as it is written in an attribute between double quotes. */
const attribute = s => s.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

/** Shows a <picture> element with those results of the chosen family of sizes that are here. */
function showMarkup() {
  const square = document.querySelector('input[name=family]:checked').value === 'square';
  const names = catalogue.sizes.filter(s => (s.wide.join() === s.tall.join()) === square).map(s => s.name);
  // The results of one format, by width; only one of each width.
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
  const fallback = same[Math.min(1, same.length - 1)]; // for browsers without srcset: the second narrowest
  const lines = ['<picture>'];
  if (webp.length) lines.push(`  <source type="image/webp" sizes="100vw"`, `          srcset="${srcset(webp, 18)}">`);
  lines.push(`  <img src="${attribute(domain() + resultPath(fallback.size, 0))}" sizes="100vw"`, `       srcset="${srcset(same, 15)}"`,
    `       width="${fallback.w}" height="${fallback.h}" loading="lazy" decoding="async" alt="">`, '</picture>');
  $('m-code').textContent = lines.join('\n');
}
