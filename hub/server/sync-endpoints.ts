/**
 * The HTTP half of the device contract, base `/api/v1/sync`: the same state, receipts, commands and logs as over the socket,
 * by the same code underneath.
 */
import { hash } from 'node:crypto';
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { decodeBody } from '../../protocol/codec.ts';
import { FRAME_BYTES_MAX } from '../../protocol/limits.ts';
import type { Manifest } from '../../protocol/sync.ts';
import { syncValidators, type WireValidator } from '../../protocol/validators.ts';
import type { DeviceRecord } from '../core/model.ts';
import { ObjectStoreUnavailableError } from '../core/ports.ts';
import type { Admission } from './admission.ts';
import { isTokenShaped } from './authenticator.ts';
import { takeCommandFile } from './command-file.ts';
import { receiptRows, speaker, usageRows } from './device-words.ts';
import { COMMIT_WITHIN_MS, heartbeat } from './heartbeat.ts';
import type { HubContext } from './hub-context.ts';
import { DeviceRates } from './device-rates.ts';
import { Exchange } from './http-exchange.ts';
import { exchangeToken, register } from './pairing-desk.ts';
import { cutAmbiguous } from './request-framing.ts';

const BASE = '/api/v1/sync';
/** How long a token that is newer than what this node knows waits for the log. */
const NEWER_WITHIN_MS = 300;
type Handler = (exchange: Exchange) => Promise<void>;

export class SyncEndpoints {
  readonly #context: HubContext;
  readonly #admission: Admission;
  readonly #rates = new DeviceRates();
  /** Devices that send a file now: each holds up to COMMAND_FILE_BYTES_MAX of memory. */
  readonly #uploading = new Set<number>();
  #underWay = 0;

  constructor(context: HubContext, admission: Admission) {
    this.#context = context;
    this.#admission = admission;
  }

  /** Requests being answered, held heartbeats included. */
  get underWay(): number {
    return this.#underWay;
  }

