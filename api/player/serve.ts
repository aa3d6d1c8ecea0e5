/** Serves the built player at /player/: files, the address of the hub, and a policy that lets the page do only what it must. */
import fastifyStatic from '@fastify/static';
import type { FastifyContextConfig, FastifyInstance, FastifyReply } from 'fastify';
import { PAGE_FRAME_ASSET, PAGE_FRAME_POLICY } from './playback/page-frame-policy.ts';

export interface ServePlayerOptions {
  /** Absolute path of the built player, dist/player. */
  readonly root: string;
  /**
   * Address of the hub for screens: `https://hub.example.com`, or `:8081` for "the host this page came from, on that port",
   * which is what an embedded hub without a name of its own needs.
   */
  readonly hubUrl: string;
}

/** A year, in milliseconds: the names of built assets change with their content. */
const IMMUTABLE_MS = 365 * 24 * 60 * 60 * 1000;

/**
 * The page itself runs only its own files. Content may come from wherever operators put it (a bucket, a CDN, a camera), so
 * pictures, films and sandboxed frames may come from any web address, and from what is stored in the browser (`blob:`) or made
 * there for a picture of the screen (`data:`); scripts and styles may not.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self' ws: wss: http: https: blob: data:",
  "img-src 'self' http: https: blob: data:",
  "media-src 'self' http: https: blob: data:",
  "frame-src 'self' http: https: blob:",
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** What api/route.ts asks of every route: screens are nobody until they are paired. */
const OPEN: FastifyContextConfig & { policy: 'public'; bucket: 'none' } = { policy: 'public', bucket: 'none' };

/** Fastify plugin: `GET /player/*`, `GET /player/config.json`. Register it with `app.register(servePlayer, options)`. */
export async function servePlayer(app: FastifyInstance, options: ServePlayerOptions): Promise<void> {
  await app.register(fastifyStatic, { root: options.root, serve: false, cacheControl: false, dotfiles: 'ignore' });

  app.get('/player', { config: OPEN }, (_request, reply) => reply.redirect('/player/', 308));

  app.get('/player/config.json', { config: OPEN }, (_request, reply) => {
    withPolicy(reply).header('cache-control', 'no-store');
    return reply.send({ hubUrl: options.hubUrl });
  });

  app.get<{ Params: { '*': string } }>('/player/*', { config: OPEN }, (request, reply) => {
    const name = request.params['*'];
    withPolicy(reply);
    // The one page that is not the player's own: what operators made runs inside of it, under a policy of its own.
    if (PAGE_FRAME_ASSET.test(name)) reply.header('content-security-policy', PAGE_FRAME_POLICY);
    if (name.startsWith('assets/'))
      return reply.sendFile(name, { cacheControl: true, maxAge: IMMUTABLE_MS, immutable: true });
    reply.header('cache-control', 'no-cache');
    return reply.sendFile(name === '' ? 'index.html' : name);
  });
}

function withPolicy(reply: FastifyReply): FastifyReply {
  return reply
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer');
}
