import { readSigningRequest } from '../../api/index.ts';
import type { Clock } from '../../base/index.ts';
import { KUBELET_SERVING } from '../../cluster/index.ts';
import {
  type Client,
  type Controller,
  type Informers,
  type kinds,
  type KubeObject,
  type ResourceRef,
  runController,
  watchOf,
} from '../../kernel/index.ts';
import { NODES } from './node-name.ts';

export const SIGNING_REQUESTS: ResourceRef = {
  group: 'certificates.k8s.io',
  version: 'v1',
  resource: 'certificatesigningrequests',
};

type Request = kinds.CertificateSigningRequest & KubeObject;

/** Whether a node asks for the addresses its own Node object has, and nothing else. */
export function mayServe(request: Request, node: kinds.Node | undefined): boolean {
  const { signerName, username = '', groups = [], request: pem } = request.spec;
  if (signerName !== KUBELET_SERVING || !groups.includes('system:nodes') || !node) return false;
  const wanted = readSigningRequest(atob(pem));
  const own = new Set((node.status?.addresses ?? []).map(({ address }) => address));
  return (
    wanted.commonName === username &&
    username === `system:node:${node.metadata.name}` &&
    wanted.others.length === 0 &&
    [...wanted.ipAddresses, ...wanted.dnsNames].every(name => own.has(name))
  );
}

/** Approves nodes' serving certificates, which Kubernetes leaves to a person, where the Node object vouches for them. */
export function startServingApproval(options: {
  readonly client: Client;
  readonly clock: Clock;
  readonly informers: Informers;
  readonly report: (error: unknown) => void;
}): Controller {
  const requests = options.informers.of<Request>(SIGNING_REQUESTS);
  return runController({
    name: 'serving-approval',
    clock: options.clock,
    watches: [watchOf(requests, ({ object }) => [object.metadata.name ?? ''])],
    report: options.report,
    reconcile: async key => {
      const request = requests.get(key);
      if (!request || request.status?.conditions?.length || request.spec.signerName !== KUBELET_SERVING)
        return undefined;
      const name = (request.spec.username ?? '').slice('system:node:'.length);
      const node = await options.client.get<kinds.Node & KubeObject>(NODES, { name });
      if (!mayServe(request, node)) return undefined;
      const now = new Date(options.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
      const condition = {
        type: 'Approved',
        status: 'True',
        reason: 'NodeAddress',
        message: 'The Node object has every address asked for',
        lastUpdateTime: now,
        lastTransitionTime: now,
      };
      const approved = { ...request, status: { ...request.status, conditions: [condition] } };
      await options.client.update(SIGNING_REQUESTS, approved, { subresource: 'approval' });
      return undefined;
    },
  });
}
