import type { FaultError, Span } from '../../../base/index.ts';
import { deliveryFaults } from '../../faults.ts';

/** What a template or chart did wrong, before anybody knows which chart it was. */
export class TemplateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TemplateError';
  }
}

/** Why a chart cannot be rendered. */
export function refuseChart(chart: string, reason: string, where?: Span | string): FaultError {
  return deliveryFaults.error('chart-failed', { chart, reason }, where);
}
