/** Which page is shown: the address, followed without reloading. */

import { useEffect, useState } from "preact/hooks";

const followers = new Set<() => void>();

/** Shows the page at `to`, a path of this origin; `replace` takes the place of the current entry of the history. */
export function go(to: string, replace = false): void {
  const known = replace || new URL(to, location.href).href === location.href;
  history[known ? "replaceState" : "pushState"](null, "", to);
  if (!known) scrollTo(0, 0);
  follow();
}

function follow(): void {
  for (const follower of followers) follower();
}

function clicked(event: MouseEvent): void {
  const link = (event.target as Element).closest("a");
  const special = event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
  if (link === null || special || link.origin !== location.origin || link.download !== "") return;
  event.preventDefault();
  go(link.pathname + link.search);
}

/** Follows the history and every click on a link to a page of this app. */
export function startRouter(): void {
  addEventListener("popstate", follow);
  addEventListener("click", clicked);
}

/** The current address, kept current. */
export function useUrl(): URL {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const follower = () => setHref(location.href);
    followers.add(follower);
    follower();
    return () => followers.delete(follower) as unknown as void;
  }, []);
  return new URL(href);
}

/** The value of a parameter in the current address, "" without it. */
export function useParameter(name: string): string {
  return useUrl().searchParams.get(name) ?? "";
}

/** Goes elsewhere, in place of the current entry of the history. */
export function Redirect({ to }: { to: string }) {
  useEffect(() => go(to, true), [to]);
  return null;
}
