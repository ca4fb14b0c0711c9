import { createHash } from 'node:crypto';
import type { Json } from '../../kernel/index.ts';
import { negotiate, type Offer } from '../media/accept.ts';
import type { ApiRequest } from '../serve/request.ts';
import { notAcceptable, pageNotFound } from '../serve/resources.ts';
import { headersOf, send } from '../serve/respond.ts';
import type { Services } from '../serve/services.ts';
import { aggregatedDiscovery, coreVersions, groupList, oneGroup, resourceList } from './documents.ts';

const OFFER: Offer = {
  formats: ['json'],
  transforms: (as, group, version) =>
    as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io' && (version === 'v2' || version === 'v2beta1'),
};

interface Cached {
  readonly body: string;
  readonly etag: string;
}

/** Discovery answers, made again only when the catalogue's generation moves. */
export class Discovery {
  readonly #services: Services;
  #generation = -1;
  #cached = new Map<string, Cached>();

  constructor(services: Services) {
    this.#services = services;
  }

  #document(key: string, make: () => Json | undefined): Cached | undefined {
    const generation = this.#services.catalogGeneration();
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#cached = new Map();
    }
    let known = this.#cached.get(key);
    if (!known) {
      const value = make();
      if (value === undefined) return undefined;
      const body = JSON.stringify(value);
      known = { body, etag: `"${createHash('sha256').update(body).digest('hex').toUpperCase()}"` };
      this.#cached.set(key, known);
    }
    return known;
  }

  /** Answers `/api…` and `/apis…` paths that name no resource. */
  serve(request: ApiRequest): void {
    const accepted = negotiate(request.exchange.header('accept'), OFFER);
    if (!accepted) throw notAcceptable(OFFER.formats);
    const { catalog } = this.#services;
    const parts = request.target.path.split('/').filter(part => part !== '');
    const [root, first, second] = parts;
    const aggregated = accepted.as !== undefined && parts.length === 1;
    let document: Cached | undefined;
    if (aggregated) {
      const version = accepted.version!;
      document = this.#document(`${root}@${version}`, () => aggregatedDiscovery(catalog, root === 'api', version));
    } else if (root === 'api') {
      if (first === undefined) document = this.#document('api', () => coreVersions(this.#services.publicAddress()));
      else document = this.#document(`api/${first}`, () => resourceList(catalog, '', first));
    } else if (first === undefined) document = this.#document('apis', () => groupList(catalog));
    else if (second === undefined) document = this.#document(`apis/${first}`, () => oneGroup(catalog, first));
    else document = this.#document(`apis/${first}/${second}`, () => resourceList(catalog, first, second));
    if (!document) throw pageNotFound();
    const type = aggregated
      ? `application/json;g=apidiscovery.k8s.io;v=${accepted.version};as=APIGroupDiscoveryList`
      : 'application/json';
    this.#answer(request, document, type);
  }

  #answer(request: ApiRequest, document: Cached, contentType: string): void {
    if (request.exchange.header('if-none-match') === document.etag) {
      request.exchange.respond(304, { ...headersOf(request, contentType), etag: document.etag }, '');
      return;
    }
    send(this.#services, request, 200, contentType, document.body, { etag: document.etag, vary: 'Accept' });
  }
}
