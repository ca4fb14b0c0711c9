import { issue, type RunningApi } from '../../api/index.ts';
import type { Clock, Random } from '../../base/index.ts';
import type { EndpointOptions } from '../../compute/index.ts';
import {
  type Client,
  Http2Transport,
  type KubeObject,
  remoteClient,
  type ResourceRef,
  type WriteOptions,
} from '../../kernel/index.ts';

const CERTIFICATE_DAYS = 365;

/** The embedded node's client: the store without HTTP in between, but what only the API server computes over HTTPS. */
export interface NodeClient extends AsyncDisposable {
  readonly client: Client;
}

/** Tokens are made by the API server (TokenRequest), so the node asks for them as any node does, by its own certificate. */
export function nodeClient(
  embedded: Client,
  api: RunningApi,
  nodeName: string,
  clock: Clock,
  random: Random,
): NodeClient {
  const { certificate, key } = issue(
    api.pki.authority,
    { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'], usage: 'client', days: CERTIFICATE_DAYS },
    clock,
    random,
  );
  const transport = new Http2Transport({
    server: api.url,
    namespace: 'default',
    authority: api.pki.authority.certificate,
    certificate,
    key,
  });
  const remote = remoteClient(transport);
  return {
    client: {
      ...embedded,
      create: <T extends KubeObject>(
        ref: ResourceRef,
        object: T,
        options?: WriteOptions & { namespace?: string; name?: string },
      ) => (options?.subresource === 'token' ? remote : embedded).create(ref, object, options),
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** The agent's HTTPS endpoint; only the API server's own client certificate may ask (group system:masters). */
export function nodeEndpoint(
  api: RunningApi,
  nodeName: string,
  address: string,
  clock: Clock,
  random: Random,
): EndpointOptions {
  const { certificate, key } = issue(
    api.pki.authority,
    {
      commonName: `system:node:${nodeName}`,
      organizations: ['system:nodes'],
      usage: 'server',
      addresses: [address, '127.0.0.1'],
      dnsNames: [nodeName],
      days: CERTIFICATE_DAYS,
    },
    clock,
    random,
  );
  return { host: address, port: 0, key, cert: certificate, clientCa: api.pki.authority.certificate };
}
