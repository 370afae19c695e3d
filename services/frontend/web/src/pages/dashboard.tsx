import { Account } from "../components/account.tsx";
import { Heading } from "../components/heading.tsx";
import { Brand } from "../components/layout.tsx";
import { Products } from "../components/products.tsx";
import { SignOutButton } from "../components/sign-out-button.tsx";
import type { User } from "../session.ts";

export function Dashboard({ user }: { user: User }) {
  return (
    <div class="app-layout">
      <header class="bar">
        <div class="bar-content">
          <Brand />
          <span class="who">{user.name}</span>
          <SignOutButton />
        </div>
      </header>
      <main class="dashboard">
        <Heading title="Dashboard" />
        <Products user={user} />
        <Account user={user} />
      </main>
    </div>
  );
}
