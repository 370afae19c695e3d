import type { ComponentChildren } from "preact";
import { useEnvironment } from "../config.ts";
import { BRAND } from "./heading.tsx";
import { Mark } from "./icons.tsx";

/** The brand, and the name of the environment wherever that is not the real thing. */
export function Brand() {
  const environment = useEnvironment();
  return (
    <a class="brand" href="/">
      <Mark />
      {BRAND}
      {environment !== "prod" && environment !== "" && <span class="badge">{environment}</span>}
    </a>
  );
}

/** One card in the middle: the pages of signing in, and the pages that say what is wrong. */
export function CardLayout({ children, foot }: { children: ComponentChildren; foot?: ComponentChildren }) {
  return (
    <div class="card-layout">
      <header>
        <Brand />
      </header>
      <main class="card">{children}</main>
      {foot && <footer>{foot}</footer>}
    </div>
  );
}

/** Shown while the session is restored. Its content fades in late, so that a quick restore shows nothing at all. */
export function Splash() {
  return (
    <div class="splash" role="status">
      <span class="spinner" aria-hidden="true" />
      <span class="visually-hidden">Loading…</span>
    </div>
  );
}
