// Runs the viewer-request function as CloudFront does, for the Go tests. It reads one question per line
// from stdin and writes one answer per line to stdout, both as JSON. The function's context contains only
// the language, as in CloudFront Functions' runtime 2.0: no require, process, timers or eval.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import vm from 'node:vm';

function load(code) {
    const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
    vm.runInContext('"use strict";\n' + code, context);
    return context;
}

// collapse returns pairs in the documented form ("CloudFront Functions event structure"). For a name that
// occurs several times, value is the first value and multiValue has all of them.
function collapse(pairs) {
    const object = Object.create(null);
    for (const [name, value] of pairs) {
        if (!(name in object)) object[name] = { value };
        else (object[name].multiValue ??= [{ value: object[name].value }]).push({ value });
    }
    return object;
}

function ask(context, q) {
    const pairs = (q.query || '').split('&').filter((p) => p !== '').map((p) => {
        const i = p.indexOf('=');
        return i < 0 ? [p, ''] : [p.slice(0, i), p.slice(i + 1)];
    });
    const request = {
        method: 'GET', uri: q.uri ?? '/a.jpg', cookies: {}, querystring: collapse(pairs),
        headers: { host: { value: 'x' }, ...collapse((q.accept || []).map((v) => ['accept', v])) },
    };
    if (!q.parsed) request.rawQueryString = () => q.query ?? undefined;
    const event = {
        version: '1.0', context: { eventType: 'viewer-request' }, viewer: { ip: '203.0.113.1' }, request,
    };
    context.event = event;
    const got = vm.runInContext('handler(event)', context);
    if (typeof got.uri !== 'string' || got.method !== 'GET' || got.headers.host.value !== 'x') throw new Error('more than the path and the query changed');
    const query = Object.entries(got.querystring).map(([name, v]) => {
        if (Object.keys(v).join() !== 'value') throw new Error('an odd value: ' + JSON.stringify(v));
        return name + '=' + v.value;
    }).join('&');
    return { uri: got.uri, query };
}

const code = { true: load(readFileSync(process.argv[2], 'utf8')), false: load(readFileSync(process.argv[3], 'utf8')) };
for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
        const q = JSON.parse(line);
        answer = ask(code[!!q.auto], q);
    } catch (e) {
        answer = { error: String(e) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
}
