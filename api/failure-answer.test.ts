import { describe, expect, test } from 'vitest';
import { ObjectStoreUnavailableError } from '../hub/core/ports.ts';
import { ERROR_STATUS, type ErrorCode } from '../protocol/errors.ts';
import { apiError, retryLater, versionConflict } from './errors.ts';
import { failureBody, failureOf, loggedError } from './failure-answer.ts';

const withCode = (code: string, more: object = {}): Error =>
  Object.assign(new Error('secret detail'), { code, ...more });

describe('the failure that an error stands for', () => {
  test.each(Object.entries(ERROR_STATUS) as [ErrorCode, number][])('%s has status %i', (code, status) => {
    const failure = failureOf(apiError(code, 'told', [{ field: 'f', message: 'm' }]));
    expect(failure.status).toBe(status);
    expect(failureBody(failure)).toEqual({
      success: false,
      error: { code, message: 'told', details: [{ field: 'f', message: 'm' }] },
    });
  });

  test.each([
    ['a database that refuses connections', withCode('ECONNREFUSED'), 503, 'UNAVAILABLE'],
    ['a pool that is used up', withCode('POOL_ACQUIRE_TIMEOUT'), 503, 'UNAVAILABLE'],
    ['a lock wait', withCode('ER_LOCK_WAIT_TIMEOUT'), 503, 'UNAVAILABLE'],
    ['a deadlock that was lost too often', withCode('ER_LOCK_DEADLOCK'), 503, 'UNAVAILABLE'],
    ['a snapshot conflict that was lost too often', withCode('ER_CHECKREAD'), 503, 'UNAVAILABLE'],
    ['a busy SQLite', withCode('ERR_SQLITE_ERROR', { errcode: 5 }), 503, 'UNAVAILABLE'],
    ['a full disk', withCode('ERR_SQLITE_ERROR', { errcode: 13 }), 503, 'UNAVAILABLE'],
    ['a unique key nobody foresaw', withCode('ER_DUP_ENTRY'), 409, 'CONFLICT'],
    ['the same in SQLite', withCode('ERR_SQLITE_ERROR', { errcode: 2067 }), 409, 'CONFLICT'],
    ['a syntax error in our SQL', withCode('ER_PARSE_ERROR'), 500, 'INTERNAL'],
    ['a bug', new TypeError('secret detail'), 500, 'INTERNAL'],
    ['a string that was thrown', 'secret detail', 500, 'INTERNAL'],
    ['nothing that was thrown', undefined, 500, 'INTERNAL'],
  ])('%s', (_what, error, status, code) => {
    const failure = failureOf(error);
    expect([failure.status, failure.code]).toEqual([status, code]);
    expect(JSON.stringify(failureBody(failure))).not.toContain('secret detail');
    expect(failure.log).not.toBeNull();
    expect(failure.retryAfterSeconds).toBe(status === 503 ? 1 : undefined);
  });

  test('an object store that is away is a 503, and what it said is not told', () => {
    const failure = failureOf(new ObjectStoreUnavailableError('secret detail', { cause: withCode('ECONNREFUSED') }));
    expect(failure).toMatchObject({ status: 503, code: 'UNAVAILABLE', retryAfterSeconds: 5, log: 'warn' });
    expect(JSON.stringify(failureBody(failure))).not.toContain('secret detail');
  });

  test('a version conflict names the current version', () => {
    expect(failureBody(failureOf(versionConflict(7)))).toMatchObject({
      error: { code: 'VERSION_CONFLICT', details: [{ field: 'version', message: 'the current version is 7' }] },
    });
  });

  test('a wait is told in whole seconds, at least one', () => {
    expect([0, 0.2, 1, 1.2].map((s) => failureOf(retryLater('RATE_LIMITED', 'wait', s)).retryAfterSeconds)).toEqual([
      1, 1, 1, 2,
    ]);
  });
});

describe('what the log gets of an error', () => {
  test('leaves out the SQL with its values', () => {
    const error = Object.assign(new Error('failed', { cause: withCode('ECONNRESET', { sql: 'select secret' }) }), {
      sql: "insert 'secret'",
    });
    const logged = loggedError(error);
    expect(logged).toMatchObject({ type: 'Error', message: 'failed', cause: { code: 'ECONNRESET' } });
    expect(JSON.stringify({ ...logged, cause: undefined, stack: undefined })).not.toContain('secret');
    expect(JSON.stringify(logged)).not.toContain('select secret');
  });
});
