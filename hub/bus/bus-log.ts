/** The part of a logger that a bus needs; pino's has this shape. */
export interface BusLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
