import { listOptions } from '../request/query.ts';
import type { ResourceRequest } from './request.ts';
import { sendList } from './lists.ts';
import { sendObject } from './respond.ts';
import type { Services } from './services.ts';
import { keyOf } from './write.ts';

export async function serveGet(services: Services, request: ResourceRequest): Promise<void> {
  const { params, target } = request;
  const resourceVersion = params.get('resourceVersion');
  const options = {
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(target.subresource === '' ? {} : { subresource: target.subresource }),
  };
  sendObject(
    services,
    request,
    200,
    await services.registry.get(request.context, request.definition, keyOf(request), options),
  );
}

export async function serveList(services: Services, request: ResourceRequest): Promise<void> {
  const options = listOptions(request.params, request.target.namespace, '');
  await sendList(services, request, await services.registry.list(request.context, request.definition, options));
}
