import { isDeepStrictEqual } from 'node:util';
import { type Draft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { IMMUTABLE, text } from './common.ts';
import { qualifiedName } from './names.ts';

const WORD_MAX = 128;
const NOTE_MAX = 1024;

const isZeroTime = (value: unknown): boolean => value === undefined || value === null || value === '';

/** An event that says when it was (`eventTime`) says also by whom, what was done and why (core/v1 legacyValidateEvent). */
function told(object: Draft, controllerField: string, causes: Causes): void {
  const controller = text(object.reportingController ?? object.reportingComponent);
  if (controller === '') causes.required(controllerField);
  causes.invalidAll(controllerField, controller, qualifiedName(controller));
  for (const field of ['reportingInstance', 'action', 'reason']) {
    const value = text(object[field]);
    if (value === '') causes.required(field);
    if (value.length > WORD_MAX) causes.invalid(field, '', `can have at most ${WORD_MAX} characters`);
  }
  if (text(object.note ?? object.message).length > NOTE_MAX)
    causes.invalid('message', '', `can have at most ${NOTE_MAX} characters`);
}

function about(object: Draft, strict: boolean, causes: Causes): void {
  const involved = text(part(object, 'involvedObject')?.namespace ?? part(object, 'regarding')?.namespace);
  const namespace = text(part(object, 'metadata')?.namespace);
  const common = namespace === '' || namespace === 'default';
  const nowhere = common || (strict && namespace === 'kube-system');
  // One that says when it was may be about something in another namespace.
  const fits = involved === '' ? nowhere : strict || involved === namespace;
  if (!fits) causes.invalid('involvedObject.namespace', involved, 'does not match event.namespace');
}

/** An event as core/v1 has it: little is asked. */
export function coreEvent(object: Draft, causes: Causes): void {
  const timed = !isZeroTime(object.eventTime);
  about(object, timed, causes);
  if (timed) told(object, 'reportingController', causes);
}

const FIXED: readonly (readonly [field: string, told: string])[] = [
  ['regarding', 'involvedObject'],
  ['reason', 'reason'],
  ['note', 'message'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
];

/** Of a newer event only the series goes on; all else stays as it was told (core/v1 ValidateEventUpdate). */
export function eventUpdate(object: Draft, old: Draft, causes: Causes): void {
  for (const [field, named] of FIXED)
    if (!isDeepStrictEqual(object[field], old[field])) causes.invalid(named, object[field] ?? '', IMMUTABLE);
}

/** An event of events.k8s.io/v1: all that the newer form demands, and nothing of the older. */
export function event(object: Draft, causes: Causes): void {
  const timed = !isZeroTime(object.eventTime);
  about(object, timed, causes);
  if (timed) told(object, 'reportingController', causes);
  const series = part(object, 'series');
  if (series) {
    if (Number(series.count ?? 0) < 2) causes.invalid('series.count', '', 'should be at least 2');
    if (isZeroTime(series.lastObservedTime)) causes.required('series.lastObservedTime');
  }
  if (!timed) causes.required('eventTime');
  if (object.type !== 'Normal' && object.type !== 'Warning')
    causes.invalid('type', '', `has invalid value: ${text(object.type)}`);
  for (const [mine, its] of [
    ['deprecatedFirstTimestamp', 'firstTimestamp'],
    ['deprecatedLastTimestamp', 'lastTimestamp'],
  ] as const)
    if (!isZeroTime(object[mine])) causes.invalid(its, '', 'needs to be unset');
  if (Number(object.deprecatedCount ?? 0) !== 0) causes.invalid('count', '', 'needs to be unset');
  const source = part(object, 'deprecatedSource');
  if (text(source?.component) !== '' || text(source?.host) !== '') causes.invalid('source', '', 'needs to be unset');
}
