/**
 * A client that knows nothing but the OpenAPI document: it finds an operation by its id, fills in its path and query, and sends what
 * the document says. What is not documented cannot be called.
 */
interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
}

interface Operation {
  readonly operationId?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Found {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

export interface OpenApiArguments {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly body?: unknown;
  /** A multipart body. */
  readonly form?: FormData;
}

/* oxlint-disable typescript/no-explicit-any -- answers are asserted on here, not computed with */
export class OpenApiClient {
  readonly #url: string;
  readonly #operations: ReadonlyMap<string, Found>;
  #token: string | null = null;

  private constructor(url: string, operations: ReadonlyMap<string, Found>) {
    this.#url = url;
    this.#operations = operations;
  }

  /** Reads the document that the API serves. */
  static async of(apiUrl: string): Promise<OpenApiClient> {
    const document = (await (await fetch(new URL('/openapi.json', apiUrl))).json()) as {
      paths: Record<string, Record<string, Operation>>;
    };
    const operations = new Map<string, Found>();
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.operationId !== undefined) operations.set(operation.operationId, { method, path, operation });
      }
    }
    return new OpenApiClient(apiUrl, operations);
  }

  async login(username: string, password: string): Promise<void> {
    const { accessToken } = await this.must('login', { body: { username, password } });
    this.#token = accessToken;
  }

  /** The answer as it came. Throws when the document does not name the operation, a parameter, the body's type or the status. */
  async send(operationId: string, { params = {}, query = {}, body, form }: OpenApiArguments = {}): Promise<Response> {
    const found = this.#operations.get(operationId);
    if (found === undefined) throw new Error(`the document has no operation ${operationId}`);
    const { method, path, operation } = found;
    const declared = (place: Parameter['in']) =>
      new Set((operation.parameters ?? []).filter((one) => one.in === place).map(({ name }) => name));
    for (const name of Object.keys(params)) {
      if (!declared('path').has(name)) throw new Error(`${operationId} has no path parameter ${name}`);
    }
    const url = new URL(
      path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => String(params[name])),
      this.#url,
    );
    for (const [name, value] of Object.entries(query)) {
      if (!declared('query').has(name)) throw new Error(`${operationId} has no query parameter ${name}`);
      url.searchParams.set(name, String(value));
    }
    const bodyType = form !== undefined ? 'multipart/form-data' : body !== undefined ? 'application/json' : null;
    if (bodyType !== null && operation.requestBody?.content[bodyType] === undefined) {
      throw new Error(`${operationId} takes no ${bodyType}`);
    }
    const response = await fetch(url, {
      method: method.toUpperCase(),
      headers: {
        ...(this.#token === null ? {} : { authorization: `Bearer ${this.#token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(form === undefined ? {} : { body: form }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (operation.responses[response.status] === undefined) {
      throw new Error(
        `${operationId} answered ${response.status}, which the document does not name: ${await response.text()}`,
      );
    }
    return response;
  }

  /** The data of a call that must succeed. */
  async must<T = any>(operationId: string, options: OpenApiArguments = {}): Promise<T> {
    const response = await this.send(operationId, options);
    const answer = (await response.json()) as { data: T; error?: unknown };
    if (!response.ok) throw new Error(`${operationId}: ${response.status} ${JSON.stringify(answer.error)}`);
    return answer.data;
  }
}
