"""Does one kind of work with Pillow, N times in one process.

    python3 pillow.py MODE FILE N WIDTHxHEIGHT OUT

Prints one line of JSON, as sharp.js does.
"""
import io
import json
import resource
import sys

import PIL
from PIL import Image, features

mode = sys.argv[1]
if mode == 'versions':
    turbo = features.version('libjpeg_turbo') if features.check_feature('libjpeg_turbo') else None
    print(json.dumps({'version': f'Pillow {PIL.__version__} (libjpeg-turbo {turbo}), Python {sys.version.split()[0]}'}))
    sys.exit(0)

file, count, out = sys.argv[2], int(sys.argv[3]), sys.argv[5]
box = tuple(map(int, sys.argv[4].split('x')))
Image.MAX_IMAGE_PIXELS = None
with open(file, 'rb') as f:
    data = f.read()


def cpu():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime * 1000, r.ru_stime * 1000


user, sys_, result = [], [], b''
for _ in range(count):
    u, s = cpu()
    picture = Image.open(io.BytesIO(data))
    picture.thumbnail(box)
    result = io.BytesIO()
    if mode == 'pixels':
        picture.save(result, 'PNG', compress_level=0)
    else:
        picture.save(result, mode.upper(), quality=80)
    u1, s1 = cpu()
    user.append(u1 - u)
    sys_.append(s1 - s)

if out != '-':
    with open(out, 'wb') as f:
        f.write(result.getvalue())
peak = 0
with open('/proc/self/status') as f:
    for line in f:
        if line.startswith('VmHWM'):
            peak = int(line.split()[1]) / 1024
print(json.dumps({'user': user, 'sys': sys_, 'rss': peak, 'bytes': len(result.getvalue())}))
