import type { KubeObject } from '../../kernel/index.ts';
import { ageOf, humanDuration } from './format.ts';
import {
  ageCell,
  at,
  boolCell,
  containerCells,
  type Fields,
  labelsCell,
  listAt,
  nameOf,
  numberAt,
  selectorCell,
  shape,
  textAt,
} from './shape.ts';
import type { Cell, TableShape } from './shape.ts';

const templateCells = (object: KubeObject): [string, string] => containerCells(at(object, 'spec.template'));
const WIDE = 'Containers*|Images*|Selector*';

const replicated = (selector: (object: KubeObject) => string): TableShape =>
  shape(`Name|Desired#|Current#|Ready#|Age|${WIDE}`, (object, now_ms) => [
    nameOf(object),
    numberAt(object, 'spec.replicas'),
    numberAt(object, 'status.replicas'),
    numberAt(object, 'status.readyReplicas'),
    ageCell(object, now_ms),
    ...templateCells(object),
    selector(object),
  ]);

const jobCondition = (job: KubeObject, type: string): Fields | undefined =>
  listAt(job, 'status.conditions').find(one => one.type === type && one.status === 'True');

function jobStatus(job: KubeObject): string {
  if (jobCondition(job, 'Complete')) return 'Complete';
  if (jobCondition(job, 'Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp) return 'Terminating';
  for (const type of ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']) if (jobCondition(job, type)) return type;
  return 'Running';
}

function jobCells(job: KubeObject, now_ms: number): Cell[] {
  const completions = at(job, 'spec.completions');
  const parallelism = numberAt(job, 'spec.parallelism');
  const succeeded = numberAt(job, 'status.succeeded');
  const wanted = typeof completions === 'number' ? String(completions) : parallelism > 1 ? `1 of ${parallelism}` : '1';
  const started = Date.parse(textAt(job, 'status.startTime'));
  const ended = Date.parse(
    textAt(job, 'status.completionTime') || textAt(jobCondition(job, 'Failed'), 'lastTransitionTime'),
  );
  const duration = Number.isNaN(started) ? '' : humanDuration((Number.isNaN(ended) ? now_ms : ended) - started);
  return [
    nameOf(job),
    jobStatus(job),
    `${succeeded}/${wanted}`,
    duration,
    ageCell(job, now_ms),
    ...templateCells(job),
    selectorCell(at(job, 'spec.selector')),
  ];
}

function cronJobCells(job: KubeObject, now_ms: number): Cell[] {
  const last = textAt(job, 'status.lastScheduleTime');
  return [
    nameOf(job),
    textAt(job, 'spec.schedule'),
    textAt(job, 'spec.timeZone', '<none>'),
    boolCell(at(job, 'spec.suspend')),
    listAt(job, 'status.active').length,
    last ? ageOf(last, now_ms) : '<none>',
    ageCell(job, now_ms),
    ...containerCells(at(job, 'spec.jobTemplate.spec.template')),
    selectorCell(at(job, 'spec.jobTemplate.spec.selector')),
  ];
}

/** `10%` or `<unknown>`. */
const current = (value: unknown, suffix = ''): string =>
  value === undefined || value === null || value === '' ? '<unknown>' : `${String(value)}${suffix}`;

/** One target of an autoscaler: `cpu: 10%/50%`, `5/10 (avg)`. */
function metricText(spec: Fields, status: Fields | undefined): string {
  switch (spec.type) {
    case 'Resource':
    case 'ContainerResource': {
      const field = spec.type === 'Resource' ? 'resource' : 'containerResource';
      const name = `${textAt(spec, `${field}.name`)}: `;
      const average = textAt(spec, `${field}.target.averageValue`);
      if (average) return `${name}${current(at(status, `${field}.current.averageValue`))}/${average}`;
      const wanted = at(spec, `${field}.target.averageUtilization`);
      return `${name}${current(at(status, `${field}.current.averageUtilization`), '%')}/${wanted === undefined ? '<auto>' : `${String(wanted)}%`}`;
    }
    case 'Pods':
      return `${current(at(status, 'pods.current.averageValue'))}/${textAt(spec, 'pods.target.averageValue')}`;
    case 'Object':
    case 'External': {
      const field = spec.type === 'Object' ? 'object' : 'external';
      const average = textAt(spec, `${field}.target.averageValue`);
      if (average) return `${current(at(status, `${field}.current.averageValue`))}/${average} (avg)`;
      return `${current(at(status, `${field}.current.value`))}/${textAt(spec, `${field}.target.value`)}`;
    }
    default:
      return '<unknown type>';
  }
}

function autoscalerTargets(object: KubeObject): string {
  const specs = listAt(object, 'spec.metrics');
  const statuses = listAt(object, 'status.currentMetrics');
  if (specs.length === 0) {
    const wanted = at(object, 'spec.targetCPUUtilizationPercentage');
    if (wanted === undefined) return '<none>';
    return `cpu: ${current(at(object, 'status.currentCPUUtilizationPercentage'), '%')}/${String(wanted)}%`;
  }
  const texts = specs.map((spec, i) => metricText(spec, statuses[i]));
  const SHOWN = 2;
  return texts.length > SHOWN
    ? `${texts.slice(0, SHOWN).join(', ')} + ${texts.length - SHOWN} more...`
    : texts.join(', ');
}

function controllerOf(object: KubeObject): string {
  const owner = object.metadata.ownerReferences?.find(one => one.controller);
  if (!owner) return '<none>';
  const slash = owner.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : `.${owner.apiVersion.slice(0, slash)}`;
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
}

export const WORKLOAD_SHAPES: readonly (readonly [string, TableShape])[] = [
  [
    'apps/Deployment',
    shape(`Name|Ready|Up-to-date#|Available#|Age|${WIDE}`, (object, now_ms) => [
      nameOf(object),
      `${numberAt(object, 'status.readyReplicas')}/${numberAt(object, 'spec.replicas')}`,
      numberAt(object, 'status.updatedReplicas'),
      numberAt(object, 'status.availableReplicas'),
      ageCell(object, now_ms),
      ...templateCells(object),
      selectorCell(at(object, 'spec.selector')),
    ]),
  ],
  ['apps/ReplicaSet', replicated(object => selectorCell(at(object, 'spec.selector')))],
  ['/ReplicationController', replicated(object => labelsCell(at(object, 'spec.selector')))],
  [
    'apps/StatefulSet',
    shape('Name|Ready|Age|Containers*|Images*', (object, now_ms) => [
      nameOf(object),
      `${numberAt(object, 'status.readyReplicas')}/${numberAt(object, 'spec.replicas')}`,
      ageCell(object, now_ms),
      ...templateCells(object),
    ]),
  ],
  [
    'apps/DaemonSet',
    shape(`Name|Desired#|Current#|Ready#|Up-to-date#|Available#|Node Selector|Age|${WIDE}`, (object, now_ms) => [
      nameOf(object),
      numberAt(object, 'status.desiredNumberScheduled'),
      numberAt(object, 'status.currentNumberScheduled'),
      numberAt(object, 'status.numberReady'),
      numberAt(object, 'status.updatedNumberScheduled'),
      numberAt(object, 'status.numberAvailable'),
      labelsCell(at(object, 'spec.template.spec.nodeSelector')),
      ageCell(object, now_ms),
      ...templateCells(object),
      selectorCell(at(object, 'spec.selector')),
    ]),
  ],
  [
    'apps/ControllerRevision',
    shape('Name|Controller|Revision#|Age', (object, now_ms) => [
      nameOf(object),
      controllerOf(object),
      numberAt(object, 'revision'),
      ageCell(object, now_ms),
    ]),
  ],
  ['batch/Job', shape(`Name|Status|Completions|Duration|Age|${WIDE}`, jobCells)],
  ['batch/CronJob', shape(`Name|Schedule|Timezone|Suspend?|Active#|Last Schedule|Age|${WIDE}`, cronJobCells)],
  [
    'autoscaling/HorizontalPodAutoscaler',
    shape('Name|Reference|Targets|MinPods|MaxPods|Replicas|Age', (object, now_ms) => [
      nameOf(object),
      `${textAt(object, 'spec.scaleTargetRef.kind')}/${textAt(object, 'spec.scaleTargetRef.name')}`,
      autoscalerTargets(object),
      textAt(object, 'spec.minReplicas', '<unset>'),
      numberAt(object, 'spec.maxReplicas'),
      numberAt(object, 'status.currentReplicas'),
      ageCell(object, now_ms),
    ]),
  ],
  [
    'policy/PodDisruptionBudget',
    shape('Name|Min Available|Max Unavailable|Allowed Disruptions#|Age', (object, now_ms) => [
      nameOf(object),
      textAt(object, 'spec.minAvailable', 'N/A'),
      textAt(object, 'spec.maxUnavailable', 'N/A'),
      numberAt(object, 'status.disruptionsAllowed'),
      ageCell(object, now_ms),
    ]),
  ],
];
