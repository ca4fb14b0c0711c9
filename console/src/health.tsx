import { useEffect, useState } from 'preact/hooks';
import type { ViewProps } from './view.ts';

interface Report {
  readonly message: string;
  readonly where?: string;
  readonly remedy?: string;
}

interface Status {
  readonly layers: Record<string, { ready: boolean; faults: Report[] }>;
  readonly sources: { name: string; phase: string; revision: string; applied: number; wanted: number }[];
}

const REFRESH_MS = 2_000;

/** Layers, sources and faults, as `tenon status` tells them. */
export function HealthView({ text, language }: ViewProps) {
  const [status, setStatus] = useState<Status>();
  useEffect(() => {
    const load = (): void =>
      void fetch(`data/status?language=${language}`)
        .then(answer => answer.json() as Promise<Status>)
        .then(setStatus)
        .catch(() => undefined);
    load();
    const timer = setInterval(load, REFRESH_MS);
    return () => clearInterval(timer);
  }, [language]);
  if (!status?.layers) return <p>{text('waiting')}</p>;
  return (
    <>
      <h2>{text('sources')}</h2>
      <ul>
        {status.sources.map(source => (
          <li key={source.name}>
            {source.name} @ {source.revision}: {source.phase}, {source.applied}/{source.wanted}
          </li>
        ))}
      </ul>
      <h2>{text('layers')}</h2>
      <ul class="health">
        {Object.entries(status.layers).map(([name, layer]) => (
          <li key={name}>
            <span class={layer.ready ? 'good' : 'bad'}>●</span> {name}: {text(layer.ready ? 'ready' : 'notReady')}
            {layer.faults.map((fault, index) => (
              <p class="warning" key={index}>
                {fault.where ? `${fault.where}: ` : ''}
                {fault.message}
                {fault.remedy ? ` → ${fault.remedy}` : ''}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </>
  );
}
