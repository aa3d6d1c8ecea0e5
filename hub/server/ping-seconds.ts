/** How often the hub pings a silent socket, in seconds. Twice this without an answer and the peer is dead (within 20 s). */
export const PING_SECONDS = 8;
