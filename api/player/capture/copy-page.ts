/**
 * A copy of what the page shows as one SVG that needs nothing else: styles as they are computed, pictures and films as they stand. It is written as
 * text: in the page's own document its policy forbids style attributes.
 */
import { isReplaced, standIn } from './stand-in.ts';

const XHTML = 'http://www.w3.org/1999/xhtml';
const SVG = 'http://www.w3.org/2000/svg';
const NOT_SHOWN = new Set(['script', 'style', 'link', 'meta', 'noscript', 'template', 'head']);
/** Attributes that the copy has otherwise, or that would load something. */
const NOT_COPIED = new Set(['style', 'class', 'src', 'srcset', 'href', 'poster', 'data', 'xmlns']);
const PSEUDO_ELEMENTS = ['::before', '::after'] as const;

export interface CopySize {
  /** The page's, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** Pixels of the picture for each of them. */
  readonly scale: number;
}

interface Copying {
  readonly scale: number;
  /** Rules of pseudo-elements, which have no style attribute. */
  readonly rules: string[];
}

/** The SVG's markup. */
export function copyPage(root: HTMLElement, { width, height, scale }: CopySize): string {
  const copying: Copying = { scale, rules: [] };
  const copy = copyElement(root, copying, true);
  const { background } = getComputedStyle(document.documentElement);
  const ground = `width:${width}px;height:${height}px;overflow:hidden;background:${background}`;
  return (
    `<svg xmlns="${SVG}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">` +
    `<foreignObject width="100%" height="100%">` +
    `<style xmlns="${XHTML}">${escaped(copying.rules.join('\n'))}</style>` +
    `<div xmlns="${XHTML}" style="${escaped(ground)}">${copy}</div></foreignObject></svg>`
  );
}

function copyElement(source: Element, copying: Copying, isSeen: boolean): string {
  if (NOT_SHOWN.has(source.localName)) return '';
  const style = getComputedStyle(source);
  if (style.display === 'none') return '';
  const isSeenStill = isSeen && style.opacity !== '0' && style.visibility !== 'hidden';
  if (isReplaced(source)) {
    const address = isSeenStill ? standIn(source, copying.scale) : null;
    const text = escaped(styleText(style));
    return address === null
      ? `<div xmlns="${XHTML}" style="${text}"></div>`
      : `<img xmlns="${XHTML}" alt="" src="${address}" style="${text}"/>`;
  }
  const classes = PSEUDO_ELEMENTS.map((name) => pseudoClass(source, name, copying));
  const children = [...source.childNodes].map((child) => {
    if (child instanceof Element) return copyElement(child, copying, isSeenStill);
    return child instanceof Text ? escaped(child.data) : '';
  });
  const name = source.localName;
  const space = `xmlns="${escaped(source.namespaceURI ?? XHTML)}"`;
  const own = `class="${escaped(classes.join(' '))}" style="${escaped(styleText(style))}"`;
  return `<${name} ${space} ${attributesOf(source)} ${own}>${children.join('')}</${name}>`;
}

function attributesOf(source: Element): string {
  return [...source.attributes]
    .filter(({ name }) => !NOT_COPIED.has(name) && /^[a-zA-Z][\w-]*$/.test(name) && !name.startsWith('on'))
    .map(({ name, value }) => `${name}="${escaped(value)}"`)
    .join(' ');
}

/** A picture stands still: what moves is taken as it is computed at this moment. */
function styleText(style: CSSStyleDeclaration): string {
  const parts: string[] = [];
  for (const name of style) {
    if (/^(?:transition|animation|-webkit-locale)/.test(name)) continue;
    parts.push(`${name}:${style.getPropertyValue(name)}`);
  }
  return `${parts.join(';')};transition:none;animation:none`;
}

/** The class that gives the copy this pseudo-element; none when it has none. */
function pseudoClass(source: Element, name: string, { rules }: Copying): string {
  const style = getComputedStyle(source, name);
  const content = style.getPropertyValue('content');
  if (content === 'none' || content === 'normal' || content === '') return '';
  const className = `pseudo-${rules.length}`;
  rules.push(`.${className}${name}{${styleText(style)}}`);
  return className;
}

/** Text in XML, which has no room for most control characters, not even escaped. */
function escaped(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ' ')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('"', '&quot;')
  );
}
