/** Where the host reports: one injected function, levels and categories as in Azure Functions (`Function.<name>`, `Host.Durable`, …). */
import type { RpcLogLevel } from './registry.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type Log = (level: LogLevel, category: string, message: string) => void;

/** Used when the caller gives no log: failures are never silent. */
export const logProblemsToConsole: Log = (level, category, message) => {
  if (level === 'warn' || level === 'error') console.error(`[${level}] ${category}: ${message}`);
};

const LEVELS: Record<RpcLogLevel, LogLevel | undefined> = {
  trace: 'trace',
  debug: 'debug',
  information: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  none: undefined,
};

export function fromRpcLevel(level: RpcLogLevel): LogLevel | undefined {
  return LEVELS[level];
}

/** Message and, if known, stack of anything that was thrown. */
export function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
