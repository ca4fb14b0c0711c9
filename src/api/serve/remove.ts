import {
  type DeleteOptions,
  type JsonObject,
  type Status,
  statusError,
  type StoredObject,
} from '../../kernel/index.ts';
import { deleteOptions, listOptions } from '../request/query.ts';
import { BODY_BYTES_MAX, parseObject } from './bodies.ts';
import { formatOf } from '../media/accept.ts';
import type { ResourceRequest } from './request.ts';
import { sendList } from './lists.ts';
import { sendObject, sendStatus } from './respond.ts';
import type { Services } from './services.ts';
import { keyOf } from './write.ts';

async function optionsOf(services: Services, request: ResourceRequest): Promise<DeleteOptions> {
  const declared = request.exchange.header('content-length');
  const bytes = declared === '0' ? undefined : await request.exchange.body(BODY_BYTES_MAX);
  const body = bytes?.length
    ? (parseObject(
        services,
        request,
        { bytes, format: formatOf(request.exchange.header('content-type')) ?? 'json' },
        'Ignore',
        why => statusError(500, '', why),
      ) as unknown as JsonObject)
    : undefined;
  return deleteOptions(request.params, body);
}

/** The Status a removed object leaves (meta/v1 Status with details). */
function removed(request: ResourceRequest, stored: StoredObject): Status {
  const { definition } = request;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: {
      name: stored.key.name,
      ...(definition.group ? { group: definition.group } : {}),
      kind: definition.resource,
      ...(stored.object.metadata.uid ? { uid: stored.object.metadata.uid } : {}),
    },
    code: 200,
  };
}

/** Kinds whose delete answers with the last object, not a Status (pods, services, … keep the object for graceful deletion). */
const ANSWERS_WITH_OBJECT: ReadonlySet<string> = new Set([
  '/pods',
  '/services',
  '/persistentvolumes',
  '/persistentvolumeclaims',
  '/serviceaccounts',
  '/replicationcontrollers',
  '/resourcequotas',
  '/podtemplates',
  'storage.k8s.io/storageclasses',
  'storage.k8s.io/volumeattachments',
  'storage.k8s.io/csinodes',
  'storage.k8s.io/csidrivers',
  'storage.k8s.io/volumeattributesclasses',
  'resource.k8s.io/deviceclasses',
  'resource.k8s.io/resourceclaims',
  'resource.k8s.io/resourceclaimtemplates',
  'resource.k8s.io/resourceslices',
]);

export async function serveDelete(services: Services, request: ResourceRequest): Promise<void> {
  const options = await optionsOf(services, request);
  const deletion = await services.registry.delete(request.context, request.definition, keyOf(request), options);
  const { definition } = request;
  if (deletion.removed && !ANSWERS_WITH_OBJECT.has(`${definition.group}/${definition.resource}`)) {
    sendStatus(services, request, removed(request, deletion.stored));
    return;
  }
  sendObject(services, request, 200, deletion.stored);
}

export async function serveDeleteCollection(services: Services, request: ResourceRequest): Promise<void> {
  const options = await optionsOf(services, request);
  const list = await services.registry.deleteCollection(request.context, request.definition, {
    ...listOptions(request.params, request.target.namespace, ''),
    ...options,
  });
  await sendList(services, request, list);
}
