/** Delivery as a process of a run: the controller of `tenon up`, over the run's repositories. */
import { type DeliveryStatus, type GitPlace, parseGitUrl, startDelivery } from '../../delivery/index.ts';
import type { ResourceCatalog } from '../../kernel/index.ts';
import { GIT_POLL_MS } from '../node/source.ts';
import type { ApiServer } from './apiserver.ts';
import type { EventLog, ProcessSpec } from './model.ts';
import { CONTROL } from './process-client.ts';
import type { DeliveryView } from './scenario/observables.ts';
import type { Repositories } from './world/repositories.ts';

export interface DeliveryProcessOptions {
  readonly api: ApiServer;
  /** As `tenon up` takes them. */
  readonly targets: readonly string[];
  readonly repositories: Repositories;
  readonly log: EventLog;
  /** Told of every change of what a source looks like from outside. */
  readonly delivered: (source: string, view: DeliveryView) => void;
}

/** What is served now: a server that starts again has a catalogue of its own. */
const served = (api: ApiServer): ResourceCatalog => ({
  resource: ref => api.catalog?.resource(ref),
  kind: kind => api.catalog?.kind(kind),
  all: () => api.catalog?.all() ?? [],
});

const viewOf = (place: GitPlace, repositories: Repositories, status: DeliveryStatus | undefined): DeliveryView => ({
  synced: status?.phase === 'synced',
  wanted: status?.wanted ?? 0,
  applied: status?.applied ?? 0,
  faults: status?.faults.length ?? 0,
  behind: repositories.behind(place, status?.revision ?? ''),
});

/** The process `delivery`: every source is held by a controller of its own. */
export function deliveryProcess(options: DeliveryProcessOptions): ProcessSpec {
  const { api, targets, repositories, log, delivered } = options;
  const places = new Map(targets.map(target => [target, parseGitUrl(target)]));
  const statuses = new Map<string, DeliveryStatus>();
  const tell = (target: string): void =>
    delivered(target, viewOf(places.get(target)!, repositories, statuses.get(target)));
  for (const target of targets) tell(target);
  repositories.watch(() => {
    for (const target of targets) tell(target);
  });
  return {
    name: 'delivery',
    place: CONTROL,
    start: ({ client, clock, gone }) => {
      const stack = new AsyncDisposableStack();
      for (const [target, place] of places)
        stack.use(
          startDelivery({
            client,
            catalog: served(api),
            clock,
            source: {
              name: target,
              path: place.path,
              poll_ms: GIT_POLL_MS,
              read: () => repositories.fetch(place, clock),
            },
            listener: {
              status: status => {
                if (gone.aborted) return;
                const before = statuses.get(target);
                statuses.set(target, status);
                const { phase, revision, applied, wanted, faults } = status;
                if (before?.phase !== phase || before.revision !== revision)
                  log.write('delivery', phase, target, [revision, applied, wanted, faults.length]);
                tell(target);
              },
              fault: (fault, about) => {
                if (!gone.aborted) log.write('delivery', 'fault', about && `${about.kind} ${about.name}`, fault.code);
              },
            },
          }),
        );
      return stack;
    },
  };
}
