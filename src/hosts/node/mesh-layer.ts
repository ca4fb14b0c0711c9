import { startMesh } from '../../mesh/index.ts';
import type { Layer } from './layer.ts';

/** Ingress and HTTPRoute, served on loopback. */
export const meshLayer: Layer = {
  name: 'mesh',
  async start({ kernel, clock, random, settings, parts, log }) {
    const mesh = await startMesh({
      client: kernel.client({ name: 'system:serviceaccount:kube-system:tenon-mesh', groups: ['system:masters'] }),
      clock,
      random,
      ingress: { address: '127.0.0.1', httpPort: settings.ingressPort, httpsPort: 0 },
      report: error => log(`mesh: ${error instanceof Error ? error.message : String(error)}`),
    });
    parts.listeners = () => mesh.ports;
    return { ready: Promise.resolve(), [Symbol.asyncDispose]: () => mesh[Symbol.asyncDispose]() };
  },
};
