import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownHtml, shownUrl } from './html.ts';

const shown = { host: '10.0.0.1:80', prefix: '/p/proxy' };

test('absolute paths of the page’s own host move below the prefix', () => {
  for (const [url, want] of [
    ['/a', '/p/proxy/a'],
    ['/a/?x=1#y', '/p/proxy/a/?x=1#y'],
    ['http://10.0.0.1:80/a', '/p/proxy/a'],
    ['//10.0.0.1:80/a', '/p/proxy/a'],
    ['/p/proxy/a', '/p/proxy/a'],
    ['a', 'a'],
    ['', ''],
    ['#x', '#x'],
    ['http://elsewhere/a', 'http://elsewhere/a'],
    ['//elsewhere/a', '//elsewhere/a'],
    ['mailto:x@y', 'mailto:x@y'],
  ] as const)
    assert.equal(shownUrl(url, shown), want, url);
});

test('links of a page are moved, everything else stays', () => {
  for (const [html, want] of [
    ['<a href="/x">t</a>', '<a href="/p/proxy/x">t</a>'],
    [`<IMG alt='a>b' src='/i.png'>`, `<IMG alt='a>b' src='/p/proxy/i.png'>`],
    ['<form action=/go><p title="/x">', '<form action="/p/proxy/go"><p title="/x">'],
    ['<!-- <a href="/x"> --><a href="/y">', '<!-- <a href="/x"> --><a href="/p/proxy/y">'],
    ['<script src="/s.js">"<a href=\'/x\'>"</script>', '<script src="/p/proxy/s.js">"<a href=\'/x\'>"</script>'],
    ['a < b <', 'a < b <'],
    ['<a href="/x', '<a href="/x'],
  ] as const)
    assert.equal(shownHtml(html, shown), want);
});

test('a hostile page does not take long', () => {
  const started = performance.now();
  for (const text of [
    '<a href='.repeat(100_000),
    '<'.repeat(500_000),
    '<script>'.repeat(50_000),
    '<a "'.repeat(100_000),
    `<a ${'a'.repeat(500_000)}>`,
    `<a ${'a =\t'.repeat(100_000)}>`,
  ])
    shownHtml(text, shown);
  assert.ok(performance.now() - started < 2_000);
});
