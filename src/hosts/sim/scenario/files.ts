/** What a scenario may read beside itself: manifests and traces, by paths relative to its file. */
import type { Span } from '../../../base/index.ts';
import type { Placed } from './model.ts';

export interface ScenarioFiles {
  /** The objects of a manifest file or folder, as `tenon up` would deliver them. FaultError: missing, outside, not readable. */
  manifests(path: string, where: Span): readonly Placed[];
  /** The texts of a folder by their paths in it. FaultError as above. */
  texts(path: string, where: Span): ReadonlyMap<string, string>;
  /** The lines of a text file, read as they are asked for, and the name faults carry. FaultError as above. */
  lines(path: string, where: Span): { readonly name: string; readonly lines: Iterable<string> };
}
