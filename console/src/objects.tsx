import { useEffect, useState } from 'preact/hooks';
import { shown, type ViewProps } from './view.ts';
import { ageOf, type Cluster, type ClusterObject, objectsOf } from './cluster.ts';

const ROOTS = [
  'deployments',
  'statefulsets',
  'daemonsets',
  'jobs',
  'services',
  'ingresses',
  'networkpolicies',
  'pods',
  'nodes',
  'namespaces',
];

/** Plural -> API path, for the one object a person opens. */
function pathOf(object: ClusterObject, collection: string): string {
  const base = object.apiVersion.includes('/') ? `k8s/apis/${object.apiVersion}` : `k8s/api/${object.apiVersion}`;
  const place = object.metadata.namespace ? `/namespaces/${encodeURIComponent(object.metadata.namespace)}` : '';
  return `${base}${place}/${collection}/${encodeURIComponent(object.metadata.name)}`;
}

/** Pods under a workload, through the ReplicaSets the page does not follow: by name, as they are made. */
function childrenOf(cluster: Cluster, object: ClusterObject): ClusterObject[] {
  return objectsOf(cluster, 'pods').filter(
    pod =>
      pod.metadata.namespace === object.metadata.namespace &&
      pod.metadata.ownerReferences?.some(
        owner =>
          owner.uid === object.metadata.uid ||
          (owner.kind === 'ReplicaSet' &&
            owner.name.replace(/-[0-9a-z]+$/, '') === object.metadata.name &&
            object.kind === 'Deployment'),
      ),
  );
}

interface Chosen {
  readonly object: ClusterObject;
  readonly collection: string;
}

/** The objects of the cluster as a tree, and the one chosen in full. */
export function ObjectsView({ cluster, namespace, text }: ViewProps) {
  const [chosen, setChosen] = useState<Chosen>();
  const [body, setBody] = useState('');
  const now = Date.now();
  useEffect(() => {
    if (!chosen) return;
    const stop = new AbortController();
    fetch(pathOf(chosen.object, chosen.collection), { signal: stop.signal })
      .then(answer => answer.json())
      .then(value => setBody(JSON.stringify(value, null, 2)))
      .catch((error: Error) => stop.signal.aborted || setBody(error.message));
    return () => stop.abort();
  }, [chosen]);
  const line = (object: ClusterObject, collection: string) => (
    <button
      type="button"
      class={chosen?.object.metadata.uid === object.metadata.uid ? 'line here' : 'line'}
      onClick={() => setChosen({ object, collection })}
    >
      <b>{object.kind}</b> {object.metadata.namespace ? `${object.metadata.namespace}/` : ''}
      {object.metadata.name} <i>{ageOf(object.metadata.creationTimestamp, now)}</i>
    </button>
  );
  return (
    <div class="split">
      <ul class="tree">
        {ROOTS.flatMap(collection => {
          const all = objectsOf(cluster, collection).map(object => ({ ...object, kind: object.kind ?? collection }));
          const items = collection === 'nodes' || collection === 'namespaces' ? all : shown(all, namespace);
          const roots =
            collection === 'pods' ? items.filter(({ metadata }) => !metadata.ownerReferences?.length) : items;
          return roots
            .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1))
            .map(object => (
              <li key={object.metadata.uid}>
                {line(object, collection)}
                <ul>
                  {childrenOf(cluster, object).map(pod => (
                    <li key={pod.metadata.uid}>{line(pod, 'pods')}</li>
                  ))}
                </ul>
              </li>
            ));
        })}
      </ul>
      <pre class="body">{chosen ? body : ''}</pre>
    </div>
  );
}
