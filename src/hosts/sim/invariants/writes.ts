/** No acknowledged write is lost, no revision is given twice, no update builds on what was overwritten. */
import type { Call, Commit } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';

interface Written {
  readonly revision: number;
  readonly collection: string;
  readonly path: string;
  readonly before: string | undefined;
}

/** Writes that are remembered: an answer that comes later than this many others is not judged. */
const WRITES_MAX = 20_000;

const MUTATING: ReadonlySet<Call['verb']> = new Set(['create', 'update', 'patch', 'apply', 'delete']);

export function writesInvariant(dog: Watchdog): Invariant {
  const name = 'writes';
  /** The newest writes, each at its revision modulo the length. */
  const log = new Map<number, Written>();
  /** When the last object of a uid went. */
  const removed = new Map<string, number>();
  let last = 0;
  const tell = (about: string, message: string): void => dog.violated(name, about, message);
  return {
    name,
    commit({ t, revision, collection, path, object, before }: Commit) {
      if (revision <= last) tell(`${collection}/${path}`, `revision ${revision} was committed after ${last}`);
      last = Math.max(last, revision);
      log.set(revision % WRITES_MAX, { revision, collection, path, before: before?.metadata.resourceVersion });
      if (object && object.metadata.resourceVersion !== String(revision))
        tell(
          `${collection}/${path}`,
          `revision ${revision} holds an object of version ${object.metadata.resourceVersion}`,
        );
      if (!object && before) removed.set(before.metadata.uid ?? '', t);
      if (object && before && object.metadata.uid !== before.metadata.uid)
        tell(
          `${collection}/${path}`,
          `an update changed the uid from ${before.metadata.uid} to ${object.metadata.uid}`,
        );
    },
    call({ t, by, verb, collection, path, revision, code, expected, uid }: Call) {
      if (!MUTATING.has(verb) || code !== undefined) return;
      const about = `${collection}/${path}`;
      const gone = uid === undefined ? undefined : removed.get(uid);
      if (
        verb === 'delete' &&
        gone !== undefined &&
        gone < t &&
        dog.weather.calm_ms(['Latency', 'Partition'], t) > 60_000
      )
        tell(about, `${by} deleted uid ${uid}, which was gone since ${gone} ms`);
      if (revision === undefined || Number.isNaN(revision)) return;
      if (revision <= last - WRITES_MAX) return;
      const written = log.get(revision % WRITES_MAX);
      if (written?.revision !== revision)
        return tell(about, `${by} was told of revision ${revision}, which is not in the log`);
      if (written.collection !== collection || (!path.endsWith('*') && written.path !== path))
        return tell(about, `${by} was told of revision ${revision}, which is of ${written.collection}/${written.path}`);
      // Nothing to change is answered with what is there.
      if (verb === 'update' && expected && expected !== String(revision) && written.before !== expected)
        return tell(about, `${by} changed version ${expected} and overwrote ${written.before}`);
    },
  };
}

/** Who is part of the cluster writes nothing that the API calls malformed or invalid: trying again would never help. */
export function validInvariant(dog: Watchdog): Invariant {
  const name = 'valid';
  /** Written for an object that has gone: another one has its name, or had when the write came. */
  const isLate = ({ uid, collection, path }: Call): boolean =>
    uid !== undefined && dog.view.get(collection, path)?.metadata.uid !== uid;
  return {
    name,
    call(call: Call) {
      const { by, verb, collection, path, code } = call;
      if ((code !== 422 && code !== 400) || by === 'operator' || by === 'scenario' || isLate(call)) return;
      dog.violated(name, `${by} ${collection}`, `${verb} ${path} was refused with ${code}`);
    },
  };
}
