/**
 * The act of raising, from one dialog. States: `open` (nothing was sent, or what was sent was refused and changed nothing), `sending`,
 * `lost` (it was sent and nobody knows what became of it). Invariant: the dialog has one Idempotency-Key, and once an answer is lost only
 * the very same request is sent again, so that whatever happens the alert is raised once.
 */
import { useRef, useState } from 'react';
import type { Static } from 'typebox';
import { useLocation } from 'wouter';
import type { DeployedAlert } from '../../alerts/deploy-alert.ts';
import { ApiFailure } from '../session/api-failure.ts';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import { useTexts } from '../texts/texts-context.tsx';
import { useAction } from '../ui/use-action.ts';
import { meaningOf } from './lost-answer.ts';
import type { DeployBody } from './raise-draft.ts';

/** An answer that takes longer is not waited for, in milliseconds: somebody stands there with an emergency. */
const ANSWER_MS = 15_000;

export interface Raising {
  readonly state: 'open' | 'sending' | 'lost';
  /** Why it was refused; null when it was not. */
  readonly refusal: ApiFailure | null;
  readonly raise: (request: DeployBody) => void;
}

export function useRaising(onDone: () => void): Raising {
  const session = useSession();
  const texts = useTexts().alerts;
  const [, navigate] = useLocation();
  const [idempotencyKey] = useState(newKey);
  const [lost, setLost] = useState<DeployBody | null>(null);
  /** What is under way: a second click before the first is drawn must not send it again. */
  const underWay = useRef<DeployBody | null>(null);
  const action = useAction(
    (body: DeployBody) =>
      session.call<Static<typeof DeployedAlert>>('POST', '/alerts/deploy', {
        body,
        idempotencyKey,
        signal: AbortSignal.timeout(ANSWER_MS),
      }),
    {
      changes: ['alertDeployment'],
      done: ({ targets }) => texts.raised(targets.total),
      onDone: ({ deploymentId }) => {
        onDone();
        navigate(`/alerts/${deploymentId}`);
      },
      onFailure: (cause) => {
        const meaning = meaningOf(cause);
        if (meaning === 'unknown') setLost(underWay.current);
        if (meaning === 'refused') setLost(null);
        underWay.current = null;
        return true;
      },
    },
  );
  const raise = (request: DeployBody): void => {
    if (underWay.current !== null) return;
    underWay.current = lost ?? request;
    action.mutate(underWay.current);
  };
  const { error } = action;
  return {
    state: action.isPending ? 'sending' : lost === null ? 'open' : 'lost',
    refusal: error instanceof ApiFailure && meaningOf(error) !== 'unknown' ? error : null,
    raise,
  };
}
