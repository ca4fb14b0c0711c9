import type { ViewProps } from './view.ts';
import { ageOf, type ClusterObject, objectsOf } from './cluster.ts';

const timeOf = (event: ClusterObject): string =>
  String(
    event.lastTimestamp ??
      (event.series as { lastObservedTime?: string } | undefined)?.lastObservedTime ??
      event.eventTime ??
      event.metadata.creationTimestamp ??
      '',
  );

const ROWS_MAX = 500;

/** What happened, newest first; warnings stand out. */
export function EventsView({ cluster, namespace, text }: ViewProps) {
  const now = Date.now();
  const events = objectsOf(cluster, 'events')
    .filter(({ metadata }) => !namespace || metadata.namespace === namespace)
    .sort((left, right) => (timeOf(left) < timeOf(right) ? 1 : -1))
    .slice(0, ROWS_MAX);
  if (events.length === 0) return <p class="empty">{text('nothing')}</p>;
  return (
    <table>
      <thead>
        <tr>
          {(['age', 'reason', 'about', 'message', 'count'] as const).map(key => (
            <th key={key}>{text(key)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {events.map(event => {
          const about = event.involvedObject as { kind?: string; namespace?: string; name?: string } | undefined;
          return (
            <tr key={event.metadata.uid} class={event.type === 'Warning' ? 'warn' : ''}>
              <td>{ageOf(timeOf(event), now)}</td>
              <td>{String(event.reason ?? '')}</td>
              <td>
                {about?.kind} {about?.namespace ? `${about.namespace}/` : ''}
                {about?.name}
              </td>
              <td>{String(event.message ?? '')}</td>
              <td>{String(event.count ?? 1)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
