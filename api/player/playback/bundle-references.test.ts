/** References inside of an HTML bundle: what leads to a file of it, what does not, and what stands around them stays as it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dataAddress,
  pathOfReference,
  replaceInCss,
  replaceInModule,
  replaceInSrcset,
  typeOfPath,
} from './bundle-references.ts';

describe('the path of a reference', () => {
  it.each([
    ['a.png', 'index.html', 'a.png'],
    ['./img/a.png', 'index.html', 'img/a.png'],
    ['../img/a%20b.png?v=1#x', 'css/site/main.css', 'css/img/a b.png'],
    ['/assets/app.js', 'deep/down/page.js', 'assets/app.js'],
    ['../../../../etc/passwd', 'css/main.css', 'etc/passwd'],
    ['ü.png', 'index.html', 'ü.png'],
    ['100%.png', 'index.html', '100%.png'],
    ['x.png', 'folder with space/%41.css', 'folder with space/x.png'],
    ['https://bundle.invalid/a.json', 'index.html', 'a.json'],
  ])('%s in %s is %s', (reference, from, path) => {
    expect(pathOfReference(reference, from)).toBe(path);
  });

  it.each([
    '',
    '#top',
    'https://example.com/a.png',
    '//example.com/a.png',
    'data:image/png;base64,AA',
    'blob:x',
    'http://[',
  ])('%s is none of the bundle', (reference) => {
    expect(pathOfReference(reference, 'index.html')).toBeNull();
  });
});

/** Everything of the bundle becomes its path in brackets. */
const marked = (reference: string): string | null => {
  const path = pathOfReference(reference, 'index.html');
  return path === null ? null : `[${path}]`;
};

describe('text with references', () => {
  it('of CSS', () => {
    const css = `@import "base.css"; @import url('print.css') print;
      a { background: url(img/a.png) no-repeat, url( "b.png" ); mask: url(#m); src: url(data:font/woff2;base64,AA) }`;
    expect(replaceInCss(css, marked)).toBe(`@import url("[base.css]"); @import url("[print.css]") print;
      a { background: url("[img/a.png]") no-repeat, url("[b.png]"); mask: url(#m); src: url(data:font/woff2;base64,AA) }`);
  });

  it('of modules', () => {
    const source = `import{a}from"./a.js";import './b.js'; export * from '../c.js'; const d = () => import("./d.js");
      import React from 'react'; const from = './no.js'; const text = "from the top";`;
    expect(replaceInModule(source, marked)).toBe(
      `import{a}from"[a.js]";import "[b.js]"; export * from "[c.js]"; const d = () => import("[d.js]");
      import React from 'react'; const from = './no.js'; const text = "from the top";`,
    );
  });

  it('of srcset', () => {
    expect(replaceInSrcset('a.png 1x, img/b.png 2x, https://example.com/c.png 3x', marked)).toBe(
      '[a.png] 1x, [img/b.png] 2x, https://example.com/c.png 3x',
    );
  });
});

it('types are told by the end of the name', () => {
  expect(['a/b.HTML', 'x.mjs', 'f.woff2', 'noend', 'x.unknown'].map(typeOfPath)).toEqual([
    ...['text/html', 'text/javascript', 'font/woff2', 'application/octet-stream', 'application/octet-stream'],
  ]);
});

it('property: a data address gives the bytes back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200_000 }), (bytes) => {
      const [head, body] = dataAddress('image/png', bytes).split(',');
      expect(head).toBe('data:image/png;base64');
      expect(Buffer.from(body ?? '', 'base64').equals(Buffer.from(bytes))).toBe(true);
    }),
    { numRuns: 30 },
  );
});
