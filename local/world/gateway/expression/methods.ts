/** The methods that the grammar knows, with their signatures as Microsoft's page on policy expressions gives them. */
import type { Argument, Typed } from './compiler.js';
import { type ExpressionContext, readBody } from './context.js';
import { ExpressionError } from './lexer.js';
import {
  defaultOf,
  ExpressionFailure,
  isAssignable,
  isJsonType,
  isOfType,
  nonNull,
  parseJson,
  type TypeName,
  toText,
  type Value,
} from './values.js';

interface Call {
  object: Typed;
  type?: TypeName;
  given: Argument[];
}

const METHODS: Record<string, (call: Call) => Typed> = {
  'Variables.GetValueOrDefault': variableOrDefault,
  'Variables.ContainsKey': ({ object, given }) => {
    const key = argument(given, 0, 'string');
    return { type: 'bool', run: (scope) => variablesOf(object.run(scope)).has(key.run(scope) as string) };
  },
  'Headers.GetValueOrDefault': headerOrDefault,
  'Body.As': bodyAs,
};

/**
 * Compiles `object.name<type>(given)`. Throws ExpressionError for a method or an argument that C# or the grammar does
 * not know.
 */
export function callMethod(object: Typed, name: string, type: TypeName | undefined, given: Argument[]): Typed {
  if (name === 'ToString' && given.length === 0 && !type) {
    return { type: 'string', run: (scope) => toText(nonNull(object.run(scope))) };
  }
  const method = METHODS[`${object.type}.${name}`];
  if (!method)
    throw new ExpressionError(`the method '${name}' of ${object.type} is not supported by the local gateway.`);
  const isNamed = given.find((each) => each.name !== undefined && name !== 'As');
  if (isNamed) throw new ExpressionError(`'${name}' has no argument named '${isNamed.name}'.`);
  return method({ object, type, given });
}

function variableOrDefault({ object, type, given }: Call): Typed {
  if (!type)
    throw new ExpressionError("'GetValueOrDefault' of Variables needs a type, as in GetValueOrDefault<string>(…).");
  const key = argument(given, 0, 'string');
  const fallback = given.length > 1 ? argument(given, 1, type) : undefined;
  expectAtMost(given, 2, 'GetValueOrDefault');
  return {
    type,
    run: (scope) => {
      const variables = variablesOf(object.run(scope));
      const name = key.run(scope) as string;
      if (variables.has(name)) return unbox(variables.get(name), type);
      return fallback ? fallback.run(scope) : defaultOf(type);
    },
  };
}

/** "This method throws an exception if T does not match the type of the returned variable": no conversions here. */
function unbox(value: Value, type: TypeName): Value {
  if (value !== null && isOfType(value, type)) return value;
  if (value === null && defaultOf(type) === null) return null;
  throw new ExpressionFailure(`Unable to cast the variable's value to type '${type}'.`);
}

function headerOrDefault({ object, type, given }: Call): Typed {
  if (type) throw new ExpressionError("'GetValueOrDefault' of Headers takes no type.");
  const key = argument(given, 0, 'string');
  const fallback = given.length > 1 ? argument(given, 1, 'string') : undefined;
  expectAtMost(given, 2, 'GetValueOrDefault');
  return {
    type: 'string',
    run: (scope) => {
      const headers = object.run(scope) as Record<string, string>;
      const name = (key.run(scope) as string).toLowerCase();
      return Object.hasOwn(headers, name) ? headers[name] : (fallback?.run(scope) ?? null);
    },
  };
}

function bodyAs({ object, type, given }: Call): Typed {
  if (type !== 'string' && !(type && isJsonType(type))) {
    throw new ExpressionError("'As' is supported by the local gateway for string, JObject, JToken and JArray.");
  }
  expectAtMost(given, 1, 'As');
  const name = given[0]?.name;
  if (name !== undefined && name !== 'preserveContent')
    throw new ExpressionError(`'As' has no argument named '${name}'.`);
  const preserve = given.length > 0 ? argument(given, 0, 'bool') : undefined;
  return {
    type,
    run: (scope) => {
      const request = nonNull(object.run(scope)) as ExpressionContext['request'];
      const text = readBody(request, preserve?.run(scope) === true);
      return type === 'string' ? text : parseJson(text, type);
    },
  };
}

const variablesOf = (value: Value) => value as ExpressionContext['variables'];

function argument(given: Argument[], position: number, type: TypeName): Typed {
  const found = given[position];
  if (!found) throw new ExpressionError(`argument ${position + 1} (${type}) is missing.`);
  if (!isAssignable(found.type, type)) {
    throw new ExpressionError(`argument ${position + 1} must be ${type}, not ${found.type}.`);
  }
  return found;
}

function expectAtMost(given: Argument[], count: number, name: string): void {
  if (given.length > count) throw new ExpressionError(`'${name}' takes ${count} arguments, not ${given.length}.`);
}
