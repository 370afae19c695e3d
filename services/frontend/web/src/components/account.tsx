import type { User } from "../session.ts";

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export function Account({ user }: { user: User }) {
  return (
    <section class="panel account" aria-labelledby="account-title">
      <h2 id="account-title">Your account</h2>
      <dl>
        <dt>Name</dt>
        <dd>{user.name}</dd>
        <dt>Email</dt>
        <dd>{user.email}</dd>
        {user.groups.length > 0 && (
          <>
            <dt>Groups</dt>
            <dd>
              {user.groups.map((group) => (
                <span class="badge" key={group}>
                  {group}
                </span>
              ))}
            </dd>
          </>
        )}
        <dt>Member since</dt>
        <dd>
          <time dateTime={user.created_at}>{DAY.format(new Date(user.created_at))}</time>
        </dd>
      </dl>
    </section>
  );
}
