/** Which pages are for whom. */

import type { ComponentType } from "preact";
import { useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { Splash } from "./components/layout.tsx";
import { useSession } from "./current.ts";
import { HOME, keepNext, safeNext } from "./next.ts";
import type { User } from "./session.ts";

/** Goes elsewhere, in place of the current entry of the history. */
function Redirect({ to }: { to: string }) {
  const { route } = useLocation();
  useEffect(() => route(to, true), [to]);
  return <Splash />;
}

export function Root() {
  return <Redirect to={useSession().status === "signed-in" ? HOME : "/login"} />;
}

/** A page for the signed-in; everyone else signs in first and comes back, except who has just signed out. */
export function forUsers(Page: ComponentType<{ user: User }>): ComponentType {
  return function ForUsers() {
    const state = useSession();
    const { url } = useLocation();
    if (state.status === "signed-in") return <Page user={state.user} />;
    const left = state.status === "anonymous" && state.reason === "signed-out";
    return <Redirect to={left ? "/login" : keepNext("/login", url)} />;
  };
}

/** A page of signing in: whoever is signed in goes on to where they wanted to be. */
export function forGuests(Page: ComponentType): ComponentType {
  return function ForGuests() {
    const { query } = useLocation();
    if (useSession().status === "signed-in") return <Redirect to={safeNext(query["next"], location.origin)} />;
    return <Page />;
  };
}
