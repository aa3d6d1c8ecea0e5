import type { Severity } from '../../protocol/desired-state.ts';

const NAMESPACE = 'http://www.w3.org/2000/svg';

/** Shape tells the severity without colour: octagon, triangle, circle. Drawn on a 24 by 24 grid. */
const SHAPES: Readonly<Record<Severity, { outline: string; sign: string }>> = {
  critical: { outline: 'M7.9 1.5h8.2l6.4 6.4v8.2l-6.4 6.4H7.9l-6.4-6.4V7.9z', sign: 'M12 6.5v7M12 17.3v.1' },
  warning: { outline: 'M12 2 23 21.5H1z', sign: 'M12 9v6M12 18.3v.1' },
  info: { outline: 'M12 1.5a10.5 10.5 0 1 1 0 21 10.5 10.5 0 0 1 0-21z', sign: 'M12 11v6.5M12 6.8v.1' },
};

export function severityIcon(severity: Severity): SVGElement {
  const icon = document.createElementNS(NAMESPACE, 'svg');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  for (const path of [SHAPES[severity].outline, SHAPES[severity].sign]) {
    const line = document.createElementNS(NAMESPACE, 'path');
    line.setAttribute('d', path);
    line.setAttribute('fill', 'none');
    line.setAttribute('stroke', 'currentColor');
    line.setAttribute('stroke-width', '2.3');
    line.setAttribute('stroke-linecap', 'round');
    line.setAttribute('stroke-linejoin', 'round');
    icon.append(line);
  }
  return icon;
}
