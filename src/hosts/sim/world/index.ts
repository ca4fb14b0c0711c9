/** The world of a run: machines with their kubelets, load, metrics, and what disruptions can do to them. */
import type { Random } from '../../../base/index.ts';
import type { kinds } from '../../../kernel/index.ts';
import type { Links } from '../links.ts';
import type { RunContext, RunWorld } from '../run.ts';
import { CONTROL } from '../process-client.ts';
import type { ClockModel, CommitModel, Load, LinkModel, Scenario } from '../scenario/model.ts';
import { deliveryProcess } from '../delivery.ts';
import type { ProcessSpec } from '../model.ts';
import { scalingProcess } from '../scaling.ts';
import { draw, mean } from './draw.ts';
import { PodHub } from './hub.ts';
import { type KubeletOptions, kubeletProcess } from './kubelet.ts';
import { Machine, type PodRecord } from './machine.ts';
import { type Behaviour, behaviourOf, globMatches, workloadOf } from './models.ts';
import { type NameFailure, nameFailure } from './names.ts';
import { openReach } from './reach.ts';
import type { Reach } from './reach-port.ts';
import { Repositories } from './repositories.ts';
import { WebhookServers } from './webhooks.ts';
import { openStages } from './stages/open.ts';
import { type Askable, TrafficEngine } from './traffic.ts';
import { lookAt, type PodSample, scrape, type UsageParts } from './usage.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const GIB = 1024 ** 3;

const undo = (heal: () => void): Disposable => ({ [Symbol.dispose]: heal });

/** In a list until it is undone. */
function listed<T>(list: T[], item: T): Disposable {
  list.push(item);
  return undo(() => void list.splice(list.indexOf(item), 1));
}

/** What a world is made from. */
export type WorldContext = Pick<RunContext, 'simulation' | 'traffic'> & {
  readonly scenario: Pick<Scenario, 'world' | 'start_ms'>;
};

export interface WorldOptions {
  /** Decides who reaches whom; the network's own engines when absent. */
  readonly reach?: (context: WorldContext) => Promise<Reach>;
}

/** The world a scenario describes. */
export class SimWorld implements RunWorld {
  readonly machines: readonly Machine[];
  readonly #byName: ReadonlyMap<string, Machine>;
  readonly traffic: TrafficEngine;
  readonly repositories: Repositories;
  readonly webhooks: WebhookServers;
  readonly #context: WorldContext;
  readonly #hub: PodHub;
  /** Pods by address, kept up by the kubelets. */
  readonly #addresses = new Map<string, Askable>();
  /** Machines that were lost, until their pods are seen again. */
  readonly #away = new Set<Machine>();
  readonly #unpullable: string[] = [];
  readonly #noNames: NameFailure[] = [];
  /** Patterns of Services and hosts whose serving certificates have expired; of webhooks that do not answer. */
  readonly #expired: string[] = [];
  readonly #silent: string[] = [];
  readonly #slowed = new Map<string, number[]>();
  /** Patterns of nodes and pods no new samples come from; of pods whose counters begin anew at the next scrape. */
  readonly #noMetrics: string[] = [];
  #resets: string[] = [];
  #samples = new Map<string, PodSample>();
  #cost = 0;
  #costAt_ms = 0;
  readonly #usage: UsageParts;

