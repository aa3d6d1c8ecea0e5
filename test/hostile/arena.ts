/**
 * Where attacks are tried: a whole system, devices that attack it, and a witness. The witness is a healthy device that is
 * connected all along; after every attack an alert is raised for it or the last one taken back, and it must hear of it. [INV-8]
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Clock } from '../../hub/core/ports.ts';
import type { Codec } from '../../protocol/codec.ts';
import { FRAMES_PER_SECOND } from '../../protocol/limits.ts';
import { clientFrame, OPCODE, RawSocket, upgradeRequest } from '../support/raw-socket.ts';
import type { StartSystem, System } from '../support/system.ts';
import { importDevices, TestDevice, type Credentials } from '../support/test-device.ts';

/** A healthy system brings an alert to a connected screen within this, however slow the machine that tests it. */
const SERVED_WITHIN_MS = 5_000;
const ATTACKERS_AT_ONCE = 50;
/** The witness confirms every check with a frame, and may not say more than FRAMES_PER_SECOND itself. */
const CHECK_EVERY_MS = 1000 / FRAMES_PER_SECOND;

export interface ArenaOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
}

export class Arena {
  readonly system: System;
  readonly witness: TestDevice;
  readonly attackerGroupId: number;
  readonly #witnessGroupId: number;
  readonly #unused: Credentials[] = [];
  /** What the hub called a bug of its own: nothing that comes from outside may be one. */
  readonly #complaints: unknown[] = [];
  /** The alert that the witness shows now. */
  #shown: number | null = null;
  #checkedAtMs = 0;
  /** Checks come one after the other, also those of tests that run side by side. */
  #checks: Promise<void> = Promise.resolve();

  private constructor(system: System, witness: TestDevice, witnessGroupId: number, attackerGroupId: number) {
    this.system = system;
    this.witness = witness;
    this.#witnessGroupId = witnessGroupId;
    this.attackerGroupId = attackerGroupId;
    const { log } = system.parts;
    const original = log.error;
    log.error = (...words: unknown[]): void => {
      this.#complaints.push(words);
      Reflect.apply(original, log, words);
    };
  }

  static async open(start: StartSystem, { env = {}, clock }: ArenaOptions = {}): Promise<Arena> {
    const patient = { RATE_LIMIT_ADDRESS_PER_MINUTE: '1000000' };
    const system = await start({ env: { ...patient, ...env }, ...(clock === undefined ? {} : { clock }) });
    const { admin, hubUrls } = system;
    const witnesses = await admin.must('POST', '/groups', { name: 'Witness' });
    const attackers = await admin.must('POST', '/groups', { name: 'Attackers' });
    const [credentials] = await importDevices(admin, 1, witnesses.id);
    if (credentials === undefined) throw new Error('no witness was imported');
    const witness = new TestDevice(hubUrls[0] ?? '', credentials);
    await witness.connect({ wellBehaved: false });
    await witness.until('welcome', () => witness.of('welcome').length === 1);
    return new Arena(system, witness, witnesses.id, attackers.id);
  }

  get hubUrl(): string {
    return this.system.hubUrls[0] ?? '';
  }

  get apiUrl(): string {
    return this.system.apiUrl;
  }

  /** A device that nobody used yet, with a token. */
  async attacker(): Promise<TestDevice> {
    if (this.#unused.length === 0) {
      this.#unused.push(...(await importDevices(this.system.admin, ATTACKERS_AT_ONCE, this.attackerGroupId)));
    }
    const device = new TestDevice(this.hubUrl, this.#unused.pop() as Credentials);
    await device.token();
    return device;
  }

  /** A raw socket of a new device, upgraded; it said nothing yet. */
  async upgraded(codec: Codec = 'json', token?: string): Promise<RawSocket> {
    const socket = await RawSocket.open(this.hubUrl);
    const subprotocol = `podoh.v1.${codec}`;
    socket.write(upgradeRequest({ token: token ?? (await (await this.attacker()).token()), subprotocol }));
    const { status } = await socket.answer();
    if (status !== 101) throw new Error(`the upgrade was answered ${status}`);
    return socket;
  }

  /** A raw socket of a new device that was welcomed. Its codec is JSON. */
  async live(token?: string): Promise<RawSocket> {
    const socket = await this.upgraded('json', token);
    socket.write(clientFrame({ payload: '{"type":"hello"}' }));
    await socket.until('welcome', () => socket.messages.some(({ type }) => type === 'welcome'));
    return socket;
  }

  /** Whether the session still works: it answers a ping of ours. */
  async answers(socket: RawSocket): Promise<boolean> {
    const pongs = (): number => socket.messages.filter(({ type }) => type === 'pong').length;
    const before = pongs();
    socket.write(clientFrame({ opcode: OPCODE.text, payload: '{"type":"ping"}' }));
    await socket.until('a pong or the close', () => pongs() > before || socket.isClosed);
    return pongs() > before;
  }

  /** The witness hears of an alert, on the session that it had before, and the hub found no bug of its own. [INV-8] */
  unharmed(): Promise<void> {
    const checked = this.#checks.then(() => this.#check());
    // The next check comes after this one, whatever became of it.
    this.#checks = checked.catch(() => undefined);
    return checked;
  }

  async #check(): Promise<void> {
    await sleep(Math.max(0, this.#checkedAtMs + CHECK_EVERY_MS - performance.now()));
    this.#checkedAtMs = performance.now();
    if (this.#shown === null) await this.#raise();
    else await this.#takeBack(this.#shown);
    this.witness.send({ type: 'applied', rev: this.witness.screen.rev });
    if (this.witness.closed !== null)
      throw new Error(`the witness was cut off: ${JSON.stringify(this.witness.closed)}`);
    if (this.#complaints.length > 0) throw new Error(`the hub found a bug: ${inspect(this.#complaints.splice(0))}`);
  }

  async #raise(): Promise<void> {
    const { deploymentId } = await this.system.admin.must('POST', '/alerts/deploy', {
      alert: { severity: 'info', title: 'Still there?', message: 'For the witness' },
      groupIds: [this.#witnessGroupId],
    });
    this.#shown = deploymentId;
    await this.witness.until('the alert', () => this.witness.showing.includes(deploymentId), SERVED_WITHIN_MS);
  }

  async #takeBack(deploymentId: number): Promise<void> {
    this.#shown = null;
    await this.system.admin.must('POST', '/alerts/stop', { deploymentId });
    await this.witness.until('its end', () => !this.witness.showing.includes(deploymentId), SERVED_WITHIN_MS);
  }
}
