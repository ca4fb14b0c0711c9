import type { Clock } from '../../base/ports.ts';
import type { Client } from '../../kernel/client.ts';
import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { Informers } from '../../kernel/informers.ts';
import type { KubeObject } from '../../kernel/object.ts';
import { isAlreadyExists, isNotFound } from '../../kernel/status.ts';
import { findCondition, setCondition } from '../conditions.ts';
import { SERVICE_CIDRS } from '../refs.ts';
import type { Condition, ServiceRange } from '../types.ts';
import { DEFAULT_RANGE, SERVER } from './ranges.ts';

const COMPONENT = 'kubernetes-service-cidr-controller';

/** The condition of a range that addresses may be taken from, as both who keep it write it. */
export const readyCondition = (message: string): Condition => ({ type: 'Ready', status: 'True', reason: '', message });

export async function readRange(client: Client, name: string): Promise<ServiceRange | undefined> {
  try {
    return await client.get<ServiceRange>(SERVICE_CIDRS, { name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Writes one condition of a range where it differs. */
export async function tellCondition(
  { client, clock }: { readonly client: Client; readonly clock: Clock },
  range: ServiceRange,
  wanted: Condition,
  fieldManager: string,
): Promise<void> {
  const conditions: Condition[] = range.status?.conditions ?? [];
  const next = setCondition(conditions, wanted, clock.now());
  if (next === conditions) return;
  await client.update(SERVICE_CIDRS, { ...range, status: { conditions: next } } as KubeObject, {
    subresource: 'status',
    fieldManager,
  });
}

/**
 * Makes ServiceCIDR `kubernetes` of the ranges the server was started with, where there is none; a second range that was not
 * there before joins it; one that differs otherwise stays as it is (KEP-1880).
 */
export async function ensureDefaultRange(client: Client, clock: Clock, cidrs: readonly string[]): Promise<void> {
  let known = await readRange(client, DEFAULT_RANGE);
  if (!known) {
    const object = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'ServiceCIDR',
      metadata: { name: DEFAULT_RANGE },
      spec: { cidrs: [...cidrs] },
    };
    try {
      known = (await client.create(SERVICE_CIDRS, object, { fieldManager: SERVER })) as ServiceRange;
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      return;
    }
  }
  const stored = known.spec.cidrs ?? [];
  if (cidrs.length === 2 && stored.length === 1 && stored[0] === cidrs[0])
    known = await client.update<ServiceRange>(
      SERVICE_CIDRS,
      { ...known, spec: { cidrs: [...cidrs] } },
      { fieldManager: SERVER },
    );
  const same = JSON.stringify(known.spec.cidrs ?? []) === JSON.stringify(cidrs);
  const told = findCondition(known.status?.conditions, 'Ready');
  if (!same || known.metadata.deletionTimestamp || (told && told.status !== 'Unknown')) return;
  const ready = readyCondition('Kubernetes default Service CIDR is ready');
  await tellCondition({ client, clock }, known, ready, COMPONENT);
}

export interface DefaultRangeOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly report: (error: unknown) => void;
  readonly cidrs: readonly string[];
}

/** Keeps ServiceCIDR `kubernetes`. */
export function startDefaultRangeController({
  client,
  clock,
  informers,
  report,
  cidrs,
}: DefaultRangeOptions): Controller {
  return runController({
    name: COMPONENT,
    clock,
    watches: [
      watchOf(informers.of<ServiceRange>(SERVICE_CIDRS), ({ object: { metadata } }) =>
        metadata.name === DEFAULT_RANGE ? [DEFAULT_RANGE] : [],
      ),
    ],
    report,
    reconcile: async () => {
      await ensureDefaultRange(client, clock, cidrs);
      return undefined;
    },
  });
}
