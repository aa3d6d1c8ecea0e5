/** What a live session's frames do. Nothing here waits: rows are queued, and acknowledged after their commit. */
import { BAD_FRAMES_MAX } from '../../protocol/limits.ts';
import type { Receipt, UpFrame, UpFrameOf } from '../../protocol/up.ts';
import { commandRows, receiptRows, reportRow, sentRow, usageRows } from './device-words.ts';
import { isoTime } from './frames.ts';
import type { HubContext } from './hub-context.ts';
import type { Session } from './session.ts';

/** Acknowledgements of one session gather this long, so that a batch's commit gives one frame. */
const ACK_DELAY_MS = 5;

interface PendingAck {
  receipts: { deploymentId: number; stage: Receipt['stage'] }[];
  ids: string[];
  commands: { commandId: number; state: string }[];
}

export class FrameHandler {
  readonly #context: HubContext;
  readonly #acks = new Map<Session, PendingAck>();
  #ackTimer: NodeJS.Timeout | null = null;

  constructor(context: HubContext) {
    this.#context = context;
  }

  handle(session: Session, frame: UpFrame): void {
    const { ingest, clock, fanOut } = this.#context;
    const now = clock.now();
    switch (frame.type) {
      case 'applied':
        this.#applied(session, frame.rev);
        return;
      case 'receipt':
        this.#receipts(session, frame.items, now, (id) => fanOut.publishedAt(id));
        return;
      case 'status': {
        const { type: _type, ...status } = frame;
        // Nothing confirmed on this connection yet: what its hello said stands.
        const position = session.appliedRev === 0 ? {} : { rev: session.appliedRev, epoch: this.#context.model.epoch };
        ingest.report(reportRow(session, now, { status, ...position }));
        return;
      }
      case 'command.update':
        this.#commandUpdate(session, frame, now);
        return;
      case 'log':
        usageRows(session, frame.entries, now).forEach((row) => {
          ingest.usage.add(row, (settled) => {
            if (settled.ok) this.#ackOf(session).ids.push(row.entryId);
          });
        });
        return;
      case 'auth':
        void this.#auth(session, frame.accessToken).catch((error: unknown) => {
          this.#context.log.error({ err: error }, 're-authenticating a session failed');
        });
        return;
      case 'ping':
        session.send({ type: 'pong', ...(frame.id === undefined ? {} : { id: frame.id }), serverTime: isoTime(now) });
        return;
      case 'hello':
        return;
    }
  }

  /** The device confirms a rev; one that was never pushed to it confirms nothing more than what was. */
  #applied(session: Session, rev: number): void {
    const confirmed = Math.min(rev, this.#context.model.rev);
    if (confirmed <= session.appliedRev) return;
    session.appliedRev = confirmed;
    session.resyncs = 0;
  }

  #receipts(
    session: Session,
    items: readonly Receipt[],
    now: number,
    publishedAt: (id: number) => number | null,
  ): void {
    for (const [index, row] of receiptRows(session, items, now, publishedAt).entries()) {
      const item = items[index];
      if (item === undefined) continue;
      this.#context.fanOut.heard(item.deploymentId, session.deviceId);
      this.#context.ingest.receipts.add(row, (settled) => {
        if (settled.ok) this.#ackOf(session).receipts.push({ deploymentId: item.deploymentId, stage: item.stage });
      });
    }
  }

  /** The hub wrote an alert to this session. A full queue costs the row; the device's own receipt says as much. */
  sent(session: Session, deploymentId: number, at: number): void {
    this.#context.ingest.receipts.add(sentRow(session, deploymentId, at), () => undefined);
  }

  #commandUpdate(session: Session, frame: UpFrameOf<'command.update'>, now: number): void {
    for (const row of commandRows(session, [frame], now)) {
      this.#context.ingest.commands.add(row, (settled) => {
        if (settled.ok) this.#ackOf(session).commands.push({ commandId: frame.commandId, state: frame.state });
      });
    }
  }

  /** A new token before the old one runs out: the session lives on without a gap. Another device's token changes nothing. */
  async #auth(session: Session, token: string): Promise<void> {
    const verified = await this.#context.authenticator.verify(token);
    if (session.state !== 'live') return;
    const { deviceId, tenantId, credentialVersion } = session;
    if (
      !verified.ok ||
      verified.claims.sub !== deviceId ||
      verified.claims.tenant !== tenantId ||
      verified.claims.ver !== credentialVersion
    ) {
      session.send({ type: 'error', code: 'UNAUTHENTICATED', message: 'this token does not extend the session' });
      session.badFrames += 1;
      if (session.badFrames >= BAD_FRAMES_MAX) session.close('BAD_FRAMES');
      return;
    }
    session.tokenExpiresAt = verified.claims.exp * 1000;
    session.send({ type: 'authenticated', tokenExpiresAt: isoTime(session.tokenExpiresAt) });
  }

  #ackOf(session: Session): PendingAck {
    let ack = this.#acks.get(session);
    if (ack === undefined) {
      ack = { receipts: [], ids: [], commands: [] };
      this.#acks.set(session, ack);
      this.#ackTimer ??= setTimeout(() => this.#sendAcks(), ACK_DELAY_MS);
    }
    return ack;
  }

  #sendAcks(): void {
    this.#ackTimer = null;
    for (const [session, { receipts, ids, commands }] of this.#acks) {
      session.send({
        type: 'ack',
        ...(receipts.length > 0 ? { receipts } : {}),
        ...(ids.length > 0 ? { ids } : {}),
        ...(commands.length > 0 ? { commands } : {}),
      });
    }
    this.#acks.clear();
  }

  /** Sends the acknowledgements that are due (before a drain closes the sockets). */
  flush(): void {
    if (this.#ackTimer !== null) clearTimeout(this.#ackTimer);
    this.#sendAcks();
  }
}
