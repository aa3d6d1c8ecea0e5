/** Reading JSON bodies: Fastify's own parser, which refuses `__proto__`, behind a look at how deep the text nests. */
import type { FastifyInstance } from 'fastify';
import { apiError } from './errors.ts';

/** Deepest nesting of a body; deeper ones would only be found by walkers that recurse. */
const DEPTH_MAX = 64;

/** True when the text nests deeper than `max`. Brackets inside strings do not count. */
function nestsDeeper(text: string, max: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') {
      if (++depth > max) return true;
    } else if (char === '}' || char === ']') depth--;
  }
  return false;
}

/** Makes the application read `application/json` and nothing else. An empty body is no body. */
export function readJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (text === '') done(null, undefined);
    else if (nestsDeeper(text, DEPTH_MAX))
      done(apiError('VALIDATION_ERROR', `The body nests deeper than ${DEPTH_MAX}`));
    else
      void parse(request, text, (error, value) => {
        if (error) done(apiError('VALIDATION_ERROR', 'The body is not valid JSON'));
        else done(null, value);
      });
  });
}
