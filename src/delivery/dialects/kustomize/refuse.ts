import type { FaultError, Span } from '../../../base/index.ts';
import { deliveryFaults } from '../../faults.ts';

/** Why a kustomization cannot be built. */
export function refuse(reason: string, where?: Span | string): FaultError {
  return deliveryFaults.error('kustomize-failed', { reason }, where);
}
