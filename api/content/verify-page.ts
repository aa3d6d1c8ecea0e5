/** A single HTML page: text in UTF-8 that begins as HTML does. */
import { createReadStream } from 'node:fs';
import { RefusedFile } from './refused-file.ts';

/** Largest page, in bytes; what is larger is a bundle. */
export const PAGE_BYTES_MAX = 5 * 1024 * 1024;

const HTML_START = /^<(?:!doctype\s+html|html|head|body)[\s>]/i;
const SVG_START = /^<svg[\s/>]/i;
const DECLARATION = /^<(?:\?xml|!doctype\s+svg)[^>]{0,1000}>/i;

/** What a text begins as, past spaces, comments and declarations of XML: null when it is neither. */
export function markupOf(head: string): 'html' | 'svg' | null {
  let rest = head.replace(/^\uFEFF/, '').trimStart();
  for (;;) {
    if (HTML_START.test(rest)) return 'html';
    if (SVG_START.test(rest)) return 'svg';
    const declaration = DECLARATION.exec(rest)?.[0];
    const commentEnd = rest.startsWith('<!--') ? rest.indexOf('-->', 4) : -1;
    if (declaration !== undefined) rest = rest.slice(declaration.length).trimStart();
    else if (commentEnd > 0) rest = rest.slice(commentEnd + 3).trimStart();
    else return null;
  }
}

/** Verifies that the page is text. Rejects with RefusedFile. */
export async function verifyPage(path: string, sizeBytes: number): Promise<void> {
  if (sizeBytes > PAGE_BYTES_MAX) {
    throw new RefusedFile('broken', `The page is larger than ${PAGE_BYTES_MAX} bytes: send it as a ZIP bundle`);
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      text = decoder.decode(chunk, { stream: true });
      if (text.includes('\0')) throw new RefusedFile('broken', 'The page holds bytes that are no text');
    }
    decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new RefusedFile('broken', 'The page is not UTF-8', { cause: error });
    throw error;
  }
}