  mount(app: TemplatedApp): void {
    const on = (handler: Handler) => (res: HttpResponse, req: HttpRequest) => this.#run(res, req, handler);
    app.post(
      `${BASE}/register`,
      on((exchange) => this.#register(exchange)),
    );
    app.post(
      `${BASE}/token`,
      on((exchange) => this.#token(exchange)),
    );
    app.post(
      `${BASE}/heartbeat`,
      on((exchange) => this.#heartbeat(exchange)),
    );
    app.get(
      `${BASE}/schedule`,
      on((exchange) => this.#schedule(exchange)),
    );
    app.post(
      `${BASE}/receipts`,
      on((exchange) => this.#receipts(exchange)),
    );
    app.post(
      `${BASE}/log`,
      on((exchange) => this.#log(exchange)),
    );
    app.put(
      `${BASE}/commands/:commandId/file`,
      on((exchange) => this.#commandFile(exchange)),
    );
    app.options(`${BASE}/*`, (res, req) => this.#preflight(res, req));
  }

  /** CORS (Fetch standard §3.2): only origins that are on the list are told that they may read the answer. */
  #cors(origin: string): Record<string, string> {
    if (origin === '' || !this.#context.settings.allowedOrigins.includes(origin)) return {};
    return {
      'Access-Control-Allow-Origin': origin,
      Vary: 'Origin',
      'Access-Control-Expose-Headers': 'ETag, Retry-After',
    };
  }

  #preflight(res: HttpResponse, req: HttpRequest): void {
    const cors = this.#cors(req.getHeader('origin'));
    res.cork(() => {
      res.writeStatus('204 No Content');
      for (const [name, value] of Object.entries(cors)) res.writeHeader(name, value);
      if (cors['Vary'] !== undefined) {
        res.writeHeader('Access-Control-Allow-Methods', 'GET, POST, PUT');
        res.writeHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, If-None-Match');
        res.writeHeader('Access-Control-Max-Age', '600');
      }
      res.endWithoutBody();
    });
  }

  #run(res: HttpResponse, req: HttpRequest, handler: Handler): void {
    const { log, store, settings } = this.#context;
    const address = this.#admission.addressOf(res, req);
    const origin = req.getHeader('origin');
    if (cutAmbiguous(res, req, settings.trustProxy !== false)) return;
    const exchange = new Exchange(res, req, address, this.#cors(origin));
    if (origin !== '' && !settings.allowedOrigins.includes(origin)) {
      exchange.refuse('FORBIDDEN', 'this origin may not call');
      return;
    }
    this.#underWay += 1;
    handler(exchange)
      .catch((error: unknown) => {
        if (store.isUnavailable(error)) exchange.refuse('UNAVAILABLE', 'the database is away: try again');
        else if (error instanceof ObjectStoreUnavailableError) {
          log.warn({ err: error }, 'the object store is away');
          exchange.refuse('UNAVAILABLE', 'the file could not be stored now: send it again', { retryAfterSeconds: 5 });
        } else {
          log.error({ err: error }, 'answering a device failed');
          exchange.refuse('INTERNAL', 'something went wrong here');
        }
      })
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  #failed(exchange: Exchange): void {
    this.#admission.failed(exchange.address, this.#context.clock.monotonicMs());
  }

  #tooManyFailures(exchange: Exchange): void {
    exchange.refuse('RATE_LIMITED', 'too many failed attempts from this address', { retryAfterSeconds: 10 });
  }

  /** The decoded body, or null when it was refused. */
  async #body<T>(exchange: Exchange, validator: WireValidator<T>): Promise<T | null> {
    const bytes = await exchange.body(FRAME_BYTES_MAX);
    if (bytes === null) return null;
    if (!/^application\/json\s*(;|$)/i.test(exchange.contentType)) {
      exchange.refuse('UNSUPPORTED_MEDIA_TYPE', 'send application/json');
      return null;
    }
    const decoded = decodeBody(bytes, validator);
    if (decoded.ok) return decoded.body;
    if (decoded.why === 'too-large') exchange.refuse('PAYLOAD_TOO_LARGE', `at most ${FRAME_BYTES_MAX} bytes`);
    else exchange.refuse('VALIDATION_ERROR', `body refused: ${decoded.why}`, { details: decoded.details });
    return null;
  }

  /** The device that speaks, or null when it was refused. Reads nothing of the body before it is known. */
  async #device(exchange: Exchange): Promise<DeviceRecord | null> {
    const { authenticator, directory, follower, model, clock } = this.#context;
    const token = /^bearer (.+)$/i.exec(exchange.authorization)?.[1]?.trim() ?? '';
    const nowMs = clock.monotonicMs();
    if (
      !this.#admission.mayTry(exchange.address, nowMs) &&
      !(isTokenShaped(token) && (authenticator.remembers(token) || this.#admission.mayProve(exchange.address, nowMs)))
    ) {
      this.#tooManyFailures(exchange);
      return null;
    }
    const verified = await authenticator.verify(token);
    if (!verified.ok || authenticator.isRevoked(verified.claims.sub)) {
      this.#failed(exchange);
      exchange.refuse('UNAUTHENTICATED', verified.ok ? 'this device was revoked' : `device token ${verified.why}`);
      return null;
    }
    const { claims } = verified;
    if (directory.isOutdated(claims.sub, claims.ver)) {
      this.#failed(exchange);
      exchange.refuse('UNAUTHENTICATED', 'this token is not good any more');
      return null;
    }
    if (!this.#rates.mayAsk(claims.sub, nowMs)) {
      exchange.refuse('RATE_LIMITED', 'this device asks too often', { retryAfterSeconds: 2 });
      return null;
    }
    const found = await directory.load(claims.sub);
    if (!found.ok && (found.why === 'unavailable' || !follower.available)) {
      exchange.refuse('UNAVAILABLE', 'the database is away: try again');
      return null;
    }
    // The row may be ahead of the model: state is handed out only where both stand at the same rev. [INV-5]
    if (found.ok && !(await follower.reached(found.value.rev, COMMIT_WITHIN_MS))) {
      exchange.refuse('UNAVAILABLE', 'this hub has yet to read what the database says: try again');
      return null;
    }
    // Paired again a moment ago: this node may have yet to read it.
    if (found.ok && claims.ver > (directory.get(claims.sub) ?? found.value).credentialVersion) {
      await follower.reached(model.rev + 1, NEWER_WITHIN_MS);
    }
    const device = found.ok ? (directory.get(claims.sub) ?? found.value) : null;
    if (
      device === null ||
      !device.active ||
      device.tenantId !== claims.tenant ||
      device.credentialVersion !== claims.ver
    ) {
      this.#failed(exchange);
      exchange.refuse('UNAUTHENTICATED', 'this token is not good any more');
      return null;
    }
    return device;
  }

  async #register(exchange: Exchange): Promise<void> {
    const nowMs = this.#context.clock.monotonicMs();
    const mayTry = this.#admission.mayTry(exchange.address, nowMs);
    if (!mayTry && !this.#admission.mayProve(exchange.address, nowMs)) {
      this.#tooManyFailures(exchange);
      return;
    }
    const body = await this.#body(exchange, syncValidators.RegisterRequest);
    if (body === null) return;
    const polls = body.pollSecret !== undefined;
    if (polls ? !this.#admission.mayPoll(exchange.address, nowMs) : !mayTry) {
      this.#tooManyFailures(exchange);
      return;
    }
    // Who registers is nobody yet and counts against the address; who polls with the right secret is somebody.
    if (!polls) this.#failed(exchange);
    const outcome = await register(this.#context, body);
    if (polls && !(outcome.ok && outcome.known)) this.#failed(exchange);
    if (outcome.ok) exchange.data(outcome.data);
    else if (outcome.why === 'wrong-secret')
      exchange.refuse('FORBIDDEN', 'this pollSecret does not belong to this player');
    else exchange.refuse('RATE_LIMITED', 'too many players are waiting to be paired', { retryAfterSeconds: 60 });
  }

  async #token(exchange: Exchange): Promise<void> {
    if (!this.#admission.mayProve(exchange.address, this.#context.clock.monotonicMs())) {
      this.#tooManyFailures(exchange);
      return;
    }
    const body = await this.#body(exchange, syncValidators.TokenRequest);
    if (body === null) return;
    const outcome = await exchangeToken(this.#context, body, (deviceId) =>
      this.#rates.mayAsk(deviceId, this.#context.clock.monotonicMs()),
    );
    if (outcome.ok) {
      exchange.data(outcome.data);
      return;
    }
    if (outcome.why === 'too-often') {
      exchange.refuse('RATE_LIMITED', 'this device asks too often', { retryAfterSeconds: 2 });
      return;
    }
    if (!this.#context.follower.available) {
      exchange.refuse('UNAVAILABLE', 'the database is away: try again');
      return;
    }
    this.#failed(exchange);
    exchange.refuse('UNAUTHENTICATED', 'this credential is not good');
  }

  async #heartbeat(exchange: Exchange): Promise<void> {
    const device = await this.#device(exchange);
    if (device === null) return;
    const body = await this.#body(exchange, syncValidators.HeartbeatRequest);
    if (body !== null) await heartbeat(this.#context, exchange, device, body);
  }

  async #receipts(exchange: Exchange): Promise<void> {
    const device = await this.#device(exchange);
    if (device === null) return;
    const body = await this.#body(exchange, syncValidators.ReceiptsRequest);
    if (body === null) return;
    const { ingest, clock, fanOut } = this.#context;
    const rows = receiptRows(speaker(device), body.items, clock.now(), (id) => fanOut.publishedAt(id));
    const outcomes = await ingest.committed(ingest.receipts, rows, COMMIT_WITHIN_MS);
    if (outcomes === null) exchange.refuse('UNAVAILABLE', 'not stored: send it again');
    else {
      const accepted = outcomes.reduce((sum, outcome) => sum + outcome.accepted, 0);
      const duplicates = outcomes.reduce((sum, outcome) => sum + outcome.duplicates, 0);
      exchange.data({ accepted, duplicates });
    }
  }

  async #log(exchange: Exchange): Promise<void> {
    const device = await this.#device(exchange);
    if (device === null) return;
    const body = await this.#body(exchange, syncValidators.LogRequest);
    if (body === null) return;
    const { ingest, clock } = this.#context;
    const fresh = await ingest.committed(
      ingest.usage,
      usageRows(speaker(device), body.entries, clock.now()),
      COMMIT_WITHIN_MS,
    );
    if (fresh === null) exchange.refuse('UNAVAILABLE', 'not stored: send it again');
    else {
      const accepted = fresh.filter(Boolean).length;
      exchange.data({ accepted, duplicates: fresh.length - accepted });
    }
  }

  async #commandFile(exchange: Exchange): Promise<void> {
    const device = await this.#device(exchange);
    if (device === null) return;
    if (this.#uploading.has(device.deviceId)) {
      exchange.refuse('RATE_LIMITED', 'one file at a time', { retryAfterSeconds: 2 });
      return;
    }
    this.#uploading.add(device.deviceId);
    try {
      await takeCommandFile(this.#context, exchange, device);
    } finally {
      this.#uploading.delete(device.deviceId);
    }
  }

  async #schedule(exchange: Exchange): Promise<void> {
    const device = await this.#device(exchange);
    if (device === null) return;
    const { model, store, clock } = this.#context;
    const tenant = model.tenant(device.tenantId);
    const chain = tenant.chain(device.groupId).map((node) => node.groupId);
    const { schedules, content, prefetch } = await store.manifest(device.tenantId, chain, device.deviceId, clock.now());
    const manifest: Manifest = {
      version: tenant.scheduleVersion(device),
      // As the API validated them when they were saved.
      schedules: schedules as Manifest['schedules'],
      contentList: content,
      prefetch,
    };
    const etag = `"${hash('sha256', JSON.stringify(manifest), 'hex').slice(0, 32)}"`;
    if (exchange.ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))
      exchange.notModified({ ETag: etag });
    else exchange.data(manifest, { ETag: etag });
  }
}
