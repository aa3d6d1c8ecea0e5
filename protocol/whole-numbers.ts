/**
 * msgpackr writes every number beyond 32 bits as a float, and readers in typed languages (msgpack-java's unpackLong, for one)
 * refuse a float where they expect an integer: an epoch or a byte count. An integer of 64 bits takes the same nine bytes,
 * so the floats that hold whole numbers are turned into integers in place.
 */

const FLOAT64 = 0xcb;
const UINT64 = 0xcf;
const INT64 = 0xd3;

/** Rewrites, in MessagePack bytes that we packed ourselves, each float64 that is a safe integer as uint64 or int64. */
export function wholeNumbersAsIntegers(packed: Uint8Array): void {
  let view: DataView | undefined;
  let at = 0;
  while (at < packed.length) {
    const head = packed[at]!;
    if (head === FLOAT64) {
      view ??= new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
      const value = view.getFloat64(at + 1);
      if (Number.isSafeInteger(value)) {
        packed[at] = value < 0 ? INT64 : UINT64;
        view.setInt32(at + 1, Math.floor(value / 0x1_0000_0000));
        view.setUint32(at + 5, value >>> 0);
      }
    }
    at += itemBytes(packed, at, head);
  }
}

/** Bytes up to the next head: of a string all of it, of an array or map only its own head. */
function itemBytes(packed: Uint8Array, at: number, head: number): number {
  if (head < 0xc0) return (head & 0xe0) === 0xa0 ? 1 + (head & 0x1f) : 1;
  switch (head) {
    case 0xcc:
    case 0xd0:
      return 2;
    case 0xcd:
    case 0xd1:
    case 0xdc:
    case 0xde:
      return 3;
    case 0xca:
    case 0xce:
    case 0xd2:
    case 0xdd:
    case 0xdf:
      return 5;
    case FLOAT64:
    case UINT64:
    case INT64:
      return 9;
    case 0xd9:
      return 2 + packed[at + 1]!;
    case 0xda:
      return 3 + ((packed[at + 1]! << 8) | packed[at + 2]!);
    case 0xdb:
      return 5 + packed[at + 1]! * 0x100_0000 + ((packed[at + 2]! << 16) | (packed[at + 3]! << 8) | packed[at + 4]!);
    default:
      if (head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) return 1;
      throw new Error(`Packed a MessagePack type that the contract does not have: 0x${head.toString(16)}`);
  }
}
