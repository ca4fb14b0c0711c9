import type { Client, kinds } from '../kernel/index.ts';
import type { Informers } from '../kernel/informers.ts';
import { ingressSecrets, isOurs, lowerIngress } from './dialects/kubernetes/ingress.ts';
import { REFS } from './drivers/backends.ts';
import { certificateOf } from './secrets.ts';
import type { Listener } from './model.ts';

export const INGRESS_CONTROLLER = 'tenon.dev/ingress';

export interface IngressPlace {
  readonly address: string;
  readonly httpPort: number;
  readonly httpsPort: number;
}

function ours(informers: Informers): kinds.Ingress[] {
  const classes = [...informers.of<kinds.IngressClass>(REFS.ingressClasses).list()];
  return [...informers.of<kinds.Ingress>(REFS.ingresses).list()].filter(ingress =>
    isOurs(ingress, classes, INGRESS_CONTROLLER),
  );
}

/** The two listeners every Ingress shares. */
export function ingressListeners(informers: Informers, place: IngressPlace): Listener[] {
  const ingresses = ours(informers);
  if (ingresses.length === 0) return [];
  const rules = ingresses.flatMap(lowerIngress);
  const certificates = ingresses
    .flatMap(ingressSecrets)
    .flatMap(({ hosts, secret }) => certificateOf(informers, secret, hosts) ?? []);
  const plain: Listener = {
    id: 'ingress/http',
    address: place.address,
    port: place.httpPort,
    tls: false,
    certificates: [],
    rules,
  };
  if (certificates.length === 0) return [plain];
  return [plain, { ...plain, id: 'ingress/https', port: place.httpsPort, tls: true, certificates }];
}

/** Says in every Ingress of ours where it is served. */
export async function writeIngressStatus(client: Client, informers: Informers, place: IngressPlace): Promise<void> {
  for (const ingress of ours(informers)) {
    const wanted = [{ ip: place.address }];
    if (JSON.stringify(ingress.status?.loadBalancer?.ingress) === JSON.stringify(wanted)) continue;
    const next = { ...ingress, status: { loadBalancer: { ingress: wanted } } };
    await client.update(REFS.ingresses, next, { subresource: 'status' });
  }
}
