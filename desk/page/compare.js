'use strict';

// ---- before and after, and the URL

let previewWork = new AbortController();
let previewTimer = 0;
let shown = null; // the right side of the comparison: a result or a preview

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

/** Shows the stored result, or a preview when the slider has another quality. */
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

function figures(r, before, after) {
  $('c-figures').replaceChildren(before, el('b', {class: 'num', textContent: bytes(r.bytes)}), ` instead of ${bytes(original.bytes)}: `, el('b', {class: 'num', textContent: percent(r.bytes, original.bytes)}),
    `, for ${r.w} × ${r.h}.${after}`);
}

function show(r, tag) {
  shown = r;
  $('picture').hidden = !original.w; // there is nothing to compare with
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
    width = Math.min($('scroller').clientWidth, 0.62 * innerHeight * aspect, Math.max(shown.w, 260));
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

/** Returns the address of the distribution that the user typed, with https:// before a bare domain, or this server's. */
function domain() {
  const given = $('m-domain').value.trim().replace(/\/+$/, '');
  if (!given) return location.origin;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : 'https://' + given.replace(/^\/+/, '');
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
