/**
 * What the kinds of resources need of the services, as interfaces: kinds and tests know these, the adapters in `shared/azure` fill them. Every
 * function answers within the call deadline or throws a `ServiceError`; reads answer undefined when the thing is not there. Things are named by
 * their full ids, so that what was made stays reachable after settings move.
 */

/** A version of a thing, for If-Match. */
export interface Versioned {
  etag: string;
}

export interface PrivateDns {
  /** `id`: ARM id of the record set, `…/privateDnsZones/{zone}/A/{name}`. */
  readRecord(id: string): Promise<AddressRecord | undefined>;
  /** Creates the record (nothing may be there), or replaces the version that `found` is. */
  writeRecord(id: string, record: Omit<AddressRecord, 'etag'>, found?: Versioned): Promise<void>;
  deleteRecord(id: string, found: Versioned): Promise<Removal>;
}

export interface AddressRecord extends Versioned {
  addresses: string[];
  ttlSeconds: number;
  metadata: Record<string, string>;
}

/** `removed`: the service that owns the name says so. `begun`: it has taken the call, or says that there is nothing: look again. */
export type Removal = 'removed' | 'begun';

export interface Product extends Versioned {
  displayName: string;
  description: string;
  /** `published` or `notPublished`. */
  state: string;
  subscriptionRequired: boolean;
  approvalRequired: boolean;
  /** Everything else that the service keeps of it: merged back on a write. */
  rest: Record<string, unknown>;
}

export interface Subscription extends Versioned {
  displayName: string;
  /** Full ARM id, or `/products/{name}` below the service; compared by its end. */
  scope: string;
  state: string;
}

export interface Backend extends Versioned {
  title: string;
  description: string;
  url: string;
  rest: Record<string, unknown>;
}

/** Ids are full ARM ids: `…/service/{service}/products/{product}` and so on. */
export interface ApiManagement {
  /** Provisioning state of the service; undefined when there is none. */
  readServiceState(id: string): Promise<string | undefined>;
  readProduct(id: string): Promise<Product | undefined>;
  writeProduct(id: string, product: Omit<Product, 'etag'>, found?: Versioned): Promise<void>;
  /** Never deletes subscriptions with it: a product that still has some is refused. */
  deleteProduct(id: string, found: Versioned): Promise<Removal>;
  /** `id`: the product's; the document is always called `policy`. */
  readProductPolicy(productId: string): Promise<({ xml: string } & Versioned) | undefined>;
  writeProductPolicy(productId: string, xml: string, found?: Versioned): Promise<void>;
  deleteProductPolicy(productId: string, found: Versioned): Promise<Removal>;
  /** `id`: `…/products/{product}/apis/{api}`. */
  hasProductApi(id: string): Promise<boolean>;
  addProductApi(id: string): Promise<void>;
  removeProductApi(id: string): Promise<Removal>;
  readSubscription(id: string): Promise<Subscription | undefined>;
  /** Answers what the service then has, with its new version. `state` is always given: an omitted one means "submitted". */
  writeSubscription(id: string, subscription: Omit<Subscription, 'etag'>, found?: Versioned): Promise<Subscription>;
  deleteSubscription(id: string, found: Versioned): Promise<Removal>;
  /** The primary key. A secret: it must not leave the activity that asks. */
  readPrimaryKey(subscriptionId: string): Promise<string>;
  readBackend(id: string): Promise<Backend | undefined>;
  writeBackend(id: string, backend: Omit<Backend, 'etag'>, found?: Versioned): Promise<void>;
  deleteBackend(id: string, found: Versioned): Promise<Removal>;
}

/** `Deleted`: soft-deleted, still holding its name. */
export interface FoundryAccount {
  /** Accepted, Creating, Succeeded, Failed, Deleting …, or `SoftDeleted`. */
  state: string;
  location: string;
  tags: Record<string, string>;
  endpoint: string;
  /** Cause of a failed state, in Azure's words. */
  error?: string;
}

export interface FoundryProject {
  state: string;
  tags: Record<string, string>;
  principalId?: string;
  isDefault: boolean;
}

/** Metadata values are strings; `models` is JSON text (Foundry, "AI gateway", connection objects). */
export interface Connection {
  target: string;
  metadata: Record<string, string>;
}

