// Resizes many pictures with sharp as AWS's blog about Lambda@Edge does: resize, and toFormat with
// the extension of the name. It reads and prints the same lines as pillow.py.
'use strict';
const fs = require('fs');
const sharp = require('sharp');
const readline = require('readline');

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [source, name, webp, width, height, result] = line.split('\t');
    try {
      let format = name.split('.').pop().toLowerCase();
      if (format === 'jpg') format = 'jpeg';
      if (webp === 'true') format = 'webp';
      const out = await sharp(fs.readFileSync(source))
        .resize(Number(width), Number(height), { fit: 'inside', withoutEnlargement: true })
        .toFormat(format, { quality: 95 })
        .toBuffer();
      fs.writeFileSync(result, out);
      console.log(JSON.stringify({ type: `image/${format}` }));
    } catch (e) {
      console.log(JSON.stringify({ error: String(e.message).split('\n')[0] }));
    }
  }
})();
