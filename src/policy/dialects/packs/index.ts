import { CIS } from './cis.ts';
import { MLPS } from './mlps.ts';
import type { Pack } from './model.ts';
import { NIST } from './nist.ts';
import { NSA } from './nsa.ts';
import { PCI } from './pci.ts';

/** Standards that objects can be held against. A new one is a file and a name here. */
export const PACKS: readonly Pack[] = [CIS, NSA, PCI, NIST, MLPS];
export { assess } from './assess.ts';
export { CHECKS } from './checks.ts';
export type { AssessedControl, Check, Control, ControlStatus, Finding, Pack } from './model.ts';
