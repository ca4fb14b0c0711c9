/** Names that are not resolved while a disruption lasts. */
import type { RequestTarget } from '../scenario/model.ts';
import { globMatches } from './models.ts';

export interface NameFailure {
  /** A name with stars: as it is asked for, `web.shop.svc.cluster.local`, or short, `shop/web`. */
  readonly name: string;
  /** `nxdomain`, `servfail` or `timeout`. */
  readonly how: string;
}

/** A resolver that hears nothing asks twice and waits 5 s each time (resolv.conf(5), `timeout` and `attempts`). */
const TIMEOUT_MS = 10_000;

/** Milliseconds until the lookup has failed; undefined where it is answered. */
export function nameFailure(failures: readonly NameFailure[], to: RequestTarget): number | undefined {
  if (failures.length === 0) return undefined;
  const names =
    to.kind === 'host'
      ? [to.host]
      : [`${to.namespace}/${to.name}`, `${to.name}.${to.namespace}.svc.cluster.local`, `${to.name}.${to.namespace}`];
  const found = failures.find(({ name }) => names.some(each => globMatches(name, each)));
  return found && (found.how === 'timeout' ? TIMEOUT_MS : 0);
}
