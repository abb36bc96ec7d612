// The viewer-request function of miniatura, for CloudFront Functions, JavaScript runtime 2.0.
// It leaves nothing in the cache key but size=X, or size=X and to_webp=1, so that the cache holds at
// most seventeen variants of a picture whatever visitors append to its address.
// The rule is that of the resizing function: split on '&', names and values compared literally, no
// percent-decoding; the first size alone decides, and the first to_webp alone.

const SIZES = ['L', 'M', 'S', 'XS', 'SL', 'SM', 'SS', 'SXS'];

// With true, a browser whose Accept header admits image/webp is served as if it had asked to_webp=1.
const AUTO_WEBP = false;

function handler(event) {
    const request = event.request;
    const asked = { size: undefined, to_webp: undefined };
    pairs(request).forEach(function (pair) {
        if (pair[0] === 'size' && asked.size === undefined) asked.size = pair[1];
        if (pair[0] === 'to_webp' && asked.to_webp === undefined) asked.to_webp = pair[1];
    });

    request.querystring = {};
    if (SIZES.indexOf(asked.size) >= 0) {
        request.querystring.size = { value: asked.size };
        if (asked.to_webp === '1' || (AUTO_WEBP && admitsWebP(request.headers.accept))) {
            request.querystring.to_webp = { value: '1' };
        }
    }
    return request;
}

// pairs returns the query as [name, value] in the order in which they came.
function pairs(request) {
    if (typeof request.rawQueryString === 'function') {
        return (request.rawQueryString() || '').split('&').map(function (pair) {
            const i = pair.indexOf('=');
            return i < 0 ? [pair, ''] : [pair.slice(0, i), pair.slice(i + 1)];
        });
    }
    // A runtime without it: the parsed query keeps the first of several values in value.
    return ['size', 'to_webp'].filter(function (name) {
        return Object.prototype.hasOwnProperty.call(request.querystring, name);
    }).map(function (name) {
        return [name, request.querystring[name].value];
    });
}

// admitsWebP reads Accept, RFC 9110 section 12.5.1. Only image/webp itself counts: browsers that
// cannot show WebP send image/* and */* too.
function admitsWebP(accept) {
    if (!accept) return false;
    const values = accept.multiValue ? accept.multiValue.map(function (v) { return v.value; }) : [accept.value];
    return split(values.join(','), ',').some(function (range) {
        const parts = split(range, ';').map(function (s) { return s.trim().toLowerCase(); });
        if (parts[0] !== 'image/webp') return false;
        const q = parts.find(function (s) { return s.startsWith('q='); });
        // A weight that is none (section 12.4.2) does not count as a yes.
        return q === undefined || (/^q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)$/.test(q) && Number(q.slice(2)) > 0);
    });
}

// split cuts s at every c that is not inside a quoted string, RFC 9110 section 5.6.4.
function split(s, c) {
    const out = [];
    let start = 0, quoted = false;
    for (let i = 0; i < s.length; i++) {
        if (quoted && s[i] === '\\') i++;
        else if (s[i] === '"') quoted = !quoted;
        else if (!quoted && s[i] === c) {
            out.push(s.slice(start, i));
            start = i + 1;
        }
    }
    out.push(s.slice(start));
    return out;
}
