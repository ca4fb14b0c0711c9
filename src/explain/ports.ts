import type { FieldFidelity } from '../base/index.ts';
import type { PolicyDialect } from '../policy/index.ts';

/** What answers need from outside. */
export interface ExplainPorts {
  /** Every row of every dialect's fidelity ledger. */
  readonly ledger?: () => readonly FieldFidelity[];
  /** Systems of admission policy beside those that need nothing from the host. */
  readonly dialects?: () => readonly PolicyDialect[];
}
