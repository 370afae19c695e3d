import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { explain } from "../errors.ts";
import { call, type Page } from "../items.ts";
import { go, useUrl } from "../router.tsx";
import { Button } from "./action.tsx";
import { BoxIcon } from "./icons.tsx";
import { Failure } from "./notice.tsx";

const PAGE_SIZE = 10;

interface Item {
  id: string;
}

interface Loaded<T> {
  /** null before the first answer. */
  items: T[] | null;
  cursor: string | null;
  busy: boolean;
  failure: string;
}

/** The pages of `path` loaded so far, as one list that can be changed where it stands; another path begins anew. */
export function useItems<T extends Item>(path: string) {
  const [list, setList] = useState<Loaded<T>>({ items: null, cursor: null, busy: true, failure: "" });
  const asked = useRef("");
  const change = (items: (known: T[]) => T[]) => setList((last) => ({ ...last, items: items(last.items ?? []) }));

  const load = async (cursor: string | null) => {
    const query = new URLSearchParams({ limit: `${PAGE_SIZE}`, ...(cursor !== null && { cursor }) });
    const url = `${path}${path.includes("?") ? "&" : "?"}${query}`;
    if (asked.current === url) return;
    asked.current = url;
    setList((last) => ({ ...last, busy: true, failure: "" }));
    // The answer to a question that nobody asks any more is thrown away.
    const settle = (outcome: (last: Loaded<T>) => Partial<Loaded<T>>) => {
      if (asked.current !== url) return;
      asked.current = "";
      setList((last) => ({ ...last, busy: false, ...outcome(last) }));
    };
    try {
      const page = await call<Page<T>>(url);
      settle(({ items }) => ({ items: joined((cursor !== null && items) || [], page.items), cursor: page.next_cursor }));
    } catch (error) {
      settle(() => ({ failure: explain(error) }));
    }
  };
  const put = (item: T) =>
    change((known) =>
      known.some(({ id }) => id === item.id) ? known.map((old) => (old.id === item.id ? item : old)) : [item, ...known],
    );
  const remove = (gone: T) => change((known) => known.filter(({ id }) => id !== gone.id));
  useEffect(() => void load(null), [path]);
  return { ...list, load: () => load(list.cursor), put, remove };
}

/** One created here meanwhile may come again with a later page. */
function joined<T extends Item>(known: T[], more: T[]): T[] {
  return [...known, ...more.filter(({ id }) => !known.some((other) => other.id === id))];
}

interface Props<T extends Item> {
  list: ReturnType<typeof useItems<T>>;
  row: (item: T) => ComponentChildren;
  /** What to say, and to do, when there is nothing. */
  empty: ComponentChildren;
}

export function List<T extends Item>({ list: { items, cursor, busy, failure, load }, row, empty }: Props<T>) {
  const rows = useRef<HTMLUListElement>(null);
  const loadMore = async () => {
    const known = items?.length ?? 0;
    await load();
    // Reading goes on with the first of those that came.
    requestAnimationFrame(() => (rows.current?.children[known] as HTMLElement | undefined)?.focus());
  };
  return (
    <>
      {items?.length === 0 && (
        <div class="empty">
          <BoxIcon />
          <p>{empty}</p>
        </div>
      )}
      {items !== null && items.length > 0 && (
        <ul class="rows" ref={rows}>
          {items.map((item) => (
            <li key={item.id} tabIndex={-1}>
              {row(item)}
            </li>
          ))}
        </ul>
      )}
      {items === null && busy && (
        <div class="skeleton" aria-hidden="true">
          <span />
          <span />
          <span />
        </div>
      )}
      <Failure>
        {failure && (
          <>
            {failure}{" "}
            <button type="button" class="link" onClick={() => void load()}>
              Try again
            </button>
          </>
        )}
      </Failure>
      {cursor !== null && !failure && (
        <Button kind="more" busy={busy} onClick={() => void loadMore()}>
          {busy ? "Loading…" : "Load more"}
        </Button>
      )}
      <p class="visually-hidden" role="status">
        {busy ? "Loading…" : items && `${items.length} shown.`}
      </p>
    </>
  );
}

const PAUSE_MS = 300;

/** A search that follows the typing. It lives in the address, so that a reload and a link keep it. */
export function Search({ label }: { label: string }) {
  const url = useUrl();
  const timer = useRef(0);
  const search = (text: string) => {
    url.searchParams.delete("q");
    if (text.trim() !== "") url.searchParams.set("q", text.trim());
    go(url.pathname + url.search, true);
  };
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        clearTimeout(timer.current);
        search(new FormData(event.currentTarget).get("q") as string);
      }}
    >
      <input
        type="search"
        name="q"
        aria-label={label}
        placeholder={`${label}…`}
        autocomplete="off"
        maxLength={100}
        defaultValue={url.searchParams.get("q") ?? ""}
        onInput={({ currentTarget: { value } }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => search(value), PAUSE_MS);
        }}
      />
    </form>
  );
}
