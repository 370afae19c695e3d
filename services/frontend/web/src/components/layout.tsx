import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useEnvironment } from "../config.ts";
import mark from "../favicon.svg";
import type { User } from "../session.ts";
import { BRAND, Heading } from "./heading.tsx";
import { Status } from "./notice.tsx";
import { SignOutButton } from "./sign-out-button.tsx";

/** The brand, and the name of the environment wherever that is not the real thing. */
function Brand() {
  const environment = useEnvironment();
  return (
    <a class="brand" href="/">
      <img src={mark} alt="" width="28" height="28" />
      {BRAND}
      {environment !== "prod" && environment !== "" && <span class="badge">{environment}</span>}
    </a>
  );
}

interface CardProps {
  title: string;
  children: ComponentChildren;
  foot?: ComponentChildren;
}

/** One card in the middle: the pages of signing in, and the pages that say what is wrong. */
export function CardLayout({ title, children, foot }: CardProps) {
  return (
    <div class="card-layout">
      <header>
        <Brand />
      </header>
      <main class="card">
        <Heading title={title} />
        <Offline />
        {children}
      </main>
      {foot && <footer>{foot}</footer>}
    </div>
  );
}

/** The app around a page for the signed-in. */
export function AppLayout({ user, path, children }: { user: User; path: string; children: ComponentChildren }) {
  const links: [string, string][] = [["/dashboard", "Dashboard"], ["/products", "Products"], ["/account", "Account"]];
  if (isAdmin(user)) links.push(["/users", "Users"]);
  return (
    <>
      <header class="bar">
        <div>
          <Brand />
          <nav aria-label="Pages">
            {links.map(([href, label]) => (
              <a key={href} href={href} aria-current={href === path ? "page" : undefined}>
                {label}
              </a>
            ))}
          </nav>
          <SignOutButton />
        </div>
      </header>
      <main class="page">
        <Offline />
        {children}
      </main>
    </>
  );
}

export function isAdmin(user: User): boolean {
  return user.groups.includes("admin");
}

/** Says so while the browser knows that there is no connection. */
function Offline() {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => setOnline(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  return <Status>{!online && "You are offline. You stay signed in, and can go on once you are back."}</Status>;
}

interface PanelProps {
  title: string;
  children: ComponentChildren;
  /** Beside the title. */
  action?: ComponentChildren;
}

export function Panel({ title, action, children }: PanelProps) {
  const id = title.replace(/\W/g, "");
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

/** Shown while the session is restored; the spinner fades in late, so that a quick restore never shows it. */
export function Splash() {
  return (
    <div class="card-layout">
      <header>
        <Brand />
      </header>
      <div class="splash" role="status">
        <span class="spinner" />
        <span class="visually-hidden">Loading…</span>
      </div>
    </div>
  );
}
