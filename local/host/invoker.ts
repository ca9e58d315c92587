/**
 * Runs one function: the same steps, in the same order, as the InvocationHandler of the Node worker (hooks, library, handler, response), then
 * its Service Bus outputs. A failing function is logged here with its name and thrown on to its trigger.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { AppFunction } from './app-functions.js';
import type { InFlight } from './in-flight.js';
import { describeError, fromRpcLevel, type Log } from './log.js';
import type { Binding, CoreInvocationContext, Registry, RpcLogCategory, RpcLogLevel } from './registry.js';
import type { TypedData } from './typed-data.js';

export interface Invocation {
  data: TypedData;
  /** Handed to the function instead of what the library makes of `data`: a long history need not become text and be parsed again. */
  value?: unknown;
  triggerMetadata?: Record<string, TypedData>;
  traceContext?: { traceParent?: string; traceState?: string };
  /** Default: a new one. */
  invocationId?: string;
  /** Told what the handler returned, before that becomes a response. */
  onReturned?: (value: unknown) => void;
}

export interface InvokerOptions {
  registry: Registry;
  inFlight: InFlight;
  clock: Clock;
  log: Log;
  /** host.json's functionTimeout; undefined: unlimited. */
  timeoutMs: number | undefined;
  /** Value of an input binding besides the trigger (only `durableClient` exists). */
  readInput: (binding: Binding) => TypedData;
  /** Carries out an output other than HTTP. */
  writeOutput: (binding: Binding, data: TypedData) => Promise<void>;
}

export class Invoker {
  /** Shared by all hooks of the app, as in the worker. */
  readonly #appHookData = {};

  constructor(private readonly options: InvokerOptions) {}

  /** Returns what the function returned (undefined: nothing). Throws what it threw. */
  async invoke(fn: AppFunction, invocation: Invocation): Promise<TypedData | undefined> {
    return this.options.inFlight.track(async () => {
      try {
        return await this.#withinTimeout(fn, this.#run(fn, invocation));
      } catch (error) {
        // An orchestrator reports its failure, with its state, by throwing; the engine logs that in words.
        const level = fn.trigger.type === 'orchestrationTrigger' ? 'debug' : 'error';
        this.options.log(level, `Function.${fn.name}`, `Function "${fn.name}" failed: ${describeError(error)}`);
        throw error;
      }
    });
  }

  /** A function that overruns has failed; it can't be stopped, so whatever it still does goes on. Azure restarts its process. */
  async #withinTimeout<T>(fn: AppFunction, run: Promise<T>): Promise<T> {
    const { timeoutMs, clock } = this.options;
    if (timeoutMs === undefined) return run;
    const overrun = Promise.withResolvers<never>();
    const timer = clock.wire.after(timeoutMs, () =>
      overrun.reject(new Error(`Function "${fn.name}" exceeded the functionTimeout of host.json, ${timeoutMs} ms.`)),
    );
    return Promise.race([run, overrun.promise]).finally(() => timer.cancel());
  }

  async #run(fn: AppFunction, invocation: Invocation): Promise<TypedData | undefined> {
    const { registry } = this.options;
    const core = this.#coreContext(fn, invocation);
    const model = registry.model!.getInvocationModel(core);
    const { context, inputs } = await model.getArguments();
    if (invocation.value !== undefined) inputs[0] = invocation.value;
    const hookData = {};
    const common = { hookData, appHookData: this.#appHookData, invocationContext: context };

    const pre = { ...common, functionCallback: fn.callback, inputs };
    core.state = 'preInvocationHooks';
    await registry.runHooks('preInvocation', pre);
    core.state = undefined;

    const post: typeof common & { inputs: unknown[]; result: unknown; error: unknown } = {
      ...common,
      inputs: pre.inputs,
      result: null,
      error: null,
    };
    try {
      post.result = await model.invokeFunction(context, pre.inputs, pre.functionCallback);
    } catch (error) {
      post.error = error ?? new Error('The function threw nothing.');
    }
    core.state = 'postInvocationHooks';
    await registry.runHooks('postInvocation', post);
    core.state = undefined;
    if (post.error !== null && post.error !== undefined) throw post.error;

    invocation.onReturned?.(post.result);
    const response = await model.getResponse(context, post.result);
    await this.#writeOutputs(fn, response.returnValue, response.outputData ?? []);
    return response.returnValue ?? undefined;
  }

  #coreContext(fn: AppFunction, invocation: Invocation): CoreInvocationContext {
    const invocationId = invocation.invocationId ?? randomUUID();
    const inputData = [{ name: fn.triggerName, data: invocation.data }];
    for (const [name, binding] of Object.entries(fn.inputs))
      inputData.push({ name, data: this.options.readInput(binding) });
    return {
      invocationId,
      metadata: fn.metadata,
      request: {
        invocationId,
        functionId: fn.metadata.functionId ?? fn.name,
        inputData,
        triggerMetadata: invocation.triggerMetadata ?? {},
        traceContext: invocation.traceContext,
      },
      log: (level, category, message) => this.log(level, category, message, fn.name),
    };
  }

  /** A line from the app; `functionName` is absent outside an invocation. */
  log(level: RpcLogLevel, category: RpcLogCategory, message: string, functionName?: string): void {
    const line = { level, category, message, hookData: {}, appHookData: this.#appHookData };
    for (const hook of this.options.registry.hooks.log) hook(line);
    const mapped = fromRpcLevel(line.level);
    if (!mapped || category === 'customMetric') return;
    const suffix = category === 'user' ? '.User' : '';
    this.options.log(mapped, functionName ? `Function.${functionName}${suffix}` : `Worker${suffix}`, line.message);
  }

  async #writeOutputs(
    fn: AppFunction,
    returned: TypedData | null | undefined,
    data: { name: string; data: TypedData }[],
  ) {
    const written = [...data, { name: '$return', data: returned }];
    for (const output of written) {
      const binding = fn.outputs[output.name];
      if (binding && binding.type !== 'http' && output.data) await this.options.writeOutput(binding, output.data);
    }
  }
}
