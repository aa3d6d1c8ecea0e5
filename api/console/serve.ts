/** Serves the built console at /console/: its files, and for every other path below it the page, which knows its own routes. */
import fastifyStatic from '@fastify/static';
import type { FastifyContextConfig, FastifyInstance, FastifyReply } from 'fastify';

export interface ServeConsoleOptions {
  /** Absolute path of the built console, dist/console. */
  readonly root: string;
}

/** A year, in milliseconds: the names of built assets change with their content. */
const IMMUTABLE_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * The page runs only its own scripts. Its component library sets styles at run time. Media may come from the store's own address
 * (a bucket, by redirect), uploads may go there, and a page of content is looked at in a sandboxed frame.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "script-src-attr 'none'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self' ws: wss: http: https:",
  "img-src 'self' data: blob: http: https:",
  "media-src 'self' blob: http: https:",
  'frame-src http: https: blob:',
  "font-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What api/route.ts asks of every route: the page is for everybody, what it shows is asked of the API with a token. */
const OPEN: FastifyContextConfig & { policy: 'public'; bucket: 'none' } = { policy: 'public', bucket: 'none' };

/** Fastify plugin: `GET /` and `GET /console` lead to `GET /console/*`. Register it with `app.register(serveConsole, options)`. */
export async function serveConsole(app: FastifyInstance, options: ServeConsoleOptions): Promise<void> {
  await app.register(fastifyStatic, {
    root: options.root,
    serve: false,
    cacheControl: false,
    dotfiles: 'ignore',
    // The build puts .br and .gz beside its texts.
    preCompressed: true,
  });

  app.get('/', { config: OPEN }, (_request, reply) => reply.redirect('/console/', 302));
  app.get('/console', { config: OPEN }, (_request, reply) => reply.redirect('/console/', 308));

  app.get<{ Params: { '*': string } }>('/console/*', { config: OPEN }, (request, reply) => {
    const name = request.params['*'];
    withPolicy(reply);
    if (name.startsWith('assets/'))
      return reply.sendFile(name, { cacheControl: true, maxAge: IMMUTABLE_MS, immutable: true });
    reply.header('cache-control', 'no-cache');
    return reply.sendFile('index.html');
  });
}

function withPolicy(reply: FastifyReply): FastifyReply {
  return reply
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'same-origin');
}
