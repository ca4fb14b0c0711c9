import { type Clock, type Fault, type Random, nameSuffix, reportFault } from '../../base/index.ts';
import type { Client, KubeObject, ResourceRef } from '../../kernel/index.ts';
import type { FaultSubject } from './layer.ts';

const EVENTS: ResourceRef = { group: '', version: 'v1', resource: 'events' };
/** core/v1 Event: message is cut here (validation allows 1,024 bytes). */
const MESSAGE_CHARACTERS_MAX = 900;

/** Reason in UpperCamelCase from a fault's code: `delivery/unknown-kind` -> `UnknownKind`. */
const reasonOf = (code: string): string =>
  code
    .slice(code.indexOf('/') + 1)
    .split('-')
    .map(word => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');

/** Writes faults as Events, so that `kubectl get events` and the console show them. */
export function faultEvents(
  client: Client,
  clock: Clock,
  random: Random,
): { record(fault: Fault, about?: FaultSubject): void } {
  return {
    record(fault, about) {
      const report = reportFault(fault, 'en');
      const what = report.where ? `${report.message} (${report.where})` : report.message;
      const text = [what, report.remedy].filter(Boolean).join('. ');
      const namespace = about?.namespace ?? 'default';
      const time = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
      const event: KubeObject = {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: {
          name: `${(about?.name ?? 'tenon')
            .slice(0, 200)
            .toLowerCase()
            .replace(/[^a-z0-9.-]/g, '-')}.${nameSuffix(random, 10)}`,
          namespace,
        },
        involvedObject: about ?? { apiVersion: 'v1', kind: 'Namespace', name: 'default' },
        reason: reasonOf(fault.code),
        message: text.slice(0, MESSAGE_CHARACTERS_MAX),
        type: 'Warning',
        count: 1,
        firstTimestamp: time,
        lastTimestamp: time,
        source: { component: `tenon-${fault.code.split('/')[0]}` },
      };
      // An Event that cannot be written (its namespace does not exist) is not worth a fault of its own: the terminal has it.
      client.create(EVENTS, event, { namespace }).catch(() => undefined);
    },
  };
}
