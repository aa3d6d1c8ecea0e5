import { expect, test } from 'vitest';
import { ApiFailure, type FailureCode } from '../session/api-failure.ts';
import { meaningOf } from './lost-answer.ts';

function failure(code: FailureCode, details: { field: string; message: string }[] = []): ApiFailure {
  return new ApiFailure({ code, message: '', status: 0, details });
}

test('what brought no good answer may have worked', () => {
  for (const code of ['UNREACHABLE', 'UNAVAILABLE', 'INTERNAL', 'CONFLICT'] as const)
    expect([code, meaningOf(failure(code))]).toEqual([code, 'unknown']);
  expect(meaningOf(new DOMException('too long', 'TimeoutError'))).toBe('unknown');
});

test('what was found wrong with it did nothing, now and before', () => {
  expect(meaningOf(failure('CONFLICT', [{ field: 'contentId', message: 'is not ready' }]))).toBe('refused');
  expect(meaningOf(failure('NOT_FOUND'))).toBe('refused');
  expect(meaningOf(failure('VALIDATION_ERROR'))).toBe('refused');
});

test('who is turned away at the door learns nothing of what he sent before', () => {
  for (const code of ['UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED'] as const)
    expect([code, meaningOf(failure(code))]).toEqual([code, 'turned-away']);
});
