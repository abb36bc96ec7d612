// Does one kind of work with sharp, N times in one process.
//
//	node sharp.js MODE FILE N WIDTHxHEIGHT OUT
//
// Prints one line of JSON: the milliseconds of user and system CPU of each iteration, the
// peak resident set in MB, and the bytes of the result. The last result is written to OUT
// unless that is "-".
'use strict';
const fs = require('fs');
const sharp = require('sharp');

const [mode, file, count, box, out] = process.argv.slice(2);
if (mode === 'versions') {
  console.log(JSON.stringify({ version: `sharp ${sharp.versions.sharp} (libvips ${sharp.versions.vips}), node ${process.versions.node}` }));
  process.exit(0);
}
sharp.concurrency(1);
sharp.cache(false);
const [width, height] = box.split('x').map(Number);
const data = fs.readFileSync(file);

const open = () => sharp(data, { limitInputPixels: false, unlimited: true });
const moving = () => sharp(data, { limitInputPixels: false, unlimited: true, animated: true }).resize(width, height, { fit: 'inside', withoutEnlargement: true });
const inside = () => open().resize(width, height, { fit: 'inside', withoutEnlargement: true });
const modes = {
  jpeg: () => inside().jpeg({ quality: 80 }).toBuffer(),
  'jpeg-mozjpeg': () => inside().jpeg({ quality: 80, mozjpeg: true }).toBuffer(),
  webp: () => inside().webp({ quality: 80 }).toBuffer(),
  webpEffort2: () => inside().webp({ quality: 80, effort: 2 }).toBuffer(),
  png: () => inside().png().toBuffer(),
  'moving-webp': () => moving().webp({ quality: 80 }).toBuffer(),
  'moving-gif': () => moving().gif().toBuffer(),
  pixels: () => inside().png({ compressionLevel: 0 }).toBuffer(), // the pixels that it resized to, without loss
};
if (!modes[mode]) throw new Error(`no mode ${mode}`);

(async () => {
  const user = [], sys = [];
  let result;
  for (let i = 0; i < Number(count); i++) {
    const before = process.cpuUsage();
    result = await modes[mode]();
    const used = process.cpuUsage(before);
    user.push(used.user / 1000);
    sys.push(used.system / 1000);
  }
  if (out !== '-') fs.writeFileSync(out, result);
  const peak = /VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'));
  console.log(JSON.stringify({ user, sys, rss: Number(peak[1]) / 1024, bytes: result.length }));
})();
