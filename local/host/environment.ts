/** Changes the process for one host (settings, trusted authorities) and hands back the function that undoes it. */
import tls from 'node:tls';

/** Sets environment variables; returns the function that restores what was there before. */
export function setEnvironment(values: Record<string, string>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

/** Trusts certificate authorities in addition to Node's own; returns the function that withdraws it. */
export function trustAuthorities(pems: string[]): () => void {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, ...pems]);
  return () => tls.setDefaultCACertificates(before);
}

/** Setting values as a binding sees them. Azure also accepts connection names without their historical prefix. */
export function readConnectionSetting(name: string): string | undefined {
  return process.env[name] ?? process.env[`AzureWebJobs${name}`];
}
