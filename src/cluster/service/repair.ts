import { isIP } from 'node:net';
import type { Clock } from '../../base/ports.ts';
import type { Client } from '../../kernel/client.ts';
import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { Informers } from '../../kernel/informers.ts';
import { objectKey } from '../../kernel/indexer.ts';
import { isAlreadyExists, isNotFound } from '../../kernel/status.ts';
import { IP_ADDRESSES, SERVICE_CIDRS, SERVICES } from '../refs.ts';
import type { AddressClaim, Service, ServiceRange } from '../types.ts';
import { familyOf, offers, type Prefix } from './prefix.ts';
import { canonical, claimOf, FAMILY_LABEL, KEEPER, KEEPER_LABEL, prefixesOf, SERVER } from './ranges.ts';

/** How long a claim may be there before its service: what a request may take. */
const ORPHAN_MS = 60_000;

/** What is there, as a repair looks at it. */
export interface ClaimView {
  readonly claim: (name: string) => AddressClaim | undefined;
  readonly service: (namespace: string, name: string) => Service | undefined;
  readonly ranges: () => Iterable<ServiceRange>;
}

/** What a repair does to one claim: `replace` is a removal and a new one. */
export type ClaimRepair =
  | { readonly do: 'create' | 'replace'; readonly claim: ReturnType<typeof claimOf> }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'wait'; readonly again_ms: number };

const clusterAddresses = (service: Service): string[] =>
  service.spec.type === 'ExternalName' ? [] : (service.spec.clusterIPs ?? []).filter(address => isIP(address) !== 0);

const ofServices = ({ spec }: AddressClaim): boolean =>
  (spec.parentRef.group ?? '') === '' && spec.parentRef.resource === 'services';

const isKept = ({ metadata }: AddressClaim): boolean => metadata.labels?.[KEEPER_LABEL] === KEEPER;

/** What the claims of one service lack; addresses outside every range and addresses of another service are left alone. */
export function repairService(service: Service, view: ClaimView): ClaimRepair[] {
  const prefixes: Prefix[] = [...view.ranges()].flatMap(prefixesOf);
  return clusterAddresses(service).flatMap((address): ClaimRepair[] => {
    if (!prefixes.some(prefix => offers(prefix, address))) return [];
    const claim = claimOf(service, address);
    const known = view.claim(claim.metadata.name);
    if (!known) return [{ do: 'create', claim }];
    const { namespace = '', name } = known.spec.parentRef;
    const mine = ofServices(known) && namespace === service.metadata.namespace && name === service.metadata.name;
    // Another service that is there may hold it: to take it away would only turn it around.
    if (!mine && ofServices(known) && view.service(namespace, name)) return [];
    const labelled = isKept(known) && known.metadata.labels?.[FAMILY_LABEL] === familyOf(claim.metadata.name);
    return mine && labelled ? [] : [{ do: 'replace', claim }];
  });
}

/** Whether a claim that services are said to hold has one that does. */
export function repairClaim(claim: AddressClaim, view: ClaimView, now_ms: number): ClaimRepair | undefined {
  if (!isKept(claim)) return undefined;
  const { name } = claim.metadata;
  if (!ofServices(claim)) return { do: 'delete', name };
  const { namespace = '', name: owner } = claim.spec.parentRef;
  const service = view.service(namespace, owner);
  if (service)
    return clusterAddresses(service).some(address => canonical(address) === name) ? undefined : { do: 'delete', name };
  const age_ms = now_ms - Date.parse(claim.metadata.creationTimestamp ?? '');
  return age_ms > ORPHAN_MS ? { do: 'delete', name } : { do: 'wait', again_ms: ORPHAN_MS - age_ms + 1_000 };
}

async function withoutError(write: Promise<unknown>, meant: (error: unknown) => boolean): Promise<void> {
  await write.catch((error: unknown) => {
    if (!meant(error)) throw error;
  });
}

async function perform(client: Client, repair: ClaimRepair): Promise<void> {
  if (repair.do === 'wait') return;
  if (repair.do !== 'create') {
    const name = repair.do === 'delete' ? repair.name : repair.claim.metadata.name;
    await withoutError(client.delete(IP_ADDRESSES, { name }), isNotFound);
  }
  if (repair.do !== 'delete')
    await withoutError(client.create(IP_ADDRESSES, repair.claim, { fieldManager: SERVER }), isAlreadyExists);
}

/** Looks at every service and every claim once. */
export async function repairClaims(client: Client, clock: Clock): Promise<void> {
  const services = (await client.list<Service>(SERVICES)).items;
  const ranges = (await client.list<ServiceRange>(SERVICE_CIDRS)).items;
  const claims = (await client.list<AddressClaim>(IP_ADDRESSES)).items;
  const byKey = new Map(services.map(service => [objectKey(service), service]));
  const byName = new Map(claims.map(claim => [claim.metadata.name, claim]));
  const view: ClaimView = {
    claim: name => byName.get(name),
    service: (namespace, name) => byKey.get(`${namespace}/${name}`),
    ranges: () => ranges,
  };
  for (const service of services) for (const repair of repairService(service, view)) await perform(client, repair);
  for (const claim of claims) {
    const repair = repairClaim(claim, view, clock.now());
    if (repair) await perform(client, repair);
  }
}

export interface RepairOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly report: (error: unknown) => void;
}

/** Keeps claims and services in step (the repair loop of the API server's allocator). */
export function startRepairController({ client, clock, informers, report }: RepairOptions): Controller {
  const services = informers.of<Service>(SERVICES);
  const claims = informers.of<AddressClaim>(IP_ADDRESSES);
  const ranges = informers.of<ServiceRange>(SERVICE_CIDRS);
  const view: ClaimView = {
    claim: name => claims.get(name),
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    ranges: () => ranges.list(),
  };
  // The claims of a service and the service of a claim: both keys are looked at when either changes.
  const around = (service: Service): string[] => [
    `service ${objectKey(service)}`,
    ...clusterAddresses(service).map(address => `claim ${canonical(address)}`),
  ];
  const owners = (claim: AddressClaim): string[] => {
    const { namespace = '', name } = claim.spec.parentRef;
    return [`claim ${claim.metadata.name}`, ...(ofServices(claim) ? [`service ${namespace}/${name}`] : [])];
  };
  return runController({
    name: 'ipallocator-repair-controller',
    clock,
    watches: [
      watchOf(services, ({ object, old }) => (old ? [...around(object), ...around(old)] : around(object))),
      watchOf(claims, ({ object }) => owners(object)),
      watchOf(ranges, () => []),
    ],
    report,
    reconcile: async key => {
      const [what, name = ''] = key.split(' ');
      if (what === 'service') {
        const service = services.get(name);
        for (const repair of service ? repairService(service, view) : []) await perform(client, repair);
        return undefined;
      }
      const claim = claims.get(name);
      const repair = claim && repairClaim(claim, view, clock.now());
      if (repair) await perform(client, repair);
      return repair?.do === 'wait' ? repair.again_ms : undefined;
    },
  });
}
