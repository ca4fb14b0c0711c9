import { useEffect, useState } from 'preact/hooks';
import { type Cluster, followCluster, objectsOf } from './cluster.ts';
import { EventsView } from './events.tsx';
import { HealthView } from './health.tsx';
import { initialLanguage, keepLanguage, type Language, textsOf } from './language.ts';
import { LogsView } from './logs.tsx';
import { MapView } from './map.tsx';
import { ObjectsView } from './objects.tsx';
import { RunBar } from './run-bar.tsx';
import { WhyView } from './why.tsx';

const VIEWS = {
  map: MapView,
  objects: ObjectsView,
  events: EventsView,
  logs: LogsView,
  why: WhyView,
  health: HealthView,
} as const;
type ViewName = keyof typeof VIEWS;
/** What a simulated run has: no logs, no host. */
const SIMULATED: ReadonlySet<ViewName> = new Set(['map', 'objects', 'events']);
const viewOf = (hash: string): ViewName => (hash.slice(1) in VIEWS ? (hash.slice(1) as ViewName) : 'map');

export function App() {
  const [cluster, setCluster] = useState<Cluster>();
  const [view, setView] = useState<ViewName>(viewOf(location.hash));
  const [language, setLanguage] = useState<Language>(initialLanguage);
  const [namespace, setNamespace] = useState('');
  const text = textsOf(language);
  useEffect(() => followCluster(setCluster), []);
  useEffect(() => keepLanguage(language), [language]);
  useEffect(() => {
    const follow = (): void => setView(viewOf(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const View = VIEWS[view];
  const namespaces = cluster ? objectsOf(cluster, 'namespaces').map(({ metadata }) => metadata.name) : [];
  return (
    <>
      <header>
        <strong>Tenon 榫</strong>
        <nav>
          {(Object.keys(VIEWS) as ViewName[])
            .filter(name => !cluster?.run || SIMULATED.has(name))
            .map(name => (
              <a href={`#${name}`} class={name === view ? 'here' : ''} key={name}>
                {text(name)}
              </a>
            ))}
        </nav>
        <label>
          {text('namespace')}
          <select value={namespace} onChange={event => setNamespace(event.currentTarget.value)}>
            <option value="">{text('all')}</option>
            {namespaces.sort().map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="button" id="language" onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}>
          {language === 'en' ? '中文' : 'English'}
        </button>
      </header>
      {cluster?.run && <RunBar run={cluster.run} text={text} key={cluster.run.seed} />}
      {cluster && !cluster.connected && <p class="warning">{text('lost')}</p>}
      <main>
        {cluster ? (
          <View cluster={cluster} namespace={namespace} text={text} language={language} />
        ) : (
          <p>{text('waiting')}</p>
        )}
      </main>
    </>
  );
}
