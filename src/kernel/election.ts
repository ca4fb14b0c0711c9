import { type Clock, type Random, sleep } from '../base/index.ts';
import type { Client } from './client.ts';
import type { KubeObject, ObjectKey, ResourceRef } from './object.ts';
import { isAlreadyExists, isConflict, isNotFound } from './status.ts';

const LEASES: ResourceRef = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };

/** The periods kube-controller-manager and kube-scheduler are started with. */
const LEASE_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2_000;
/** Candidates spread their attempts over 1.2 periods, so that they do not collide for ever. */
const JITTER = 0.2;

/** Who stands for which office. */
export interface Candidacy {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  /** The Lease that is the office; its namespace exists. */
  readonly lease: ObjectKey;
  /** Unique among candidates. */
  readonly identity: string;
  readonly report?: (error: unknown) => void;
}

interface LeaseObject extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** What was last seen of the lease, and when by our own clock: other servers' clocks are never trusted. */
interface Observed {
  version: string;
  at: number;
}

const microTime = (now: number): string => new Date(now).toISOString().replace('Z', '000Z');

function claim(candidacy: Candidacy, live: LeaseObject | undefined): LeaseObject {
  const { lease, identity, clock } = candidacy;
  const now = microTime(clock.now());
  const mine = live?.spec?.holderIdentity === identity;
  const transitions = live?.spec?.leaseTransitions ?? 0;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: live?.metadata ?? { ...lease },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_MS / 1_000,
      acquireTime: (mine ? live?.spec?.acquireTime : undefined) ?? now,
      renewTime: now,
      leaseTransitions: mine || !live ? transitions : transitions + 1,
    },
  };
}

/** One attempt to take or keep the office. */
async function attempt(candidacy: Candidacy, observed: Observed): Promise<boolean> {
  const { client, clock, lease, identity } = candidacy;
  try {
    const live = await client.get<LeaseObject>(LEASES, lease).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (!live) {
      await client.create(LEASES, claim(candidacy, undefined));
      return true;
    }
    const { resourceVersion: version = '' } = live.metadata;
    if (version !== observed.version) Object.assign(observed, { version, at: clock.monotonic() });
    const holder = live.spec?.holderIdentity ?? '';
    const duration_ms = (live.spec?.leaseDurationSeconds ?? LEASE_MS / 1_000) * 1_000;
    if (holder !== '' && holder !== identity && clock.monotonic() < observed.at + duration_ms) return false;
    await client.update(LEASES, claim(candidacy, live));
    return true;
  } catch (error) {
    if (!isConflict(error) && !isAlreadyExists(error)) candidacy.report?.(error);
    return false;
  }
}

/** Gives the office back, so that the next one need not wait for the lease to run out. */
async function release({ client, lease, identity }: Candidacy): Promise<void> {
  const live = await client.get<LeaseObject>(LEASES, lease);
  if (live.spec?.holderIdentity !== identity) return;
  await client.update(LEASES, { ...live, spec: { ...live.spec, holderIdentity: '', leaseDurationSeconds: 1 } });
}

async function renewUntilLost(candidacy: Candidacy, observed: Observed, signal: AbortSignal): Promise<void> {
  let renewed = candidacy.clock.monotonic();
  for (;;) {
    await sleep(candidacy.clock, RETRY_MS, signal);
    if (await attempt(candidacy, observed)) renewed = candidacy.clock.monotonic();
    else if (candidacy.clock.monotonic() - renewed >= RENEW_DEADLINE_MS) return;
  }
}

/**
 * Stands for an office until the signal is aborted: `lead` runs while it is held, its signal is aborted when the office is
 * lost, and it is run again when it is won again (client-go leader election: Lease, monotonic observation, renew deadline).
 */
export async function elect(
  candidacy: Candidacy,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = candidacy;
  const observed: Observed = { version: '', at: clock.monotonic() };
  while (!signal.aborted) {
    try {
      while (!(await attempt(candidacy, observed))) await sleep(clock, RETRY_MS * (1 + JITTER * random.next()), signal);
      const term = new AbortController();
      const leading = lead(AbortSignal.any([term.signal, signal]));
      try {
        await renewUntilLost(candidacy, observed, signal);
      } finally {
        term.abort();
        await leading.catch((error: unknown) => candidacy.report?.(error));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
  await release(candidacy).catch((error: unknown) => candidacy.report?.(error));
}
