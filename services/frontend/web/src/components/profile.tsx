import type { User } from "../session.ts";

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

export function Day({ at }: { at: string }) {
  return <time dateTime={at}>{DAY.format(new Date(at))}</time>;
}

export function Badges({ of }: { of: string[] }) {
  return of.map((text) => (
    <span class="badge" key={text}>
      {text}
    </span>
  ));
}

export function Profile({ user, named = false }: { user: User; named?: boolean }) {
  return (
    <dl>
      {named && (
        <>
          <dt>Name</dt>
          <dd>{user.name}</dd>
        </>
      )}
      <dt>Email</dt>
      <dd>{user.email}</dd>
      <dt>Member since</dt>
      <dd>
        <Day at={user.created_at} />
      </dd>
      {user.groups.length > 0 && (
        <>
          <dt>Groups</dt>
          <dd>
            <Badges of={user.groups} />
          </dd>
        </>
      )}
    </dl>
  );
}
