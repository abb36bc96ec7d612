"""Resizes many pictures as the article's function does: thumbnail, and save in the format that Pillow found.

Reads lines "source<TAB>name<TAB>webp<TAB>width<TAB>height<TAB>result", and prints a line of JSON for each:
the Content-Type for the name, or the exception with which the function would have ended.
"""
import io
import json
import mimetypes
import sys

from PIL import Image

for line in sys.stdin:
    source, name, webp, width, height, result = line.rstrip('\n').split('\t')
    try:
        with open(source, 'rb') as f:
            picture = Image.open(io.BytesIO(f.read()))
        kind, found = mimetypes.guess_type(name)[0], picture.format
        picture.thumbnail((int(width), int(height)))
        if webp == 'true':
            kind, found = 'image/webp', 'WEBP'
        picture.save(result, format=found, quality=95)
        print(json.dumps({'type': kind}), flush=True)
    except Exception as e:
        print(json.dumps({'error': f'{type(e).__name__}: {e}'}), flush=True)
