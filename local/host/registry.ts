/**
 * What the app registered: its functions, its hooks and its programming model. Module state on purpose, because the app finds it through
 * `require('@azure/functions-core')`; so there is one app, and one running host, in a process (in Jest: in a test file).
 */
import type { TypedData } from './typed-data.js';

/** A binding as the app declared it: type, direction and the options of that type, verbatim. */
export interface Binding {
  type: string;
  direction: 'in' | 'out';
  [option: string]: unknown;
}

export interface FunctionMetadata {
  name: string;
  functionId?: string;
  bindings: Record<string, Binding>;
  retryOptions?: unknown;
}

export type FunctionCallback = (...inputs: unknown[]) => unknown;
export type HookCallback = (context: Record<string, unknown>) => unknown;

/** Invocation context of the worker protocol (core side), as `@azure/functions` expects it. */
export interface CoreInvocationContext {
  invocationId: string;
  metadata: FunctionMetadata;
  request: {
    invocationId: string;
    functionId: string;
    inputData: { name: string; data: TypedData }[];
    triggerMetadata: Record<string, TypedData>;
    traceContext?: { traceParent?: string; traceState?: string };
  };
  state?: 'preInvocationHooks' | 'postInvocationHooks';
  log(level: RpcLogLevel, category: RpcLogCategory, message: string): void;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(
    context: unknown,
    result: unknown,
  ): Promise<{ returnValue?: TypedData | null; outputData?: { name: string; data: TypedData }[] }>;
}

export interface ProgrammingModel {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  getCapabilities?(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

export type RpcLogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';
export type RpcLogCategory = 'user' | 'system' | 'customMetric';

export const HOOK_NAMES = ['preInvocation', 'postInvocation', 'appStart', 'appTerminate', 'log'] as const;
export type HookName = (typeof HOOK_NAMES)[number];

export class Registry {
  readonly functions = new Map<string, { metadata: FunctionMetadata; callback: FunctionCallback }>();
  readonly hooks: Record<HookName, HookCallback[]> = {
    preInvocation: [],
    postInvocation: [],
    appStart: [],
    appTerminate: [],
    log: [],
  };
  model: ProgrammingModel | undefined;
  /** Folder of the app that filled this registry. A second host for it reuses the registrations, since modules load once. */
  appRoot: string | undefined;
  /** True while a host runs: functions can only be registered while the app loads. */
  locked = false;
  /** Where the app's log lines go outside an invocation. */
  log: CoreInvocationContext['log'] = () => {};

  async runHooks(name: HookName, context: Record<string, unknown>): Promise<void> {
    for (const hook of this.hooks[name]) await hook(context);
  }
}

export const registry = new Registry();
