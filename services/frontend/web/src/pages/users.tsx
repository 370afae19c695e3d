import { Button, useAction } from "../components/action.tsx";
import { Heading } from "../components/heading.tsx";
import { List, Search, useItems } from "../components/list.tsx";
import { Failure } from "../components/notice.tsx";
import { Badges, Day } from "../components/profile.tsx";
import { call, type Account } from "../items.ts";
import { useParameter } from "../router.tsx";
import type { User } from "../session.ts";

export function Users({ user }: { user: User }) {
  const q = useParameter("q");
  const list = useItems<Account>(`/users${q && `?${new URLSearchParams({ q })}`}`);
  const [run, busy, failure] = useAction();

  const enable = (account: Account) =>
    run(async () => {
      await call(`/users/${account.id}/${account.enabled ? "disable" : "enable"}`, "POST", { body: {} });
      list.put({ ...account, enabled: !account.enabled });
    });
  const promote = (account: Account) =>
    run(async () => {
      const others = account.groups.filter((group) => group !== "admin");
      const joins = others.length === account.groups.length;
      await call(`/users/${account.id}/groups/admin`, joins ? "PUT" : "DELETE");
      list.put({ ...account, groups: joins ? ["admin", ...others] : others });
    });

  return (
    <>
    <Heading title="Users" />
    <section class="panel" aria-label="Users">
      <Search label="Search users" />
      <Failure>{failure}</Failure>
      <List
        list={list}
        row={(account) => (
          <>
            <div class="row-main">
              <h2>
                {account.name} <Badges of={badges(account, user)} />
              </h2>
              <p>{account.email}</p>
              <small>
                Since <Day at={account.created_at} />
              </small>
            </div>
            {account.id !== user.id && (
              <div class="row-actions">
                <Button busy={busy} onClick={() => void promote(account)} label={`${promotion(account)}: ${account.name}`}>
                  {promotion(account)}
                </Button>
                <Button busy={busy} onClick={() => void enable(account)} label={`${enabling(account)} ${account.name}`}>
                  {enabling(account)}
                </Button>
              </div>
            )}
          </>
        )}
        empty="Nobody matches your search."
      />
    </section>
    </>
  );
}

function promotion({ groups }: Account): string {
  return groups.includes("admin") ? "Remove admin" : "Make admin";
}

function enabling({ enabled }: Account): string {
  return enabled ? "Disable" : "Enable";
}

function badges({ id, groups, enabled }: Account, user: User): string[] {
  return [...(id === user.id ? ["you"] : []), ...groups, ...(enabled ? [] : ["disabled"])];
}
