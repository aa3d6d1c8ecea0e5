/**
 * Is bytes[from, to) well-formed UTF-8 (RFC 3629, Unicode table 3-7)? Overlong forms, encoded surrogates and anything above
 * U+10FFFF are not. Linear, and without allocation.
 */
export function isWellFormedUtf8(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to) {
    const lead = bytes[at++]!;
    if (lead < 0x80) continue;
    const more = continuationBytes(lead);
    if (more === 0 || at + more > to) return false;
    const second = bytes[at]!;
    if (second < lowestSecond(lead) || second > highestSecond(lead)) return false;
    for (let rest = 1; rest < more; rest++) {
      if ((bytes[at + rest]! & 0xc0) !== 0x80) return false;
    }
    at += more;
  }
  return true;
}

/** How many bytes follow this lead byte; 0 when it cannot lead. */
function continuationBytes(lead: number): number {
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 1;
  if (lead < 0xf0) return 2;
  return lead < 0xf5 ? 3 : 0;
}

function lowestSecond(lead: number): number {
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

function highestSecond(lead: number): number {
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}
