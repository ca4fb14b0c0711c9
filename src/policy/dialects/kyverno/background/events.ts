import type { JsonObject } from '../../../../kernel/index.ts';
import { textAt } from '../model.ts';

/** An Event's message is at most this long (core/v1 Event). */
const MESSAGE_LENGTH_MAX = 1024;

export type Reporter = 'kyverno-admission' | 'kyverno-scan' | 'kyverno-generate';

/** What happened to a resource because of a rule. */
export interface Happening {
  readonly reason: 'PolicyViolation' | 'PolicySkipped' | 'PolicyError' | 'PolicyApplied' | 'SettingNotHeeded';
  readonly action: string;
  readonly message: string;
  readonly reporter: Reporter;
  readonly about: JsonObject;
  readonly related?: JsonObject;
}

const referenceTo = (object: JsonObject): JsonObject => {
  const reference: JsonObject = {
    apiVersion: object.apiVersion!,
    kind: object.kind!,
    name: textAt(object, 'metadata', 'name'),
    uid: textAt(object, 'metadata', 'uid'),
  };
  const namespace = textAt(object, 'metadata', 'namespace');
  if (namespace !== '') reference.namespace = namespace;
  return reference;
};

/** The Event (core/v1) of a happening; `name` makes it unique, `time` is RFC 3339 with microseconds. */
export function eventOf(happening: Happening, name: string, time: string): JsonObject {
  const { about, related, reason, action, message, reporter } = happening;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: textAt(about, 'metadata', 'namespace') || 'default' },
    action,
    eventTime: time,
    involvedObject: referenceTo(about),
    ...(related === undefined ? {} : { related: referenceTo(related) }),
    message: message.slice(0, MESSAGE_LENGTH_MAX),
    reason,
    reportingComponent: reporter,
    reportingInstance: reporter,
    source: { component: reporter },
    type: reason === 'PolicySkipped' || reason === 'PolicyApplied' ? 'Normal' : 'Warning',
  };
}

/** `ns/name` or `name`. */
export const placeText = (object: JsonObject): string => {
  const namespace = textAt(object, 'metadata', 'namespace');
  const name = textAt(object, 'metadata', 'name');
  return namespace === '' ? name : `${namespace}/${name}`;
};
