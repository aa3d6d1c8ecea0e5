/** What the hub needs of a logger; pino is one. */
type Write = (fields: object, message: string) => void;

export interface HubLog {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}
