/** A random key for one act (`Idempotency-Key`). `crypto.randomUUID` exists only in secure contexts, and consoles may be on plain HTTP. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
