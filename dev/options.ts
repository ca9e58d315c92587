/** Command-line options; a wrong one ends the command with a sentence instead of a stack. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Reads the options of this process. */
export function readOptions<Options extends NonNullable<ParseArgsConfig['options']>>(options: Options) {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const known = Object.entries(options).map(([name, { type }]) =>
      type === 'boolean' ? `--${name}` : `--${name} VALUE`,
    );
    console.error(`${error instanceof Error ? error.message : String(error)}\nOptions: ${known.join(', ')}`);
    process.exit(1);
  }
}

export const positiveNumber = (option: string, text: string): number =>
  read(option, text, (value) => value > 0, 'a number above 0');

/** 0 means any free port. */
export const portNumber = (option: string, text: string): number =>
  read(option, text, (value) => Number.isInteger(value) && value >= 0 && value <= 65_535, 'a port number');

function read(option: string, text: string, isFine: (value: number) => boolean, what: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && isFine(value)) return value;
  console.error(`${option} must be ${what}, not "${text}".`);
  process.exit(1);
}
