/** Addresses: where the hub is, and which content may be shown. Nothing but `http` and `https` ever comes out of here. */

/** The address that `text` means beside `base`, or null when it means none or none of the web. */
export function webAddress(text: string, base: string): URL | null {
  try {
    const address = new URL(text, base);
    if (address.protocol === 'ws:') address.protocol = 'http:';
    if (address.protocol === 'wss:') address.protocol = 'https:';
    return address.protocol === 'http:' || address.protocol === 'https:' ? address : null;
  } catch (cause) {
    if (cause instanceof TypeError) return null;
    throw cause;
  }
}

/**
 * The origin of the hub that `text` names to a page of `origin`: `https://hub.example.com`, `hub.example.com:8081`, or
 * `:8081` for that port of the page's own host. Null when it names none.
 */
export function hubAddress(text: string | null, origin: string): string | null {
  if (text === null || text === '') return null;
  const page = new URL(origin);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return webAddress(text, origin)?.origin ?? null;
  const host = /^:\d{1,5}$/.test(text) ? `${page.hostname}${text}` : text;
  return webAddress(`${page.protocol}//${host}`, origin)?.origin ?? null;
}

/** The hub's WebSocket address: `http` becomes `ws`, `https` becomes `wss`. */
export function socketAddress(hubUrl: string): string {
  return `${hubUrl.replace(/^http/, 'ws')}/ws`;
}
