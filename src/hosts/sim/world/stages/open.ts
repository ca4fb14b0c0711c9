import { FaultError } from '../../../../base/index.ts';
import type { KubeObject } from '../../../../kernel/index.ts';
import type { ProcessSpec } from '../../model.ts';
import type { Simulation } from '../../simulation.ts';
import type { Machine } from '../machine.ts';
import { stageFunctions } from './functions.ts';
import { stageProcess } from './player.ts';
import { StagedPods, type StagedPodsOptions } from './pods.ts';
import { readStage } from './read.ts';

/** What of a world goes on by stages; the kubelets leave it alone. */
export interface Staged {
  readonly pods: boolean;
  readonly nodes: boolean;
  readonly process: ProcessSpec | undefined;
}

export interface StagedParts {
  readonly simulation: Simulation;
  readonly machine: (name: string) => Machine | undefined;
  readonly behaviour: StagedPodsOptions['behaviour'];
  readonly pods: StagedPodsOptions['changed'];
}

const isOfNode = ({ apiVersion, kind }: KubeObject): boolean =>
  apiVersion === 'v1' && (kind === 'Node' || kind === 'Pod');

/** Reads a scenario's Stage documents. Throws the first thing that is wrong with one. */
export function openStages(documents: readonly KubeObject[], parts: StagedParts): Staged {
  const { simulation, machine, behaviour } = parts;
  const stages = documents.map(document => {
    const { value, faults } = readStage(document);
    if (faults[0]) throw new FaultError(faults[0]);
    return value;
  });
  const of = (kind: string): boolean => stages.some(stage => stage.apiVersion === 'v1' && stage.kind === kind);
  const now_ms = (): number => simulation.clock.now();
  const pods = new StagedPods({ machine, behaviour, changed: parts.pods, now_ms });
  const nodeOf = (object: KubeObject): string | undefined =>
    object.kind === 'Node' ? object.metadata.name : (object.spec as { nodeName?: string } | undefined)?.nodeName;
  const world = {
    start_ms: now_ms(),
    nodeAddress: (node: string) => machine(node)?.address,
    podAddress: (pod: KubeObject) => pods.address(pod),
  };
  const process =
    stages.length === 0
      ? undefined
      : stageProcess({
          stages,
          catalog: () => simulation.platform.api.catalog,
          functions: (object, at_ms) => stageFunctions(world, object, at_ms),
          takes: object => !isOfNode(object) || machine(nodeOf(object) ?? '') !== undefined,
          alive: object => !isOfNode(object) || (machine(nodeOf(object) ?? '')?.on ?? false),
          seen: (object, gone) => {
            if (object.kind === 'Pod' && object.apiVersion === 'v1') pods.seen(object, gone);
          },
        });
  return { pods: of('Pod'), nodes: of('Node'), process };
}