  private constructor(context: WorldContext, reach: Reach) {
    this.#context = context;
    const { scenario, simulation } = context;
    const { clock, random, platform } = simulation;
    const parts = {
      clock,
      random: random('machines'),
      images: scenario.world.images,
      unpullable: () => this.#unpullable,
      ran: (machine: Machine, record: PodRecord) => this.#ran(machine, record),
      disk: (node: string) => scenario.world.disks.find(each => each.node === node)?.size,
    };
    this.machines = scenario.world.nodes
      .flatMap(group => group.names.map(name => ({ name, group })))
      .map(({ name, group }, index) => new Machine(name, group, index, parts));
    this.#byName = new Map(this.machines.map(machine => [machine.name, machine]));
    for (const machine of this.machines)
      if (machine.zone) platform.links.within(`kubelet/${machine.name}`, machine.zone);
    const report = (error: unknown): void => simulation.log.write('world', 'error', undefined, String(error));
    this.#hub = new PodHub({
      client: simulation.client('kubelets', 'world'),
      clock,
      random: random('hub'),
      links: platform.links,
      deaf: place => platform.interference.untrusted(place) !== undefined,
      report,
    });
    this.traffic = new TrafficEngine({
      clock,
      random: random('traffic'),
      links: platform.links,
      network: scenario.world.network,
      reach,
      pod: address => this.#addresses.get(address),
      told: context.traffic,
      nameFailure: to => nameFailure(this.#noNames, to),
    });
    this.repositories = new Repositories({
      models: scenario.world.repositories,
      clock,
      random: random('git'),
      links: platform.links,
      expired: host => this.#expired.some(pattern => globMatches(pattern, host)),
      unnamed: host => nameFailure(this.#noNames, { kind: 'host', host, path: '/' }),
    });
    this.webhooks = new WebhookServers({
      models: scenario.world.webhooks,
      clock,
      random: random('webhooks'),
      links: platform.links,
      network: scenario.world.network,
      api: platform.api,
      pod: address => this.#addresses.get(address),
      silent: holder => this.#silent.some(pattern => globMatches(pattern, holder)),
      expired: holder => this.#expired.some(pattern => globMatches(pattern, holder)),
      unnamed: host => nameFailure(this.#noNames, { kind: 'host', host, path: '/' }),
      reviewed: (webhook, outcome) => {
        for (const observer of simulation.observers) observer.reviewed?.({ t: simulation.t, webhook, outcome });
      },
    });
    platform.api.webhooks = (target, review, timeout_ms) => this.webhooks.call(target, review, timeout_ms);
    this.#usage = { traffic: this.traffic, random: random('usage'), scrape_ms: scenario.world.scrape_ms };
  }

  static async open(context: WorldContext, options: WorldOptions = {}): Promise<SimWorld> {
    const { simulation } = context;
    const { clock, random } = simulation;
    const report = (error: unknown): void => simulation.log.write('world', 'error', 'reach', String(error));
    const client = simulation.client('dataplane', 'world');
    const reach = options.reach
      ? await options.reach(context)
      : openReach({ client, clock, random: random('reach'), report });
    return new SimWorld(context, reach);
  }

  async start(): Promise<void> {
    const { scenario, simulation } = this.#context;
    const { links, processes } = simulation.platform;
    for (const link of scenario.world.network.links) this.#link(link, links);
    const behaviour = (pod: kinds.Pod, on: Machine): Behaviour =>
      behaviourOf(scenario.world.workloads, pod, on.name, on.zone);
    const pods: KubeletOptions['pods'] = (on, record, there) => (there ? this.#runs(on, record) : this.#left(record));
    const machine = (name: string): Machine | undefined => this.machine(name);
    const staged = openStages(scenario.world.stages, { simulation, machine, behaviour, pods });
    for (const each of this.machines)
      await processes.add(kubeletProcess({ machine: each, hub: this.#hub, behaviour, pods, staged }));
    if (staged.process) await processes.add(staged.process);
    for (const each of scenario.world.clocks) this.#skew(each);
    await processes.add(
      scalingProcess(simulation.platform.api, {
        samples: () => this.#samples,
        labels: (namespace, name) => this.#hub.get(namespace, name)?.metadata.labels,
      }),
    );
    if (scenario.world.deliver.length > 0) await processes.add(this.#delivery(scenario.world.deliver));
    this.#scrapeSoon();
  }

  #delivery(targets: readonly string[]): ProcessSpec {
    const { simulation } = this.#context;
    const { api } = simulation.platform;
    return deliveryProcess({
      api,
      targets,
      repositories: this.repositories,
      log: simulation.log,
      delivered: (source, view) => {
        for (const observer of simulation.observers) observer.delivered?.({ t: simulation.t, source, view });
      },
    });
  }

  commit(commit: CommitModel): void {
    this.repositories.commit(commit);
  }

  send(load: Load): void {
    this.traffic.send(load);
  }

  stop(load: string): void {
    this.traffic.stop(load);
  }

  cost(): number {
    const { simulation, scenario } = this.#context;
    const { nodeHour, nodes, cpuHour, gibHour } = scenario.world.cost;
    const hours = (simulation.t - this.#costAt_ms) / HOUR_MS;
    this.#costAt_ms = simulation.t;
    for (const machine of this.machines) {
      if (!machine.on) continue;
      const { labels } = machine.group;
      const special = nodes.find(each => Object.entries(each.labels).every(([key, value]) => labels[key] === value));
      this.#cost += hours * (special?.hour ?? nodeHour);
      if (cpuHour + gibHour === 0) continue;
      for (const sample of this.#samples.values())
        for (const { cores, bytes } of sample.containers)
          this.#cost += (hours * (cores * cpuHour + (bytes / GIB) * gibHour)) / this.machines.length;
    }
    return this.#cost;
  }

  /** The newest sample of every pod, as a metrics server would serve it. */
  samples(): ReadonlyMap<string, PodSample> {
    return this.#samples;
  }

  /** CPU and memory by workload, as the newest samples have them. */
  gauges(): Iterable<readonly [name: string, value: number]> {
    const sums = new Map<string, number>();
    for (const { pods } of this.machines)
      for (const { state } of pods.values()) {
        const { namespace = '', name = '' } = state.pod.metadata;
        const workload = `workloads.${namespace}/${workloadOf(state.pod as kinds.Pod)}`;
        for (const { cores, bytes } of this.#samples.get(`${namespace}/${name}`)?.containers ?? [])
          for (const [key, value] of [
            [`${workload}.cpu`, cores],
            [`${workload}.memory`, bytes],
          ] as const)
            sums.set(key, (sums.get(key) ?? 0) + value);
      }
    return sums;
  }

  machine(name: string): Machine | undefined {
    return this.#byName.get(name);
  }

  /** What disruptions can do to it; every one is undone by disposing what it gives. */
  readonly hooks = {
    nodes: (): readonly string[] => this.machines.map(({ name }) => name),
    loseNode: (name: string): Disposable => this.#lose(name),
    slowNode: (name: string, factor: number): Disposable => {
      const machine = this.machine(name);
      if (!machine) return undo(() => undefined);
      // Where several slow it down it is as slow as the slowest makes it.
      const factors = this.#slowed.get(name) ?? [];
      this.#slowed.set(name, factors);
      const set = (): void => void (machine.slowness = machine.group.slowness * Math.max(1, ...factors));
      factors.push(factor);
      set();
      return undo(() => {
        factors.splice(factors.indexOf(factor), 1);
        set();
      });
    },
    failPulls: (image: string): Disposable => listed(this.#unpullable, image),
    /** The node's disk is full of what is not its pods'. */
    fillDisk: (name: string): Disposable => {
      const machine = this.machine(name);
      if (machine) machine.disk = { ...machine.disk, available: 0 };
      return undo(() => void (machine && (machine.disk = { ...machine.disk, available: machine.disk.capacity })));
    },
    silenceWebhooks: (name: string): Disposable | undefined =>
      this.webhooks.holders().some(holder => globMatches(name, holder)) ? listed(this.#silent, name) : undefined,
    expireCertificates: (holder: string): Disposable | undefined =>
      [...this.webhooks.holders(), ...this.repositories.hosts()].some(each => globMatches(holder, each))
        ? listed(this.#expired, holder)
        : undefined,
    hideGit: (url: string, how: string): Disposable => this.repositories.hide(url, how),
    failNames: (name: string, how: string): Disposable => listed(this.#noNames, { name, how }),
    stopMetrics: (target: string): Disposable => listed(this.#noMetrics, target),
    resetCounters: (target: string): void => void this.#resets.push(target),
    hang: (workload: string): Disposable => {
      const touched = [...this.#addresses.values()].filter(({ record }) =>
        globMatches(workload, `${record.state.pod.metadata.namespace}/${record.state.pod.metadata.name}`),
      );
      for (const { record } of touched) record.hung = true;
      return undo(() => {
        for (const { record } of touched) record.hung = false;
      });
    },
  };

  #lose(name: string): Disposable {
    const machine = this.machine(name);
    const { processes } = this.#context.simulation.platform;
    if (!machine) return undo(() => undefined);
    machine.lose();
    processes.crash(`kubelet/${name}`, 'never');
    this.#away.add(machine);
    for (const record of machine.pods.values()) this.#left(record);
    return undo(() => {
      machine.on = true;
      void processes.revive(`kubelet/${name}`);
    });
  }

  /** A wrong clock, and one that runs fast goes further wrong with every minute. */
  #skew(model: ClockModel): void {
    const { simulation } = this.#context;
    const { node, skew_ms, drift_ppm } = model;
    const name = node === CONTROL ? CONTROL : `kubelet/${node}`;
    const names = name === CONTROL ? simulation.platform.processes.names.filter(each => !each.includes('/')) : [name];
    const off_ms = skew_ms + (simulation.t * drift_ppm) / 1_000_000;
    for (const each of names) simulation.platform.processes.skew(each, Math.round(off_ms));
    if (drift_ppm !== 0) simulation.clock.after(MINUTE_MS, () => this.#skew(model));
  }

  #link({ from, to, oneWay, latency, loss }: LinkModel, links: Links): void {
    const drawn = latency.kind === 'fixed' ? {} : { drawn: (random: Random) => draw(latency, random) };
    const settings = { latency_ms: mean(latency), jitter_ms: 0, loss, ...drawn };
    links.set(from, to, settings);
    if (!oneWay) links.set(to, from, settings);
  }

  /** Tells observers of what truly runs, whatever the API says. */
  #ran({ name: node }: Machine, { uid, runs: running, state }: PodRecord): void {
    const { simulation } = this.#context;
    const { namespace = '', name = '' } = state.pod.metadata;
    for (const observer of simulation.observers)
      observer.ran?.({ t: simulation.t, node, path: `${namespace}/${name}`, uid, running });
  }

  #runs(machine: Machine, record: PodRecord): void {
    if (!machine.on) return;
    const found = this.#away.delete(machine) ? machine.pods.values() : [record];
    for (const each of found)
      if (!(each.state.pod as kinds.Pod).spec?.hostNetwork) this.#addresses.set(each.ip, { machine, record: each });
  }

  #left(record: PodRecord): void {
    if (this.#addresses.get(record.ip)?.record === record) this.#addresses.delete(record.ip);
    this.traffic.forget(record.uid);
  }

  #scrapeSoon(): void {
    const { simulation, scenario } = this.#context;
    simulation.clock.after(scenario.world.scrape_ms, () => {
      this.#scrape();
      this.#scrapeSoon();
    });
  }

  #scrape(): void {
    const { clock } = this.#context.simulation;
    const fresh = new Map<string, PodSample>();
    const hides = (patterns: readonly string[], name: string): boolean =>
      patterns.some(pattern => globMatches(pattern, name));
    for (const machine of this.machines) {
      const samples = scrape(machine, clock.now(), clock.monotonic(), this.#usage);
      if (machine.on) lookAt(machine, samples);
      if (hides(this.#noMetrics, machine.name)) continue;
      for (const sample of samples) {
        const name = `${sample.namespace}/${sample.name}`;
        // A rate over a counter that began anew cannot be had.
        if (!hides(this.#noMetrics, name) && !hides(this.#resets, name)) fresh.set(name, sample);
      }
    }
    this.#resets = [];
    this.#samples = fresh;
  }
}
