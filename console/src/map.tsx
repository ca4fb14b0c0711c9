import { shown, type ViewProps } from './view.ts';
import { type ClusterObject, isPodReady, objectsOf, selects } from './cluster.ts';
import { BOX, layout } from './layout.ts';

interface Box {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly pods: readonly ClusterObject[];
}

const idOf = (object: ClusterObject): string => `${object.metadata.namespace}/${object.metadata.name}`;

/** Pod -> what a person calls it: its Service, else the workload that made it. */
function boxesOf(services: ClusterObject[], pods: ClusterObject[]): Box[] {
  const boxes = services.map(service => ({
    id: idOf(service),
    title: service.metadata.name,
    detail: service.metadata.namespace ?? '',
    pods: pods.filter(pod => selects(service, pod)),
  }));
  const taken = new Set(boxes.flatMap(box => box.pods.map(pod => pod.metadata.uid)));
  const rest = new Map<string, ClusterObject[]>();
  for (const pod of pods.filter(item => !taken.has(item.metadata.uid))) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.name ?? pod.metadata.name;
    const key = `${pod.metadata.namespace}/${owner.replace(/-[0-9a-f]{8,10}$/, '')}`;
    rest.set(key, [...(rest.get(key) ?? []), pod]);
  }
  for (const [id, members] of rest) {
    const [namespace = '', name = ''] = id.split('/');
    boxes.push({ id, title: name, detail: namespace, pods: members });
  }
  return boxes;
}

/** Services and workloads as boxes, live traffic as lines between them: green passed, red was dropped. */
export function MapView({ cluster, namespace, text }: ViewProps) {
  const pods = shown(objectsOf(cluster, 'pods'), namespace);
  const services = shown(objectsOf(cluster, 'services'), namespace).filter(
    ({ metadata }) => idOf({ metadata } as ClusterObject) !== 'default/kubernetes',
  );
  const boxes = boxesOf(services, pods);
  const traffic = [...cluster.traffic.values()];
  const { places, width, height } = layout(
    boxes.map(({ id }) => id),
    traffic,
  );
  if (boxes.length === 0) return <p class="empty">{text('nothing')}</p>;
  return (
    <svg
      class="map"
      viewBox={`0 0 ${width} ${height}`}
      style={{ maxWidth: `${width}px` }}
      role="img"
      aria-label={text('map')}
    >
      {traffic.map(({ from, to, verdict, count }) => {
        const start = places.get(from);
        const end = places.get(to);
        if (!start || !end) return null;
        const x1 = start.x + BOX.width;
        const y1 = start.y + BOX.height / 2;
        const y2 = end.y + BOX.height / 2;
        const bend = Math.max(40, Math.abs(end.x - x1) / 2);
        return (
          <g class={`flow ${verdict}`} key={`${from}>${to}>${verdict}`} data-flow={`${from}>${to}`}>
            <path d={`M${x1},${y1} C${x1 + bend},${y1} ${end.x - bend},${y2} ${end.x},${y2}`} />
            <text x={(x1 + end.x) / 2} y={(y1 + y2) / 2 - 4}>
              {count}
            </text>
          </g>
        );
      })}
      {boxes.map(box => {
        const { x, y } = places.get(box.id)!;
        const ready = box.pods.filter(isPodReady).length;
        const state =
          box.pods.length === 0 ? 'none' : ready === box.pods.length ? 'good' : ready > 0 ? 'partly' : 'bad';
        return (
          <g class={`box ${state}`} key={box.id} transform={`translate(${x},${y})`} data-name={box.id}>
            <rect width={BOX.width} height={BOX.height} rx="8" />
            <text x="12" y="23" class="title">
              {box.title}
            </text>
            <text x="12" y="43" class="detail">
              {box.detail} · {ready}/{box.pods.length} {text('pods')}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
