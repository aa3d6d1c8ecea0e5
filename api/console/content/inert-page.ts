/** The text of a page without what would run or fetch: to be looked at in a frame that allows neither. */

/** What a frame without scripts would only complain about. */
const ACTIVE = 'script, iframe, object, embed, link[rel="preload"], link[rel="modulepreload"], meta[http-equiv]';

export function inertPage(html: string): string {
  const page = new DOMParser().parseFromString(html, 'text/html');
  for (const element of page.querySelectorAll(ACTIVE)) element.remove();
  for (const element of page.querySelectorAll('*')) {
    for (const { name } of [...element.attributes]) if (name.startsWith('on')) element.removeAttribute(name);
  }
  return `<!doctype html>${page.documentElement.outerHTML}`;
}
