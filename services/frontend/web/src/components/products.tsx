import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { session } from "../current.ts";
import { explain } from "../errors.ts";
import { formatAmount } from "../money.ts";
import { listProducts, type Product } from "../products.ts";
import type { User } from "../session.ts";
import { BoxIcon, PlusIcon } from "./icons.tsx";
import { NewProductDialog } from "./new-product.tsx";
import { Failure, Status } from "./notice.tsx";

export function Products({ user }: { user: User }) {
  const list = useProducts();
  const [creating, setCreating] = useState(false);
  const [news, setNews] = useState("");
  const create = () => {
    setNews("");
    setCreating(true);
  };
  const created = (product: Product) => {
    list.prepend(product);
    setCreating(false);
    setNews(`“${product.name}” was added.`);
  };

  return (
    <section class="panel products" aria-labelledby="products-title" aria-busy={list.loading}>
      <div class="panel-head">
        <h2 id="products-title">Products</h2>
        <button type="button" class="button primary" onClick={create}>
          <PlusIcon />
          New product
        </button>
      </div>
      <Status good>{news}</Status>
      <ProductList user={user} list={list} />
      {creating && <NewProductDialog onCreated={created} onClose={() => setCreating(false)} />}
    </section>
  );
}

function ProductList({ user, list }: { user: User; list: ReturnType<typeof useProducts> }) {
  const { items, loading, failure, hasMore } = list;
  return (
    <>
      {items !== null && items.length === 0 && <Empty />}
      {items !== null && items.length > 0 && (
        <ul class="rows">
          {items.map((product, index) => (
            <Row product={product} mine={product.owner_id === user.id} focused={index === list.firstNew} key={product.id} />
          ))}
        </ul>
      )}
      {items === null && loading && <Skeleton />}
      <Failure>
        {failure !== null && (
          <>
            {explain(failure)}{" "}
            <button type="button" class="link" onClick={() => void list.load()}>
              Try again
            </button>
          </>
        )}
      </Failure>
      {items !== null && hasMore && failure === null && (
        <button type="button" class="button more" aria-disabled={loading} onClick={() => void list.load()}>
          {loading ? "Loading…" : "Load more"}
        </button>
      )}
      <p class="visually-hidden" role="status">
        {loading ? "Loading products…" : items !== null && `${items.length} products shown.`}
      </p>
    </>
  );
}

/** The pages loaded so far, as one list. */
function useProducts() {
  const [items, setItems] = useState<Product[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);
  const [failure, setFailure] = useState<unknown>(null);
  const [firstNew, setFirstNew] = useState(-1);
  const busy = useRef(false);

  const load = async () => {
    if (busy.current) return;
    busy.current = true;
    setLoading(true);
    setFailure(null);
    try {
      const page = await listProducts(session, cursor);
      // One created here meanwhile may come again with a later page.
      setItems((known) => [...(known ?? []), ...page.items.filter(({ id }) => !known?.some((other) => other.id === id))]);
      setFirstNew(items?.length ?? -1);
      setCursor(page.next_cursor);
    } catch (error) {
      setFailure(error);
    } finally {
      busy.current = false;
      setLoading(false);
    }
  };
  const prepend = (product: Product) => {
    setFirstNew(-1);
    setItems((known) => [product, ...(known ?? [])]);
  };
  useEffect(() => void load(), []);
  return { items, loading, failure, hasMore: cursor !== null, firstNew, load, prepend };
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** `focused`: the first of the products that "Load more" brought, where reading goes on. */
function Row({ product, mine, focused }: { product: Product; mine: boolean; focused: boolean }) {
  const row = useRef<HTMLLIElement>(null);
  useLayoutEffect(() => {
    if (focused) row.current?.focus();
  }, [focused]);
  return (
    <li ref={row} tabIndex={-1}>
      <div class="row-main">
        <h3>
          {product.name}
          {mine && <span class="badge">Yours</span>}
        </h3>
        {product.description && <p>{product.description}</p>}
        <time dateTime={product.created_at}>Added {DAY.format(new Date(product.created_at))}</time>
      </div>
      <span class="price">{formatAmount(product.price_minor, product.currency)}</span>
    </li>
  );
}

function Empty() {
  return (
    <div class="empty">
      <BoxIcon />
      <p>
        <strong>No products yet</strong>
        <br />
        Create the first one: it appears here at once.
      </p>
    </div>
  );
}

function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}
