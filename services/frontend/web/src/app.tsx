import { LocationProvider, Route, Router } from "preact-iso";
import { Splash } from "./components/layout.tsx";
import { useSession } from "./current.ts";
import { forGuests, forUsers, Root } from "./guards.tsx";
import { Confirm } from "./pages/confirm.tsx";
import { Dashboard } from "./pages/dashboard.tsx";
import { NotFound } from "./pages/not-found.tsx";
import { SignIn } from "./pages/sign-in.tsx";
import { SignUp } from "./pages/sign-up.tsx";
import { Unreachable } from "./pages/unreachable.tsx";

const SignInPage = forGuests(SignIn);
const SignUpPage = forGuests(SignUp);
const ConfirmPage = forGuests(Confirm);
const DashboardPage = forUsers(Dashboard);

export function App() {
  return (
    <LocationProvider>
      <Pages />
    </LocationProvider>
  );
}

/** No page is shown before it is known who is signed in, so that a reload never flashes the sign-in page. */
function Pages() {
  const state = useSession();
  if (state.status === "restoring") return <Splash />;
  if (state.status === "unreachable") return <Unreachable error={state.error} />;
  return (
    <Router>
      <Route path="/" component={Root} />
      <Route path="/login" component={SignInPage} />
      <Route path="/signup" component={SignUpPage} />
      <Route path="/confirm" component={ConfirmPage} />
      <Route path="/dashboard" component={DashboardPage} />
      <Route default component={NotFound} />
    </Router>
  );
}
