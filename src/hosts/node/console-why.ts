import { FaultError, type Language, reportFault } from '../../base/index.ts';
import { journeyJson, journeyText, parseTarget, prepare, type Prepared, whyFlow } from '../../explain/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import { loadCluster } from './cluster-documents.ts';
import { explainPorts } from './explain-ports.ts';

/** What the page is answered: `status` is that of HTTP. */
export interface WhyReply {
  readonly status: number;
  readonly body: unknown;
}

/** Answers questions about what runs here; what was read serves until something is written. */
export class ConsoleQuestions {
  readonly #kernel: Kernel;
  readonly #root: string;
  #known: { readonly revision: number; readonly prepared: Promise<Prepared> } | undefined;

  constructor(kernel: Kernel, root: string) {
    this.#kernel = kernel;
    this.#root = root;
  }

  async #prepared(): Promise<Prepared> {
    const { revision } = this.#kernel.journal.store;
    if (this.#known?.revision !== revision) {
      const prepared = loadCluster(this.#kernel.client()).then(loaded => prepare(loaded, explainPorts(this.#root)));
      this.#known = { revision, prepared };
    }
    return this.#known.prepared;
  }

  /** `?from=shop/web&to=shop/pay:80&language=zh`: the answer as `tenon why -o json` has it, with its text. */
  async ask(query: URLSearchParams): Promise<WhyReply> {
    const language: Language = query.get('language') === 'zh' ? 'zh' : 'en';
    try {
      const source = parseTarget(query.get('from') ?? '').place;
      const { place, port, path } = parseTarget(query.get('to') ?? '');
      const journey = whyFlow(await this.#prepared(), {
        source,
        destination: place,
        protocol: 'TCP',
        ...(port === undefined ? {} : { port }),
        ...(path === undefined ? {} : { path }),
      });
      return { status: 200, body: { ...journeyJson(journey, language), text: journeyText(journey, language) } };
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
      return { status: 400, body: { faults: [reportFault(error.fault, language)] } };
    }
  }
}
