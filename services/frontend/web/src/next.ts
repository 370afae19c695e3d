/** Where to go after signing in: the page that was asked for, never another site. */

export const HOME = "/dashboard";

const PAGES_OF_SIGNING_IN = /^\/(login|signup|confirm|forgot|reset|challenge)\/?$/;

/** The path in `next` when it is one of this origin's own, else the dashboard. */
export function safeNext(next: string | null, origin: string): string {
  if (!next?.startsWith("/")) return HOME;
  // Parsed as the browser would, so that `//host`, `/\host` and control characters cannot name another origin.
  const url = URL.canParse(next, origin) ? new URL(next, origin) : null;
  if (url === null || url.origin !== origin || url.pathname.startsWith("//")) return HOME;
  return PAGES_OF_SIGNING_IN.test(url.pathname) ? HOME : url.pathname + url.search;
}

/** `path` with the current address's `next` kept, for the links between the pages of signing in. */
export function keepNext(path: string): string {
  const next = new URLSearchParams(location.search).get("next");
  return next === null ? path : `${path}?next=${encodeURIComponent(next)}`;
}
