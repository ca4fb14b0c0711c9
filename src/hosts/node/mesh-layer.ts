import { FaultError } from '../../base/index.ts';
import type { KubeObject, ResourceRef } from '../../kernel/index.ts';
import { INGRESS_CONTROLLER, startMesh } from '../../mesh/index.ts';
import { hostFaults } from './faults.ts';
import type { Layer } from './layer.ts';
import { seedObjects } from './seeds.ts';

/** The class of Ingresses that name none. */
const INGRESS_CLASS: readonly [ResourceRef, KubeObject] = [
  { group: 'networking.k8s.io', version: 'v1', resource: 'ingressclasses' },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'tenon', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    spec: { controller: INGRESS_CONTROLLER },
  },
];

/** Ingress and HTTPRoute, served on loopback. */
export const meshLayer: Layer = {
  name: 'mesh',
  async start({ kernel, clock, random, settings, parts, log, report }) {
    await seedObjects(kernel.client(), [INGRESS_CLASS]);
    // The port is tried again every second: once is enough to say so.
    let told = false;
    const mesh = await startMesh({
      client: kernel.client({ name: 'system:serviceaccount:kube-system:tenon-mesh', groups: ['system:masters'] }),
      clock,
      random,
      ingress: { address: '127.0.0.1', httpPort: settings.ingressPort, httpsPort: 0 },
      report: error => {
        log(`mesh: ${error instanceof Error ? error.message : String(error)}`);
        const { code, port } = error as NodeJS.ErrnoException & { port?: number };
        const taken = { port: port ?? settings.ingressPort, what: 'ingress', option: '--ingress-port' };
        if (code === 'EADDRINUSE' && !told) report(hostFaults.make('port-in-use', taken));
        else if (error instanceof FaultError) report(error.fault);
        told ||= code === 'EADDRINUSE';
      },
    });
    parts.listeners = () => mesh.ports;
    return { ready: Promise.resolve(), [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
  },
};
