import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import { ephemeralReportOf } from '../../dialects/kyverno/background/ephemeral.ts';
import type { ReportResult } from '../../dialects/kyverno/background/reports.ts';
import { definitionOf, refOf } from './lookup.ts';
import type { Background } from './model.ts';
import type { Work } from './work.ts';
import { placeOf, read, remove } from './write.ts';

/** How long what admission found stands by itself before it is only part of the report. */
const LIFE_MS = 30_000;
/** Reports that stand at the same time: more are left out, as by Kyverno's `maxAdmissionReports`. */
const STANDING_MAX = 1000;

/** What admission found of each object, for a while: Kyverno's own kinds, where they are served. */
export class Ephemeral {
  readonly #background: Background;
  readonly #work: Work;
  #standing = 0;

  constructor(background: Background, work: Work) {
    this.#background = background;
    this.#work = work;
  }

  async found(object: JsonObject, results: readonly ReportResult[]): Promise<void> {
    const { catalog, client, documents } = this.#background;
    const { admissionReports, reports } = documents.settings();
    if (results.length === 0 || !admissionReports || this.#standing >= STANDING_MAX) return;
    const resource = definitionOf(catalog, String(object.apiVersion), String(object.kind))?.resource ?? '';
    const report = ephemeralReportOf(object, resource, results);
    const place = placeOf(this.#background, report);
    if (place === undefined || (await read(this.#background, place)) !== undefined) return;
    const owner = placeOf(this.#background, object);
    // What is gone in the meantime needs no report.
    if (owner === undefined || (await read(this.#background, owner)) === undefined) return;
    await client.create(refOf(place.definition), report as unknown as KubeObject);
    // Where no reports are made of them, they stay.
    if (!reports) return;
    this.#standing++;
    this.#background.clock.after(LIFE_MS, () => {
      this.#standing--;
      this.#work.add(() => remove(this.#background, place));
    });
  }
}
