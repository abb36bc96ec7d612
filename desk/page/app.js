'use strict';

// ---- log

let logSeq = 0;

/** Adds the requests since logSeq to the log, the newest at the top. */
async function readLog() {
  let entries;
  try {
    entries = await (await ask(`${own}log?since=${logSeq}`)).json();
  } catch { return; } // try again at the next poll
  for (const e of entries) {
    if (e.seq <= logSeq) continue; // another poll, begun while this one waited, has written it
    logSeq = e.seq;
    const words = [e.record.totalMs !== undefined ? millis(e.record.totalMs) : '', e.record.outBytes ? bytes(e.record.outBytes) : '', e.record.error || ''].filter(Boolean).join(', ');
    const badge = {hit: 'stored', resized: 'made'}[e.record.decision] || 'passed';
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

/** Sets the theme to light, dark or system, and remembers it. */
function theme(next) {
  document.documentElement.style.colorScheme = next === 'system' ? '' : next;
  $('theme').textContent = `Theme: ${next}`;
  $('theme').dataset.theme = next;
  try { localStorage.setItem('theme', next); } catch { /* private windows */ }
}

// ---- start

/** Shows what needs scripts, adds all listeners, and chooses the first picture. */
function start() {
  // These four sections are shown when a picture is chosen.
  for (const e of document.querySelectorAll('.script')) {
    if (!['compare', 'results', 'markup', 'log'].includes(e.id)) e.hidden = false;
  }
  $('links').open = location.hash === '#links';
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
  $('filter').addEventListener('input', filterSoon);
  $('p-before').addEventListener('click', () => turn(catalogue.page - 1));
  $('p-after').addEventListener('click', () => turn(catalogue.page + 1));
  $('again').addEventListener('click', makeAgain);

  for (const id of ['c-size', 'c-format']) $(id).addEventListener('change', showCompare);
  $('c-zoom').addEventListener('change', layout);
  addEventListener('resize', layout);
  $('c-quality').addEventListener('input', () => { $('c-quality-value').textContent = $('c-quality').value; showCompare(); });
  $('c-split').addEventListener('input', () => split(Number($('c-split').value)));
  $('stagebox').addEventListener('pointerdown', e => { $('stagebox').setPointerCapture(e.pointerId); dragSplit(e); e.preventDefault(); });
  $('stagebox').addEventListener('pointermove', dragSplit);
  $('u-copy').addEventListener('click', e => copy(domain() + resultPath($('c-size').value, Number($('c-format').value)), e.currentTarget));

  for (const r of document.querySelectorAll('input[name=family]')) r.addEventListener('change', showMarkup);
  $('m-domain').addEventListener('input', showMarkup);
  $('m-copy').addEventListener('click', e => copy($('m-code').textContent, e.currentTarget));
  $('l-clear').addEventListener('click', () => $('lines').replaceChildren());
  setInterval(() => { if (!document.hidden && chosen) readLog(); }, 3000);

  let asked = ''; // the key in the address
  try { asked = decodeURIComponent(location.hash.slice(1)); } catch { /* not ours */ }
  loadCatalogue(1, asked).then(() => {
    $('c-size').replaceChildren(...catalogue.sizes.map(s => el('option', {value: s.name, textContent: s.name})));
    // Compare the size whose box is nearest to 800 pixels wide, in which most of a page of text can be read.
    $('c-size').value = catalogue.sizes.reduce((a, s) => Math.abs(s.wide[0] - 800) < Math.abs(a.wide[0] - 800) ? s : a).name;
    const first = catalogue.pictures.find(p => p.key === asked) || catalogue.pictures[0];
    if (first) return choose(first);
  }).catch(e => complain(e.message));
}

start();
