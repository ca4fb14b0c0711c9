import { issue, type RunningApi } from '../../api/index.ts';
import { type Clock, type Random, sleep } from '../../base/index.ts';
import type { EndpointOptions } from '../../compute/index.ts';
import {
  type Client,
  Http2Transport,
  type KubeObject,
  remoteClient,
  type ResourceRef,
  StatusError,
  type WriteOptions,
} from '../../kernel/index.ts';

const CERTIFICATE_DAYS = 365;
/** The embedded agent hears of a pod before the authorizer's own watch does: its first question may come too early. */
const TOKEN_TRIES = 8;
const TOKEN_RETRY_MS = 15;

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
      ) =>
        options?.subresource === 'token'
          ? untilRelated(clock, () => remote.create(ref, object, options))
          : embedded.create(ref, object, options),
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** Asks again while the node authorizer does not yet know which pods are this node's. */
async function untilRelated<T>(clock: Clock, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const early =
        error instanceof StatusError && error.code === 403 && error.message.includes('no relationship found');
      if (!early || attempt >= TOKEN_TRIES) throw error;
      await sleep(clock, TOKEN_RETRY_MS * attempt);
    }
  }
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
