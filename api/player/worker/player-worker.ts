/**
 * The player's service worker: has the page load without a network. Only in secure contexts (https, localhost); elsewhere a
 * player must not be closed while it is offline, and that is all that is lost.
 *
 * States of a build: being installed (all of its files are fetched into a cache of its own, or the install fails and the build
 * before stays); active (every page that loads is this build, whole). Invariants: a page and its files are of one build; the
 * API, config.json and media never pass through here.
 */
import { outdatedCaches, SHELL_CACHE, shellFileOf, type ShellFiles } from './shell-plan.ts';

/** Put in by vite.config.ts when the build is done. */
declare const PODOH_SHELL: ShellFiles;

/** As much of ServiceWorkerGlobalScope as is used here: its types and the page's cannot be had together. */
interface WorkerScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'install' | 'activate', listener: (event: LifeEvent) => void): void;
  addEventListener(name: 'fetch', listener: (event: AskEvent) => void): void;
}
interface LifeEvent {
  waitUntil(work: Promise<unknown>): void;
}
interface AskEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const worker = globalThis as unknown as WorkerScope;
const { scope } = worker.registration;
const CACHE = SHELL_CACHE + PODOH_SHELL.version;

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll(PODOH_SHELL.files.map((name) => new Request(new URL(name, scope), { cache: 'no-cache' })));
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  for (const name of outdatedCaches(await caches.keys(), CACHE)) await caches.delete(name);
  await worker.clients.claim();
}

async function answer(request: Request, name: string): Promise<Response> {
  const address = new URL(name, scope).href;
  const own = await (await caches.open(CACHE)).match(address);
  return own ?? (await caches.match(address)) ?? fetch(request);
}

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
worker.addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return;
  const name = shellFileOf(event.request.url, scope, PODOH_SHELL);
  if (name !== null) event.respondWith(answer(event.request, name));
});
