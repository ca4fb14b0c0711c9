import { useEffect, useRef, useState } from 'preact/hooks';
import { shown, type ViewProps } from './view.ts';
import { objectsOf } from './cluster.ts';

const LINES_MAX = 2_000;

/** Follows one log through the API's own endpoint until the choice changes. */
function useLog(path: string | undefined): string[] {
  const [lines, setLines] = useState<string[]>([]);
  useEffect(() => {
    setLines([]);
    if (!path) return;
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      const answer = await fetch(path, { signal: stop.signal });
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const parts = (rest + part.value).split('\n');
        rest = parts.pop() ?? '';
        setLines(before => [...before, ...parts].slice(-LINES_MAX));
      }
      if (rest) setLines(before => [...before, rest]);
    };
    read().catch((error: Error) => stop.signal.aborted || setLines([error.message]));
    return () => stop.abort();
  }, [path]);
  return lines;
}

/** The log of one container, as it is written. */
export function LogsView({ cluster, namespace, text }: ViewProps) {
  const pods = shown(objectsOf(cluster, 'pods'), namespace).sort((left, right) =>
    left.metadata.name < right.metadata.name ? -1 : 1,
  );
  const [uid, setUid] = useState('');
  const [container, setContainer] = useState('');
  const pod = pods.find(({ metadata }) => metadata.uid === uid);
  const containers = ((pod?.spec?.containers ?? []) as { name: string }[]).map(({ name }) => name);
  const chosen = containers.includes(container) ? container : containers[0];
  const path =
    pod && chosen
      ? `k8s/api/v1/namespaces/${pod.metadata.namespace}/pods/${pod.metadata.name}/log?follow=true&tailLines=500&container=${encodeURIComponent(chosen)}`
      : undefined;
  const lines = useLog(path);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => end.current?.scrollIntoView({ block: 'end' }), [lines]);
  return (
    <>
      <p>
        <select id="pod" value={uid} onChange={event => setUid(event.currentTarget.value)}>
          <option value="">{text('choosePod')}</option>
          {pods.map(({ metadata }) => (
            <option value={metadata.uid} key={metadata.uid}>
              {metadata.namespace}/{metadata.name}
            </option>
          ))}
        </select>
        {containers.length > 1 && (
          <select value={chosen} onChange={event => setContainer(event.currentTarget.value)}>
            {containers.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </p>
      <pre class="log">
        {lines.join('\n')}
        <div ref={end} />
      </pre>
    </>
  );
}
