/** The secrets that sign webhooks' deliveries. They lie sealed: the database alone cannot sign in our name. */
import type { ApiContext } from '../context.ts';
import { deriveKey, seal, unseal } from '../sealing.ts';

type Sealer = Pick<ApiContext, 'ids' | 'secret'>;

const SECRET_BYTES = 32;

/** The prefix says what it is to whoever finds it where it should not be. */
export function newWebhookSecret({ ids }: Pick<ApiContext, 'ids'>): string {
  return `whsec_${ids.secret(SECRET_BYTES)}`;
}

function keyOf({ secret }: Sealer, tenantId: number): Buffer {
  return deriveKey(secret, `tenant ${tenantId}`, 'webhook secret');
}

export function sealWebhookSecret(sealer: Sealer, tenantId: number, secret: string): string {
  return seal(sealer.ids, keyOf(sealer, tenantId), secret);
}

/** Throws when the installation's secret is another than the one it was sealed under. */
export function openWebhookSecret(sealer: Sealer, tenantId: number, sealed: string): string {
  return unseal(keyOf(sealer, tenantId), sealed);
}
