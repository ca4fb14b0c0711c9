import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { CONTROLLER, CONTROLLER_SERVICE, CSI_METHODS, type CsiCalls, csiCodec, NODE } from '../csi/messages.ts';
import type { Topology } from '../csi/messages.ts';
import { computeFaults } from '../faults.ts';

const CALL_MS_MAX = 120_000;
const OPEN_MS_MAX = 15_000;

/** What a driver says of itself when it is opened. */
export interface CsiFacts {
  readonly name: string;
  readonly version: string;
  /** This node's name in the driver's words. */
  readonly nodeId: string;
  readonly volumes_max: number;
  readonly topology?: Topology;
  /** What it can do beside mounting. */
  readonly can: {
    readonly provision: boolean;
    readonly attach: boolean;
    readonly expand: boolean;
    readonly snapshot: boolean;
    readonly listSnapshots: boolean;
    readonly clone: boolean;
    readonly stage: boolean;
    readonly expandOnNode: boolean;
  };
}

/** A CSI driver (version 1) at its socket, with its node service and, where it has one, its controller service. */
export class CsiDriver implements Disposable {
  readonly facts: CsiFacts;
  readonly #client: Client;

  private constructor(client: Client, facts: CsiFacts) {
    this.#client = client;
    this.facts = facts;
  }

  /** `endpoint`: `unix:///csi/csi.sock`. Rejects with `compute/csi-unreachable` where no driver answers. */
  static async open(endpoint: string): Promise<CsiDriver> {
    const client = new Client(endpoint, credentials.createInsecure());
    try {
      return new CsiDriver(client, await factsOf(client));
    } catch (error) {
      client.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw computeFaults.error('csi-unreachable', { endpoint, reason }, undefined, { cause: error });
    }
  }

  /** One call; rejects with the driver's own words. */
  async call<Name extends keyof CsiCalls>(name: Name, request: CsiCalls[Name][0]): Promise<CsiCalls[Name][1]> {
    try {
      return await call(this.#client, name, request, CALL_MS_MAX);
    } catch (error) {
      const detail = (error as Partial<ServiceError>).details || (error as Error).message;
      throw computeFaults.error('csi-refused', { driver: this.facts.name, verb: name, detail }, undefined, {
        cause: error,
      });
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function call<Name extends keyof CsiCalls>(
  client: Client,
  name: Name,
  request: CsiCalls[Name][0],
  timeout_ms: number,
): Promise<CsiCalls[Name][1]> {
  const [service, input, output] = CSI_METHODS[name];
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `/csi.v1.${service}/${name}`,
      (value: object) => csiCodec.encode(input, value),
      (bytes: Buffer) => csiCodec.decode(output, bytes) as CsiCalls[Name][1],
      request as object,
      { deadline: new Date(Date.now() + timeout_ms) },
      (error, response) => (error ? reject(error) : resolve(response as CsiCalls[Name][1])),
    );
  });
}

async function factsOf(client: Client): Promise<CsiFacts> {
  const ask = <Name extends keyof CsiCalls>(name: Name): Promise<CsiCalls[Name][1]> =>
    call(client, name, {} as never, OPEN_MS_MAX);
  const { name, vendorVersion: version } = await ask('GetPluginInfo');
  const { ready } = await ask('Probe');
  // "If not set, the plugin is ready" (CSI specification, Probe).
  if (ready && !ready.value) throw new Error(`driver "${name}" is not ready`);
  const plugin = await ask('GetPluginCapabilities');
  const hasController = plugin.capabilities.some(({ service }) => service?.type === CONTROLLER_SERVICE);
  const controller = hasController ? (await ask('ControllerGetCapabilities')).capabilities : [];
  const node = (await ask('NodeGetCapabilities')).capabilities;
  const info = await ask('NodeGetInfo');
  const has = (list: typeof node, type: number): boolean => list.some(({ rpc }) => rpc?.type === type);
  return {
    name,
    version,
    nodeId: info.nodeId,
    volumes_max: info.maxVolumesPerNode,
    ...(info.accessibleTopology ? { topology: info.accessibleTopology } : {}),
    can: {
      provision: has(controller, CONTROLLER.createDelete),
      attach: has(controller, CONTROLLER.publish),
      expand: has(controller, CONTROLLER.expand),
      snapshot: has(controller, CONTROLLER.snapshot),
      listSnapshots: has(controller, CONTROLLER.listSnapshots),
      clone: has(controller, CONTROLLER.clone),
      stage: has(node, NODE.stage),
      expandOnNode: has(node, NODE.expand),
    },
  };
}
