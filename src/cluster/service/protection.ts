import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import { isNotFound } from '../../kernel/status.ts';
import { FIELD_MANAGER } from '../effect.ts';
import type { ClusterEnv } from '../driver.ts';
import { IP_ADDRESSES, SERVICE_CIDRS } from '../refs.ts';
import type { AddressClaim, ServiceRange } from '../types.ts';
import { contains, offers } from './prefix.ts';
import { readyCondition, tellCondition } from './range.ts';
import { KEEPER, KEEPER_LABEL, prefixesOf } from './ranges.ts';

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer';
const COMPONENT = 'service-cidr-controller';
/** How long a range that is leaving stays after its deletion was asked for, so that every server stops using it first. */
const LEAVING_MS = 10_000;

/**
 * True when no address in use would be without a range: every prefix lies within one of another range, or what is taken of it
 * does (KEP-1880, "ServiceCIDR deletion").
 */
export function canLeave(
  range: ServiceRange,
  ranges: readonly ServiceRange[],
  claims: readonly AddressClaim[],
): boolean {
  const others = ranges.filter(({ metadata }) => metadata.name !== range.metadata.name).flatMap(prefixesOf);
  const own = prefixesOf(range);
  if (own.every(prefix => others.some(other => contains(other, prefix)))) return true;
  return !claims.some(
    ({ metadata: { name, labels } }) =>
      labels?.[KEEPER_LABEL] === KEEPER &&
      own.some(prefix => offers(prefix, name)) &&
      !others.some(prefix => offers(prefix, name)),
  );
}

/** Keeps the finalizer and the condition of ranges of cluster addresses, and lets go of those nobody needs. */
export function startRangeProtectionController(env: ClusterEnv): Controller {
  const ranges = env.informers.of<ServiceRange>(SERVICE_CIDRS);
  const claims = env.informers.of<AddressClaim>(IP_ADDRESSES);
  const all = (): string[] => [...ranges.list()].map(({ metadata }) => metadata.name);
  const holding = ({ metadata }: AddressClaim): string[] =>
    [...ranges.list()]
      .filter(
        range => range.metadata.deletionTimestamp && prefixesOf(range).some(prefix => offers(prefix, metadata.name)),
      )
      .map(range => range.metadata.name);
  const finalize = async (range: ServiceRange, finalizers: string[]): Promise<void> => {
    const object = { ...range, metadata: { ...range.metadata, finalizers } };
    await env.client.update(SERVICE_CIDRS, object, { fieldManager: FIELD_MANAGER }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  };
  const leave = async (range: ServiceRange): Promise<number | undefined> => {
    if (!canLeave(range, [...ranges.list()], [...claims.list()])) {
      const message =
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
      const waiting = { type: 'Ready', status: 'False', reason: 'Terminating', message };
      await tellCondition(env, range, waiting, COMPONENT);
      return undefined;
    }
    const left_ms = LEAVING_MS - (env.clock.now() - Date.parse(range.metadata.deletionTimestamp!));
    if (left_ms > 0) return left_ms;
    const finalizers = range.metadata.finalizers ?? [];
    if (finalizers.includes(FINALIZER))
      await finalize(
        range,
        finalizers.filter(name => name !== FINALIZER),
      );
    return undefined;
  };
  return runController({
    name: COMPONENT,
    clock: env.clock,
    watches: [
      // A range that comes or goes may be what another one waits for.
      watchOf(ranges, ({ type, object }) =>
        type === 'updated' ? [object.metadata.name] : [object.metadata.name, ...all()],
      ),
      watchOf(claims, ({ object }) => holding(object)),
    ],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async name => {
      const range = ranges.get(name);
      if (!range) return undefined;
      if (range.metadata.deletionTimestamp) return leave(range);
      const finalizers = range.metadata.finalizers ?? [];
      if (!finalizers.includes(FINALIZER)) {
        await finalize(range, [...finalizers, FINALIZER]);
        return undefined;
      }
      await tellCondition(env, range, readyCondition('Kubernetes Service CIDR is ready'), COMPONENT);
      return undefined;
    },
  });
}
