/** A topic and webhooks whose behaviour a test decides, and an API whose notifications run only when the test says so. */
import { Registry } from 'prom-client';
import { NotDeliveredError, type Notifier, type OutsideEvent, type Webhooks } from '../../../hub/core/ports.ts';
import type { OpenDatabase } from '../../../migrations/dialect.ts';
import type { Database } from '../../../migrations/tables.ts';
import { alertRoutes } from '../../alerts/routes.ts';
import { openApi, type ApiFixture, type TestUser } from '../../testing/api-fixture.ts';
import { AlertWatcher } from '../alert-watcher.ts';
import { ChangeConsumer, ensureCursor } from '../change-consumer.ts';
import { DeliverySender } from '../delivery-sender.ts';
import { createNotificationMetrics } from '../notification-metrics.ts';
import { notificationRoutes } from '../routes.ts';

/** What a listener does with an event; rejects when it does not take it. */
export type Behaviour = (event: OutsideEvent) => Promise<void>;

/** One listener: what reached it, what it took, and how it behaves. */
export interface TestListener {
  readonly reached: OutsideEvent[];
  readonly taken: OutsideEvent[];
  behave(how: Behaviour): void;
}

export const takes: Behaviour = async () => undefined;
export const isAway: Behaviour = async () => {
  throw new NotDeliveredError('away', true);
};
export const hangs: Behaviour = () => new Promise(() => undefined);

function listener(): TestListener & Notifier {
  const reached: OutsideEvent[] = [];
  const taken: OutsideEvent[] = [];
  let behaviour = takes;
  return {
    reached,
    taken,
    behave(how) {
      behaviour = how;
    },
    async publish(event) {
      reached.push(event);
      await behaviour(event);
      taken.push(event);
    },
  };
}

export interface OutsideWorld {
  readonly topic: TestListener & Notifier;
  /** The webhook at an address. */
  webhook(url: string): TestListener;
  /** The secrets that webhooks were opened with, the newest last. */
  readonly secrets: string[];
  readonly webhooks: Webhooks;
}

function outsideWorld(): OutsideWorld {
  const byUrl = new Map<string, TestListener & Notifier>();
  const secrets: string[] = [];
  const webhook = (url: string): TestListener & Notifier => {
    const known = byUrl.get(url) ?? listener();
    byUrl.set(url, known);
    return known;
  };
  return {
    topic: listener(),
    webhook,
    secrets,
    webhooks: {
      refusal: (url) => (url.startsWith('https://') ? null : 'must begin with https://'),
      open: ({ url, secret }) => {
        secrets.push(secret);
        return webhook(url);
      },
    },
  };
}

/** The notifications of one process. */
export interface TestNode {
  readonly consumer: ChangeConsumer;
  readonly watcher: AlertWatcher;
  readonly sender: DeliverySender;
  readonly registry: Registry;
  /** Follows, watches and sends, until nothing is under way. */
  run(): Promise<void>;
}

export interface NotificationsFixture {
  readonly api: ApiFixture;
  readonly world: OutsideWorld;
  readonly tenantId: number;
  readonly admin: TestUser;
  /** The admin with a token of this hour. */
  signIn(): Promise<TestUser>;
  readonly groupId: number;
  /** One more process on the same database. */
  newNode(name: string, db?: OpenDatabase<Database>): TestNode;
  /** A webhook of the tenant; returns its id. */
  newWebhook(url: string, events?: readonly string[], as?: TestUser): Promise<number>;
  /** Raises an alert on the group; returns the deployment's id. */
  raise(body?: object): Promise<number>;
  stop(deploymentId: number): Promise<void>;
}

let made = 0;

/** An API with a tenant, an admin and a group, and the cursor in its place. `hasTopic`: SNS is configured. */
export async function openNotifications(db: OpenDatabase<Database>, hasTopic = true): Promise<NotificationsFixture> {
  const world = outsideWorld();
  const api = await openApi(db, {
    routes: [...alertRoutes(), ...notificationRoutes()],
    webhooks: world.webhooks,
    ...(hasTopic && { notifier: world.topic }),
  });
  made += 1;
  const tenantId = await api.newTenant(`notified ${made}`);
  const admin = await api.newUser(tenantId, 'admin');
  const groupId = await api.newGroup(tenantId, 'Everything');
  await ensureCursor(api.ctx);
  const signIn = async (): Promise<TestUser> => {
    const { token } = await api.tokens.issueUser({ sub: admin.id, role: 'admin', tenant: tenantId, ver: 0 });
    return { ...admin, token };
  };
  const must = async (url: string, body: object, as?: TestUser): Promise<{ [name: string]: number }> => {
    const answer = await api.send('POST', url, { as: as ?? (await signIn()), body });
    if (answer.statusCode >= 300) throw new Error(`${url}: ${answer.body}`);
    return answer.json().data;
  };
  return {
    api,
    world,
    tenantId,
    admin,
    signIn,
    groupId,
    newNode(name, other) {
      const registry = new Registry();
      const parts = { ...api.ctx, db: other ?? api.ctx.db, metrics: createNotificationMetrics(registry) };
      const consumer = new ChangeConsumer(parts, name);
      const watcher = new AlertWatcher(parts);
      const sender = new DeliverySender(parts);
      return {
        consumer,
        watcher,
        sender,
        registry,
        async run() {
          await consumer.step();
          await watcher.step();
          await sender.tick();
          await sender.settled();
        },
      };
    },
    async newWebhook(url, events = ['alert.started', 'alert.stopped', 'alert.unconfirmed'], as) {
      return (await must('/api/v1/webhooks', { name: 'Hook', url, events }, as))['id'] ?? 0;
    },
    async raise(body = {}) {
      const alert = { severity: 'critical', title: 'Fire', message: 'Leave' };
      return (await must('/api/v1/alerts/deploy', { alert, groupIds: [groupId], ...body }))['deploymentId'] ?? 0;
    },
    async stop(deploymentId) {
      await must('/api/v1/alerts/stop', { deploymentId });
    },
  };
}

/** The events as `kind deployment`, without the epoch. */
export function told(events: readonly OutsideEvent[]): string[] {
  return events.map(({ eventId }) => eventId.replace(/:\d+:/, ' '));
}