export interface Foundry {
  /** Foundry accounts in use in a region, if Azure counts them there. */
  countAccounts(location: string): Promise<number | undefined>;
  readLiveAccount(id: string): Promise<FoundryAccount | undefined>;
  /** Also a soft-deleted one (`state: 'SoftDeleted'`), which still holds the name. */
  readAccount(id: string, location: string): Promise<FoundryAccount | undefined>;
  createAccount(
    id: string,
    account: { location: string; subdomain: string; tags: Record<string, string> },
  ): Promise<void>;
  /** Changes tags alone. */
  updateAccountTags(id: string, tags: Record<string, string>): Promise<void>;
  deleteAccount(id: string): Promise<Removal>;
  purgeAccount(id: string, location: string): Promise<Removal>;
  readProject(id: string): Promise<FoundryProject | undefined>;
  writeProject(
    id: string,
    project: { location: string; displayName: string; description: string; tags: Record<string, string> },
  ): Promise<void>;
  deleteProject(id: string): Promise<Removal>;
  readConnection(id: string): Promise<Connection | undefined>;
  /** `key` is a secret: it goes into the request and nowhere else. */
  writeConnection(id: string, connection: Connection, key: string): Promise<void>;
  deleteConnection(id: string): Promise<Removal>;
}

export interface SecretState {
  tags: Record<string, string>;
  contentType?: string;
  expiresOn?: string;
  /** Soft-deleted, still holding its name. */
  isDeleted: boolean;
}

/** Ids are `https://{vault}/secrets/{name}`. */
export interface KeyVault {
  /** Properties only, also of a soft-deleted one. */
  readSecretState(id: string): Promise<SecretState | undefined>;
  readSecretValue(id: string): Promise<string | undefined>;
  writeSecret(id: string, value: string, properties: Omit<SecretState, 'isDeleted'>): Promise<void>;
  deleteSecret(id: string): Promise<Removal>;
  recoverSecret(id: string): Promise<void>;
  /** `protected`: the vault keeps what was deleted (purge protection); the name stays recoverable. */
  purgeSecret(id: string): Promise<Removal | 'protected'>;
}

export interface RoleGrant {
  /** ARM id of the assignment: `{scope}/providers/Microsoft.Authorization/roleAssignments/{guid}`. */
  id: string;
  /** Id of the role definition (a GUID). */
  roleId: string;
  principalId: string;
  principalType: 'User' | 'Group' | 'ServicePrincipal';
}

export interface Authorization {
  readGrant(id: string): Promise<{ roleId: string; principalId: string } | undefined>;
  /** `exists`: the same role for the same principal stands under another name. */
  writeGrant(grant: RoleGrant): Promise<'written' | 'exists'>;
  deleteGrant(id: string): Promise<Removal>;
}

export interface WorkspaceState {
  uid: string;
  preset: string;
  instanceType: string;
  labels: Record<string, string>;
  isTerminating: boolean;
  conditions: { type: string; status: string; reason?: string; message?: string }[];
}

/** A Service as the cluster stores it. `manifest` holds what a caller writes, `address` what the cloud gave. */
export interface ServiceState {
  uid: string;
  resourceVersion: string;
  manifest: { labels: Record<string, string>; annotations: Record<string, string>; spec: Record<string, unknown> };
  /** The whole object as read, to merge into. */
  raw: object;
  isTerminating: boolean;
  address?: string;
}

/** Objects are named within the namespace that the adapter was made for; `cluster` is the ARM id of the cluster. */
export interface Kubernetes {
  /** State of the cluster and whether the KAITO add-on is on; undefined when there is no such cluster. */
  readCluster(): Promise<{ state: string; hasKaito: boolean } | undefined>;
  /** Agent pools with their node labels. */
  listPools(): Promise<{ name: string; labels: Record<string, string>; state: string }[]>;
  deletePool(name: string): Promise<Removal>;
  readWorkspace(name: string): Promise<WorkspaceState | undefined>;
  createWorkspace(workspace: {
    name: string;
    labels: Record<string, string>;
    instanceType: string;
    preset: string;
    model: string;
  }): Promise<void>;
  deleteWorkspace(name: string, uid: string): Promise<Removal>;
  readService(name: string): Promise<ServiceState | undefined>;
  /** Creates the Service, or merges into the version that `found` is: finalizers and foreign labels stay. */
  writeService(name: string, manifest: ServiceState['manifest'], found?: ServiceState): Promise<void>;
  deleteService(name: string, uid: string): Promise<Removal>;
  /** Newest warning about an object, in the cluster's words. */
  readWarning(kind: 'Service' | 'Workspace', name: string): Promise<string | undefined>;
  /** Names of the Services that have this address, asked for or given. */
  listServicesAt(address: string): Promise<string[]>;
}

export interface ModelEndpoint {
  /** Names the server says it serves; undefined while nothing answers at the address. */
  readServedNames(baseUrl: string): Promise<string[] | undefined>;
}

export interface GatewayAnswer {
  status: number;
  /** OpenAI error code of the body, if there is one. */
  code?: string;
  message?: string;
  models?: string[];
  retryAfterSeconds?: number;
}

export interface AiGateway {
  listModels(apiUrl: string, key: string): Promise<GatewayAnswer>;
  complete(apiUrl: string, key: string, model: string): Promise<GatewayAnswer>;
}
