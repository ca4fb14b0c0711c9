/** Follows every collection people write to, in a cluster that is only read. */
import type { Clock } from '../../../base/index.ts';
import {
  type Client,
  type KubeObject,
  type ResourceDefinition,
  type ResourceRef,
  StatusError,
} from '../../../kernel/index.ts';
import { isRecorded } from './objects.ts';
import type { Recording } from './recording.ts';

const CRDS: ResourceRef = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' };
const AGAIN_MS = 1_000;
const END = 'k8s.io/initial-events-end';

/** Read though people do not write them: what happened to the cluster and how its pods behave. */
const ALSO = new Set(['nodes']);

interface CustomKind {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string; readonly kind: string };
    readonly versions: readonly { name: string; storage: boolean }[];
  };
}

interface Followed {
  readonly ref: ResourceRef;
  readonly apiVersion: string;
  readonly kind: string;
}

export interface FollowOptions {
  readonly client: Client;
  readonly clock: Clock;
  /** The built-in kinds. */
  readonly kinds: Iterable<ResourceDefinition>;
  readonly recording: Recording;
  readonly signal: AbortSignal;
  /** Told of collections that cannot be read. */
  readonly skipped: (resource: string, why: unknown) => void;
}

async function followed({ client, kinds }: FollowOptions): Promise<Followed[]> {
  const apiVersion = ({ group, version }: ResourceRef): string => (group === '' ? version : `${group}/${version}`);
  const own = new Map<string, Followed>();
  for (const definition of kinds) {
    const { group, version, resource, kind, served } = definition;
    if (served === false || !(isRecorded(definition) || ALSO.has(resource)) || /^v\d+(alpha|beta)/.test(version))
      continue;
    own.set(`${group}/${resource}`, { ref: { group, version, resource }, apiVersion: apiVersion(definition), kind });
  }
  const { items } = await client.list<KubeObject & CustomKind>(CRDS);
  for (const { spec } of items) {
    const version = spec.versions.find(({ storage }) => storage)?.name ?? '';
    const ref = { group: spec.group, version, resource: spec.names.plural };
    own.set(`${ref.group}/${ref.resource}`, { ref, apiVersion: apiVersion(ref), kind: spec.names.kind });
  }
  return [...own.values()];
}

/** Resolves when everything that is there was told and the recording has begun; goes on until the signal. */
export async function follow(options: FollowOptions): Promise<void> {
  const { clock, recording } = options;
  let began = clock.monotonic();
  const now = (): number => clock.monotonic() - began;
  const collections = await followed(options);
  await Promise.all(collections.map(one => new Promise<void>(ready => void followOne(one, options, now, ready))));
  began = clock.monotonic();
  recording.begin();
}

/** One collection; a watch that ends is opened again and tells what is there once more, which changes nothing. */
async function followOne(one: Followed, options: FollowOptions, now: () => number, ready: () => void): Promise<void> {
  const { client, clock, recording, signal, skipped } = options;
  while (!signal.aborted) {
    try {
      const watch = {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
      } as const;
      for await (const { type, object } of client.watch<KubeObject>(one.ref, watch, signal)) {
        if (type === 'ERROR') break;
        if (type === 'BOOKMARK') {
          if (object.metadata.annotations?.[END] !== undefined) ready();
        } else recording.change(now(), type, { ...object, apiVersion: one.apiVersion, kind: one.kind });
      }
    } catch (error) {
      if (signal.aborted) break;
      ready();
      if (error instanceof StatusError && [403, 404, 405].includes(error.code)) return skipped(one.ref.resource, error);
    }
    await new Promise<void>(again => clock.after(AGAIN_MS, again));
  }
  ready();
}
