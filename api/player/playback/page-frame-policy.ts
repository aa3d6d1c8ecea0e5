/**
 * What a stored page may do. The player puts it as `srcdoc` into a sandboxed frame inside of page-frame.html, and such a document has
 * the policy of the document around it: this one, which comes with page-frame.html as a header, so that no page can take it away.
 *
 * Everything inline, nothing from a network: no request, no picture, no frame, no navigation leads out. The player's own page keeps its
 * strict policy, under which no page of an operator could run a script at all.
 */

/** The name under which the build puts page-frame.html among its assets. */
export const PAGE_FRAME_ASSET = /^assets\/page-frame-[\w-]+\.html$/;

/** `Content-Security-Policy` of page-frame.html. */
export const PAGE_FRAME_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' data: blob:",
  "style-src 'unsafe-inline' data: blob:",
  'img-src data: blob:',
  'font-src data: blob:',
  'media-src data: blob:',
  'connect-src data: blob:',
  'worker-src data: blob:',
  "frame-src 'none'",
  "object-src 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');
