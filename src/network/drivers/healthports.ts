import { createServer, type Server } from 'node:http';
import type { HealthPort } from '../engine/services.ts';

interface Open {
  told: HealthPort;
  readonly server: Server;
}

/**
 * Answers load balancers that ask whether this node has endpoints of a Service (`spec.healthCheckNodePort`): 200 where it
 * has some, 503 where it has none, with the count as kube-proxy tells it, whatever path is asked for.
 */
export class HealthPorts implements AsyncDisposable {
  readonly #host: string | undefined;
  readonly #report: (problem: unknown) => void;
  readonly #open = new Map<number, Open>();

  /** `host`: the address listened at; every one of the node when absent. */
  constructor(report: (problem: unknown) => void, host?: string) {
    this.#host = host;
    this.#report = report;
  }

  /** From now on these ports are answered on, and no others. Resolves when each listens or was reported. */
  async set(wanted: readonly HealthPort[]): Promise<void> {
    const ports = new Map(wanted.map(each => [each.port, each]));
    const gone = [...this.#open].filter(([port]) => !ports.has(port));
    await Promise.all(gone.map(([port, { server }]) => this.#close(port, server)));
    await Promise.all(ports.values().map(told => this.#tell(told)));
  }

  async #tell(told: HealthPort): Promise<void> {
    const known = this.#open.get(told.port);
    if (known) {
      known.told = told;
      return;
    }
    const open: Open = { told, server: createServer() };
    open.server.on('request', (_, response) => {
      const { namespace, name, localEndpoints } = open.told;
      const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': localEndpoints,
      });
      response.end(`${JSON.stringify(body)}\n`);
    });
    this.#open.set(told.port, open);
    await new Promise<void>(resolve => {
      open.server.once('error', problem => {
        this.#open.delete(told.port);
        this.#report(problem);
        resolve();
      });
      open.server.listen({ port: told.port, ...(this.#host ? { host: this.#host } : {}) }, resolve);
      open.server.unref();
    });
  }

  #close(port: number, server: Server): Promise<void> {
    this.#open.delete(port);
    server.closeAllConnections();
    return new Promise(resolve => server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.set([]);
  }
}
