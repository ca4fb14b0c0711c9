/** One run of bench/sim in a process of its own: told by a JSON argument, answering with one JSON line. */
import { DEPLOYMENTS, SERVICES } from '../src/cluster/refs.ts';
import type { Deployment } from '../src/cluster/types.ts';
import type { KubeObject } from '../src/kernel/index.ts';
import { Simulation } from '../src/hosts/sim/simulation.ts';
import { deployment, service, World } from './sim-world.ts';

export type SimWork =
  /** Deployments of so many pods each, with a Service each where asked, until all pods run and all Deployments are ready. */
  { readonly nodes: number; readonly deployments: number; readonly replicas: number; readonly services: boolean };

export interface SimAnswer {
  readonly wall_s: number;
  readonly cpu_s: number;
  /** Of the main thread alone. */
  readonly main_cpu_s: number;
  readonly rss_max_mib: number;
  readonly virtual_s: number;
  readonly pods: number;
  readonly events: number;
  readonly hash: string;
}

/** Node has it, its types do not yet. */
function mainCpu_s(): number {
  const { threadCpuUsage } = process as unknown as { threadCpuUsage(): { user: number; system: number } };
  const { user, system } = threadCpuUsage.call(process);
  return (user + system) / 1e6;
}

const LIMIT_MS = 3_600_000;

async function roll(work: SimWork): Promise<SimAnswer> {
  const { cpuUsage, hrtime } = process;
  const began = hrtime.bigint();
  const run = await Simulation.open({ seed: 1 });
  const world = await World.on(run, work);
  const client = run.client();
  const namespace = 'default';
  for (let at = 1; at <= work.deployments; at++) {
    const name = `d${at}`;
    await client.create(DEPLOYMENTS, deployment(name, work.replicas), { namespace });
    if (work.services) await client.create(SERVICES, service(name), { namespace });
  }
  const pods = work.deployments * work.replicas;
  const ready = async (): Promise<boolean> =>
    (await client.list<KubeObject>(DEPLOYMENTS)).items.every(
      each => (each as unknown as Deployment).status?.readyReplicas === work.replicas,
    );
  const verbose = process.env['SIM_VERBOSE'];
  while (world.running < pods || !(await ready())) {
    await run.run(run.t + 1_000);
    if (verbose)
      console.error(
        run.t,
        world.running,
        Number(hrtime.bigint() - began) / 1e9,
        Math.round(process.memoryUsage.rss() / 2 ** 20),
      );
    if (run.t > LIMIT_MS)
      throw new Error(`${world.running} of ${pods} pods run after ${run.t} virtual ms; stopped: ${run.stopped}`);
  }
  const { hash, events, t_ms } = run.end();
  const { user, system } = cpuUsage.call(process);
  return {
    wall_s: Number(hrtime.bigint() - began) / 1e9,
    cpu_s: (user + system) / 1e6,
    main_cpu_s: mainCpu_s(),
    rss_max_mib: process.resourceUsage().maxRSS / 1024,
    virtual_s: t_ms / 1_000,
    pods: world.running,
    events,
    hash,
  };
}

if (import.meta.main) {
  process.stdout.write(`${JSON.stringify(await roll(JSON.parse(process.argv[2]!) as SimWork))}\n`);
  process.exit(0);
}
