// Encodes one picture with sharp as JPEG and WebP at many qualities. It measures no time.
//
//	node curves.js FILE FOLDER QUALITY...
//
// Writes FOLDER/sharp-QUALITY.jpg and FOLDER/sharp-QUALITY.webp.
'use strict';
const sharp = require('sharp');
const [file, folder, ...qualities] = process.argv.slice(2);
sharp.concurrency(1);
(async () => {
  for (const q of qualities.map(Number)) {
    await sharp(file).jpeg({ quality: q }).toFile(`${folder}/sharp-${q}.jpg`);
    await sharp(file).webp({ quality: q }).toFile(`${folder}/sharp-${q}.webp`);
  }
})();
