/** What the server says about where this app runs. Nothing waits for it. */

import { useEffect, useState } from "preact/hooks";

let asked: Promise<string> | null = null;

async function environment(): Promise<string> {
  try {
    const response = await fetch("/config.json");
    return response.ok ? ((await response.json()) as { environment: string }).environment : "";
  } catch {
    return "";
  }
}

/** The environment's name, such as "prod"; "" as long as it is not known. */
export function useEnvironment(): string {
  const [name, setName] = useState("");
  useEffect(() => void (asked ??= environment()).then(setName), []);
  return name;
}
