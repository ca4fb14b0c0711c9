import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { text } from './common.ts';
import { qualifiedName } from './names.ts';

/** What may be said in a kind's status; its spec and metadata were settled before. */
export type StatusCheck = (status: Draft, object: Draft, old: Draft, causes: Causes) => void;

const NOT_NEGATIVE = 'must be greater than or equal to 0';
const count = (status: Draft, field: string): number => Number(status[field] ?? 0);

function counters(status: Draft, fields: readonly string[], causes: Causes): void {
  for (const field of fields) {
    const value = count(status, field);
    if (value < 0) causes.invalid(`status.${field}`, value, NOT_NEGATIVE);
  }
}

/** Replicas of one sort are never more than all, nor available ones more than ready ones. */
function bounded(status: Draft, fields: readonly string[], ready: string, causes: Causes): void {
  for (const field of fields)
    if (count(status, field) > count(status, 'replicas'))
      causes.invalid(`status.${field}`, count(status, field), 'cannot be greater than status.replicas');
  if (count(status, 'availableReplicas') > count(status, 'readyReplicas'))
    causes.invalid('status.availableReplicas', count(status, 'availableReplicas'), `cannot be greater than ${ready}`);
}

/** A hash that once collided never un-collides (apps validation, `collisionCount`). */
function collisions(status: Draft, old: Draft, causes: Causes): void {
  const before = part(old, 'status')?.collisionCount;
  if (before === undefined || before === null) return;
  const now = status.collisionCount;
  if (now === undefined || now === null || Number(now) < Number(before))
    causes.invalid('status.collisionCount', now ?? 'null', 'cannot be decremented');
}

const deployment: StatusCheck = (status, _object, old, causes) => {
  const own = ['updatedReplicas', 'readyReplicas', 'availableReplicas'];
  counters(status, ['observedGeneration', 'replicas', ...own, 'unavailableReplicas', 'collisionCount'], causes);
  bounded(status, own, 'readyReplicas', causes);
  collisions(status, old, causes);
};

const replicaSet: StatusCheck = (status, _object, _old, causes) => {
  const own = ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'];
  counters(status, ['replicas', ...own, 'observedGeneration'], causes);
  bounded(status, own, 'readyReplicas', causes);
};

const statefulSet: StatusCheck = (status, _object, old, causes) => {
  const own = ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas'];
  counters(status, ['replicas', ...own, 'observedGeneration', 'collisionCount'], causes);
  bounded(status, own, 'status.readyReplicas', causes);
  collisions(status, old, causes);
};

const daemonSet: StatusCheck = (status, _object, old, causes) => {
  const scheduled = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'];
  const rest = [
    'observedGeneration',
    'updatedNumberScheduled',
    'numberAvailable',
    'numberUnavailable',
    'collisionCount',
  ];
  counters(status, [...scheduled, ...rest], causes);
  collisions(status, old, causes);
};

const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;
const REASON_MAX = 1024;
const MESSAGE_MAX = 32 * 1024;
const NO_REASON =
  'a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or ' +
  "'_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or " +
  "'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')";

/** meta/v1 Conditions, for kinds that hold them to their rules (apimachinery ValidateConditions). */
function conditions(status: Draft, causes: Causes): void {
  const seen = new Set<string>();
  parts(status, 'conditions').forEach((condition, i) => {
    const at = `status.conditions[${i}]`;
    const type = text(condition.type);
    if (seen.has(type)) causes.duplicate(`${at}.type`, type);
    seen.add(type);
    causes.invalidAll(`${at}.type`, type, qualifiedName(type));
    causes.oneOf(`${at}.status`, condition.status, ['False', 'True', 'Unknown']);
    if (count(condition, 'observedGeneration') < 0)
      causes.invalid(`${at}.observedGeneration`, condition.observedGeneration, 'must be greater than or equal to zero');
    if (!text(condition.lastTransitionTime)) causes.required(`${at}.lastTransitionTime`, 'must be set');
    const reason = text(condition.reason);
    if (reason === '') causes.required(`${at}.reason`);
    else if (!REASON.test(reason)) causes.invalid(`${at}.reason`, reason, NO_REASON);
    if (reason.length > REASON_MAX) causes.tooLong(`${at}.reason`, REASON_MAX);
    if (text(condition.message).length > MESSAGE_MAX) causes.tooLong(`${at}.message`, MESSAGE_MAX);
  });
}

const conditioned: StatusCheck = (status, _object, _old, causes) => conditions(status, causes);

const disruptionBudget: StatusCheck = (status, _object, _old, causes) => {
  conditions(status, causes);
  counters(status, ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'], causes);
};

/** Flow schemas and priority levels name each condition once. */
const flow: StatusCheck = (status, _object, _old, causes) => {
  const seen = new Set<string>();
  parts(status, 'conditions').forEach((condition, i) => {
    const type = text(condition.type);
    const at = `status.conditions[${i}].type`;
    if (seen.has(type)) causes.duplicate(at, type);
    seen.add(type);
    if (type === '') causes.required(at);
  });
};

const namespace: StatusCheck = (status, object, _old, causes) => {
  const going = part(object, 'metadata')?.deletionTimestamp !== undefined;
  const [phase, when] = going ? ['Terminating', 'is not empty'] : ['Active', 'is empty'];
  if (status.phase !== phase)
    causes.invalid('status.Phase', status.phase ?? '', `may only be '${phase}' if \`deletionTimestamp\` ${when}`);
};

const pod: StatusCheck = (status, _object, _old, causes) => {
  parts(status, 'conditions').forEach((condition, i) => {
    causes.invalidAll(`status.conditions[${i}].Type`, text(condition.type), qualifiedName(text(condition.type)));
  });
  if (count(status, 'observedGeneration') < 0)
    causes.invalid('status.observedGeneration', status.observedGeneration, 'must be a non-negative integer');
};

export const STATUS_CHECKS: ReadonlyMap<string, StatusCheck> = new Map([
  ['apps.Deployment', deployment],
  ['apps.ReplicaSet', replicaSet],
  ['apps.StatefulSet', statefulSet],
  ['apps.DaemonSet', daemonSet],
  ['core.ReplicationController', replicaSet],
  ['core.Pod', pod],
  ['core.Namespace', namespace],
  ['policy.PodDisruptionBudget', disruptionBudget],
  ['admissionregistration.ValidatingAdmissionPolicy', conditioned],
  ['flowcontrol.FlowSchema', flow],
  ['flowcontrol.PriorityLevelConfiguration', flow],
]);
