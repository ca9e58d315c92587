/** Turns registrations into what the triggers work with: trigger found, `%SETTING%` resolved, disabled functions marked. */
import type { Binding, FunctionCallback, FunctionMetadata, Registry } from './registry.js';

export interface AppFunction {
  name: string;
  /** As registered; handed to the library, which shows it in `context.options`. */
  metadata: FunctionMetadata;
  callback: FunctionCallback;
  triggerName: string;
  /** With all settings resolved. */
  trigger: Binding;
  /** Inputs besides the trigger, and outputs, by binding name; settings resolved. */
  inputs: Record<string, Binding>;
  outputs: Record<string, Binding>;
  /** By the setting `AzureWebJobs.<name>.Disabled`. */
  disabled: boolean;
}

const SUPPORTED_TRIGGERS = [
  'httpTrigger',
  'timerTrigger',
  'serviceBusTrigger',
  'orchestrationTrigger',
  'activityTrigger',
  'entityTrigger',
];

export function bindFunctions(registry: Registry): AppFunction[] {
  return [...registry.functions.values()].map(({ metadata, callback }) => bindFunction(metadata, callback));
}

function bindFunction(metadata: FunctionMetadata, callback: FunctionCallback): AppFunction {
  const { name } = metadata;
  const disabled = /^(true|1)$/i.test(process.env[`AzureWebJobs.${name}.Disabled`] ?? '');
  const bindings = Object.entries(metadata.bindings).map(
    ([key, binding]) => [key, disabled ? binding : resolveSettings(binding, name)] as const,
  );
  const triggers = bindings.filter(([, binding]) => binding.type.endsWith('Trigger'));
  const [triggerName, trigger] = triggers[0] ?? [];
  if (!triggerName || !trigger || triggers.length > 1)
    throw new Error(`Function "${name}" has ${triggers.length} triggers; it needs exactly one.`);
  if (!SUPPORTED_TRIGGERS.includes(trigger.type))
    throw new Error(`Function "${name}" uses "${trigger.type}", which the embedded host does not run.`);
  const pick = (direction: 'in' | 'out') =>
    Object.fromEntries(bindings.filter(([key, binding]) => key !== triggerName && binding.direction === direction));
  return { name, metadata, callback, triggerName, trigger, inputs: pick('in'), outputs: pick('out'), disabled };
}

function resolveSettings(binding: Binding, functionName: string): Binding {
  const resolved = Object.entries(binding).map(([option, value]) => [
    option,
    typeof value === 'string' ? resolveText(value, `Function "${functionName}", ${option}`) : value,
  ]);
  return Object.fromEntries(resolved) as Binding;
}

function resolveText(text: string, place: string): string {
  return text.replace(/%([^%]+)%/g, (_, setting: string) => {
    const value = process.env[setting];
    if (value === undefined) throw new Error(`${place}: the setting "${setting}" in "${text}" is not set.`);
    return value;
  });
}

/** A string option of a binding, or undefined. */
export function textOption(binding: Binding, option: string): string | undefined {
  const value = binding[option];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
