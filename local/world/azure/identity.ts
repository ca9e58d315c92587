/**
 * The identity endpoint of App Service, through which a managed identity gets its tokens: what `ManagedIdentityCredential` asks when
 * IDENTITY_ENDPOINT and IDENTITY_HEADER are set. https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
import type { Answer, Request, Service } from './http.js';
import type { Tokens } from './tokens.js';

const API_VERSION = '2019-08-01';

/** Resources that a directory knows: Microsoft's own, an application's id or URI, and this machine's simulators. */
const KNOWN_RESOURCE =
  /^(https:\/\/([\w-]+\.)*(azure\.(com|net)|windows\.net|azuredatabases\.net|durabletask\.io)|https?:\/\/(127\.0\.0\.1|localhost)(:\d+)?|api:\/\/.+|[0-9a-f]{8}-[0-9a-f-]{27})\/?$/i;

export interface IdentityOptions {
  tokens: Tokens;
  header: string;
  objectId: string;
  clientId: string;
}

export function identityService({ clientId, header, objectId, tokens }: IdentityOptions): Service {
  const refuse = (status: number, code: string, message: string): Answer => ({
    status,
    body: { statusCode: status, message, error: code, error_description: message },
  });
  return {
    name: 'identity',
    refuse,
    answer(request: Request) {
      const resource = request.query.get('resource');
      if (request.headers['x-identity-header'] !== header) {
        return refuse(401, 'unauthorized', 'X-IDENTITY-HEADER is not the value of IDENTITY_HEADER.');
      }
      if (request.query.get('api-version') !== API_VERSION) {
        return refuse(400, 'bad_request_102', `The api-version must be ${API_VERSION}.`);
      }
      if (!resource || !KNOWN_RESOURCE.test(resource)) {
        return refuse(
          400,
          'invalid_resource',
          `The resource principal named '${resource}' was not found in the tenant.`,
        );
      }
      const wanted = request.query.get('client_id');
      if (wanted && wanted.toLowerCase() !== clientId.toLowerCase()) {
        return refuse(400, 'bad_request_201', `No User Assigned or Delegated Managed Identity found for '${wanted}'.`);
      }
      const { expiresOn, token } = tokens.issue(objectId, resource);
      const body = {
        access_token: token,
        expires_on: String(expiresOn),
        resource,
        token_type: 'Bearer',
        client_id: clientId,
      };
      // No pooled connection: a restarted world on the same port would meet it dead.
      return { status: 200, headers: { connection: 'close' }, body };
    },
  };
}
