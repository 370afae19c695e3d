import type { ComponentType } from "preact";
import { AppLayout, isAdmin, Splash } from "./components/layout.tsx";
import { useSession } from "./current.ts";
import { HOME, safeNext } from "./next.ts";
import { Account } from "./pages/account.tsx";
import { Challenge } from "./pages/challenge.tsx";
import { Confirm, Forgot, Reset } from "./pages/code.tsx";
import { Dashboard } from "./pages/dashboard.tsx";
import { NotFound } from "./pages/not-found.tsx";
import { Products } from "./pages/products.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { SignUp } from "./pages/sign-up.tsx";
import { Unreachable } from "./pages/unreachable.tsx";
import { Users } from "./pages/users.tsx";
import { Redirect, useUrl } from "./router.tsx";
import type { State, User } from "./session.ts";

/** The pages of signing in: whoever is signed in goes on to where they wanted to be. */
const FOR_GUESTS: Record<string, ComponentType> = {
  "/login": SignIn,
  "/signup": SignUp,
  "/confirm": Confirm,
  "/forgot": Forgot,
  "/reset": Reset,
  "/challenge": Challenge,
};

/** The pages for the signed-in; everyone else signs in first and comes back. */
const FOR_USERS: Record<string, ComponentType<{ user: User }>> = {
  "/dashboard": Dashboard,
  "/products": Products,
  "/account": Account,
  "/users": Users,
};
const FOR_ADMINS = "/users";

/** No page is shown before it is known who is signed in, so that a reload never flashes the sign-in page. */
export function App() {
  const state = useSession();
  const url = useUrl();
  if (state.status === "restoring") return <Splash />;
  if (state.status === "unreachable") return <Unreachable error={state.error} />;
  const path = url.pathname.replace(/(.)\/$/, "$1");
  if (path === "/") return <Redirect to={state.status === "signed-in" ? HOME : "/login"} />;
  const Guest = FOR_GUESTS[path];
  if (Guest) return state.status === "signed-in" ? <Redirect to={safeNext(url.searchParams.get("next"), url.origin)} /> : <Guest />;
  const Page = FOR_USERS[path];
  if (!Page) return <NotFound />;
  if (state.status === "anonymous") return <Redirect to={signInFirst(state, url)} />;
  if (path === FOR_ADMINS && !isAdmin(state.user)) return <NotFound />;
  return (
    <AppLayout user={state.user} path={path}>
      <Page user={state.user} key={path} />
    </AppLayout>
  );
}

/** Whoever has just left does not come back to where they were. */
function signInFirst(state: State & { status: "anonymous" }, { pathname, search }: URL): string {
  const left = state.reason === "signed-out" || state.reason === "deleted";
  return left ? "/login" : `/login?next=${encodeURIComponent(pathname + search)}`;
}
