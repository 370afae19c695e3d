/** This tab's one session, wired to the browser. */

import { useEffect, useState } from "preact/hooks";
import { Session, type State } from "./session.ts";

const HINT = "hasSession";
const channel = new BroadcastChannel("session");

export const session = new Session({
  fetch: (url, init) => fetch(url, init),
  exclusively: (task) => navigator.locks.request("session", task),
  hint: {
    get: () => localStorage.getItem(HINT) === "1",
    set: (present) => (present ? localStorage.setItem(HINT, "1") : localStorage.removeItem(HINT)),
  },
  tell: (message) => channel.postMessage(message),
  now: () => Date.now(),
});

channel.onmessage = ({ data }: MessageEvent<"signed-in" | "signed-out">) => session.hear(data);

/** The session's state, kept current. */
export function useSession(): State {
  const [state, setState] = useState(session.state);
  useEffect(() => {
    setState(session.state);
    return session.subscribe(() => setState(session.state));
  }, []);
  return state;
}
