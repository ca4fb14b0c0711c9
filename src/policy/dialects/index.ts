import type { PolicyDialect } from '../model.ts';
import { celDialect } from './cel/set.ts';
import { gatekeeperDialect } from './gatekeeper/set.ts';

/** Every system policies may be written in. A new one is a line here. */
export const POLICY_DIALECTS: readonly PolicyDialect[] = [celDialect, gatekeeperDialect];

export { type ExportedPolicies, exportAdmissionPolicies, type ExportOptions } from './export.ts';
export * from './packs/index.ts';
export { type FailOpen, failsOpen } from './fail-open.ts';
