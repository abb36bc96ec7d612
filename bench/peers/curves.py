"""Encodes one picture with Pillow as JPEG and WebP at many qualities. It measures no time.

    python3 curves.py FILE FOLDER QUALITY...

Writes FOLDER/pillow-QUALITY.jpg and FOLDER/pillow-QUALITY.webp.
"""
import sys

from PIL import Image

picture = Image.open(sys.argv[1]).convert('RGB')
for quality in sys.argv[3:]:
    picture.save(f'{sys.argv[2]}/pillow-{quality}.jpg', quality=int(quality))
    picture.save(f'{sys.argv[2]}/pillow-{quality}.webp', quality=int(quality))
