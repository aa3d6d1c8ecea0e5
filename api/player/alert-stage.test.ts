import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEVERITIES, type Alert, type Severity } from '../../protocol/desired-state.ts';
import { arrangeStage, turnShowing } from './alert-stage.ts';

function alertsOf(...severities: Severity[]): Alert[] {
  return severities.map((severity, index) => ({
    deploymentId: index + 1,
    alertId: null,
    rev: index + 1,
    severity,
    title: `Alert ${index + 1}`,
    message: '',
    startedAt: '2026-11-20T09:30:00.000Z',
    expiresAt: '2026-11-20T10:30:00.000Z',
    drill: false,
  }));
}

function shown(alerts: readonly Alert[], turn: number, stripsMax: number): number[] {
  const { main, strips } = arrangeStage(alerts, turn, stripsMax);
  return [...(main === null ? [] : [main]), ...strips].map((alert) => alert.deploymentId);
}

/** Ordered as `visibleAlerts` orders them. */
const someAlerts = fc
  .array(fc.constantFrom(...SEVERITIES), { minLength: 1, maxLength: 20 })
  .map((severities) =>
    alertsOf(...severities.toSorted((one, other) => SEVERITIES.indexOf(other) - SEVERITIES.indexOf(one))),
  );

describe('alert stage', () => {
  it('is empty without alerts', () => {
    expect(arrangeStage([], 0, 3)).toEqual({ main: null, strips: [], turns: 1 });
  });

  it('keeps the most severe large for as long as there is one', () => {
    const alerts = alertsOf('critical', 'warning', 'info');
    expect([0, 1, 2, 3].map((turn) => shown(alerts, turn, 3))).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(arrangeStage(alerts, 0, 3).turns).toBe(1);
  });

  it('lets equals take turns', () => {
    const alerts = alertsOf('critical', 'critical', 'info');
    expect([0, 1, 2].map((turn) => shown(alerts, turn, 3))).toEqual([
      [1, 2, 3],
      [2, 1, 3],
      [1, 2, 3],
    ]);
  });

  it('hides no alert for ever, and only the gravest are ever large', () => {
    fc.assert(
      fc.property(someAlerts, fc.integer({ min: 1, max: 4 }), (alerts, stripsMax) => {
        const { turns } = arrangeStage(alerts, 0, stripsMax);
        const seen = new Set<number>();
        for (let turn = 0; turn < turns; turn += 1) {
          for (const id of shown(alerts, turn, stripsMax)) seen.add(id);
          expect(arrangeStage(alerts, turn, stripsMax).main?.severity).toBe(alerts[0]?.severity);
        }
        expect(seen.size).toBe(alerts.length);
      }),
    );
  });

  it('finds the turn that shows a new alert', () => {
    fc.assert(
      fc.property(someAlerts, fc.nat(), fc.integer({ min: 1, max: 4 }), (alerts, pick, stripsMax) => {
        const id = alerts[pick % alerts.length]?.deploymentId ?? 0;
        expect(shown(alerts, turnShowing(alerts, id, stripsMax), stripsMax)).toContain(id);
      }),
    );
  });
});
