/** Makes a value at its first use. The Azure SDKs take a fifth of a second each to load, and most invocations need none or one of them. */
export function lazy<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
