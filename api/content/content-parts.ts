/** What keeping content needs of a process. Not the context itself, which holds the desk that is made of these. */
import type { FastifyBaseLogger } from 'fastify';
import type { Clock, Ids, ObjectStore } from '../../hub/core/ports.ts';
import type { OpenDatabase } from '../../migrations/dialect.ts';
import type { Database } from '../../migrations/tables.ts';

export interface ContentParts {
  readonly db: OpenDatabase<Database>;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly objects: ObjectStore;
  readonly log: FastifyBaseLogger;
  readonly settings: {
    readonly uploadFolder: string;
    readonly toolFolders?: readonly string[];
  };
}
