/** When a node's status is written again. */
import { type kinds, Quantity } from '../../kernel/index.ts';

/** How often a node looks whether the API has its status, in ms (KubeletConfiguration, nodeStatusUpdateFrequency). */
export const NODE_LOOK_MS = 10_000;
/** How often it writes its status though nothing changed, in ms (KubeletConfiguration, nodeStatusReportFrequency). */
export const NODE_REPORT_MS = 300_000;

/** What a node says of itself; `conditions` are the ones it keeps, with the times they would be written with. */
export type OwnStatus = Pick<kinds.NodeStatus, 'conditions' | 'capacity' | 'allocatable'> &
  Readonly<Record<string, unknown>>;

/**
 * Whether the API has something else than what the node says of itself: a change of its own, or what somebody wrote over it, as the
 * node controller writes Unknown over the conditions of a node it does not hear from. When a condition was last looked at is no
 * change, and what others add is theirs (kubelet, nodeStatusHasChanged).
 */
export function isStatusDue(there: kinds.NodeStatus | undefined, own: OwnStatus): boolean {
  const { conditions = [], capacity, allocatable, ...rest } = own;
  if (conditions.some(condition => isOtherCondition(there, condition))) return true;
  if (isOtherAmount(there?.capacity, capacity) || isOtherAmount(there?.allocatable, allocatable)) return true;
  const found = (there ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(rest).some(([field, value]) => !isWithin(found[field], value));
}

function isOtherCondition(there: kinds.NodeStatus | undefined, own: kinds.NodeCondition): boolean {
  const found = there?.conditions?.find(({ type }) => type === own.type);
  return (
    found === undefined ||
    found.status !== own.status ||
    found.reason !== own.reason ||
    found.message !== own.message ||
    found.lastTransitionTime !== own.lastTransitionTime
  );
}

type Amounts = Readonly<Record<string, unknown>>;

/** Amounts are the same however they are written: 4 is 4000m. */
const isOtherAmount = (there: Amounts = {}, own: Amounts = {}): boolean =>
  Object.entries(own).some(([resource, amount]) => {
    const found = there[resource];
    return found === undefined || Quantity.of(String(found)).compare(Quantity.of(String(amount))) !== 0;
  });

/** Empty fields may have been left out of what is stored. */
function isWithin(there: unknown, own: unknown): boolean {
  if (there === own || own === undefined) return true;
  if (there === undefined || there === null) return own === '' || own === false;
  if (Array.isArray(own))
    return Array.isArray(there) && there.length === own.length && own.every((each, at) => isWithin(there[at], each));
  if (typeof own !== 'object' || own === null || typeof there !== 'object') return false;
  return Object.entries(own).every(([field, value]) => isWithin((there as Amounts)[field], value));
}
