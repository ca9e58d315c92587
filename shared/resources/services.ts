/** What kinds of resources are given to work with: the adapters of the services, and the subjects' own documents behind two narrow doors. */
import type { Clock } from '../kit/clock.js';
import type { Catalog } from '../model/catalog.js';
import type { Guardrails } from '../model/guardrails.js';
import type { ModelDocument } from '../model/shared-model.js';
import type * as adapters from './adapters.js';

export interface ResourceServices {
  clock: Clock;
  catalog: Catalog;
  guardrails: Guardrails;
  apiManagement: adapters.ApiManagement;
  foundry: adapters.Foundry;
  keyVault: adapters.KeyVault;
  authorization: adapters.Authorization;
  privateDns: adapters.PrivateDns;
  kubernetes: adapters.Kubernetes;
  modelEndpoint: adapters.ModelEndpoint;
  aiGateway: adapters.AiGateway;
  sharedModels: SharedModels;
  /** Foundry accounts that a region may hold. */
  foundryAccountsMax: number;
}

/** The shared models' documents, as a team's plan sees them. */
export interface SharedModels {
  read(model: string): Promise<ModelDocument | undefined>;
  /** Joins the model's current generation, or begins the next one; undefined when somebody else wrote first, or it retires. */
  join(model: string, team: string): Promise<boolean>;
  leave(model: string, team: string): Promise<void>;
  /** Keeps what the inference server says it is called. */
  recordServedName(model: string, servedName: string): Promise<void>;
  /** Is the subject's access to be open: no hold stands, and no removal of it is under way? */
  isOpen(subject: string): Promise<boolean>;
}
