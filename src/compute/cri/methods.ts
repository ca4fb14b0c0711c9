import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { decodeMessage, encodeMessage } from './codec.ts';
import { METHODS } from './generated/api.ts';

/** The CRI's two services as gRPC wants them. */
export type ServiceName = 'RuntimeService' | 'ImageService';

function definition(line: string): { service: string; name: string; method: MethodDefinition<object, object> } {
  const [service = '', name = '', request = '', response = '', stream] = line.split(' ');
  const method: MethodDefinition<object, object> = {
    path: `/runtime.v1.${service}/${name}`,
    requestStream: false,
    responseStream: stream !== undefined,
    requestSerialize: value => encodeMessage(request, value),
    requestDeserialize: bytes => decodeMessage(request, bytes),
    responseSerialize: value => encodeMessage(response, value),
    responseDeserialize: bytes => decodeMessage(response, bytes),
  };
  return { service, name, method };
}

const DEFINITIONS = METHODS.trim().split('\n').map(definition);

/** Every method of a service, by name. */
export function serviceDefinition(service: ServiceName): ServiceDefinition {
  return Object.fromEntries(
    DEFINITIONS.filter(entry => entry.service === service).map(({ name, method }) => [name, method]),
  );
}

/** The definition of one method of either service. */
export function methodDefinition(name: string): MethodDefinition<object, object> {
  const found = DEFINITIONS.find(entry => entry.name === name);
  if (!found) throw new Error(`No CRI method "${name}"`);
  return found.method;
}
