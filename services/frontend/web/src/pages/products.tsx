import { useState } from "preact/hooks";
import { Button, useAction } from "../components/action.tsx";
import { Dialog } from "../components/dialog.tsx";
import { Form } from "../components/form.tsx";
import { Heading } from "../components/heading.tsx";
import { PlusIcon } from "../components/icons.tsx";
import { isAdmin } from "../components/layout.tsx";
import { List, Search, useItems } from "../components/list.tsx";
import { Failure, Status } from "../components/notice.tsx";
import { ProductForm } from "../components/product-form.tsx";
import { Badges, Day } from "../components/profile.tsx";
import { call, type Product } from "../items.ts";
import { formatAmount } from "../money.ts";
import { useParameter } from "../router.tsx";
import type { User } from "../session.ts";

/** What is asked of the person: a new product, a change of one, or whether to delete one. */
interface Asked {
  product?: Product;
  gone?: boolean;
}

export function Products({ user }: { user: User }) {
  const q = useParameter("q");
  const owner = useParameter("owner");
  const filter = new URLSearchParams({ ...(q && { q }), ...(owner === "me" && { owner }) });
  const list = useItems<Product>(`/products?${filter}`);
  const [question, setQuestion] = useState<Asked | null>(null);
  const [news, setNews] = useState("");
  const [run, busy, failure] = useAction();
  const close = () => setQuestion(null);
  const ask = (next: Asked) => {
    setNews("");
    setQuestion(next);
  };
  const edit = ({ id }: Product) => run(async () => ask({ product: await call<Product>(`/products/${id}`) }));
  return (
    <>
      <div class="panel-head">
        <Heading title="Products" />
        <Button kind="primary" onClick={() => ask({})}>
          <PlusIcon />
          New product
        </Button>
      </div>
      <section class="panel" aria-label="Products">
      <div class="panel-head">
        <Search label="Search products" />
        <nav class="tabs" aria-label="Whose products">
          <a href="/products" aria-current={!owner}>
            All
          </a>
          <a href="/products?owner=me" aria-current={!!owner}>
            Yours
          </a>
        </nav>
      </div>
      <Status good>{news}</Status>
      <Failure>{failure}</Failure>
      <List
        list={list}
        row={(product) => (
          <ProductRow
            product={product}
            mine={product.owner_id === user.id}
            editable={product.owner_id === user.id || isAdmin(user)}
            busy={busy}
            onEdit={() => void edit(product)}
            onDelete={() => ask({ product, gone: true })}
          />
        )}
        empty={q ? "Nothing matches your search." : "No products yet. Create the first one: it appears here at once."}
      />
      </section>
      {question && (
        <Question
          {...question}
          onClose={close}
          onSaved={(product) => {
            list.put(product);
            setNews(`“${product.name}” was ${question.product ? "saved" : "added"}.`);
            close();
          }}
          onDeleted={(product) => {
            list.remove(product);
            setNews(`“${product.name}” was deleted.`);
            close();
          }}
        />
      )}
    </>
  );
}

interface QuestionProps extends Asked {
  onClose: () => void;
  onSaved: (product: Product) => void;
  onDeleted: (product: Product) => void;
}

function Question({ product, gone, onClose, onSaved, onDeleted }: QuestionProps) {
  if (product && gone)
    return (
      <Dialog title={`Delete “${product.name}”?`} onClose={onClose}>
        <Form
          submit="Delete"
          danger
          save={async () => {
            await call(`/products/${product.id}`, "DELETE");
            onDeleted(product);
          }}
          onCancel={onClose}
        >
          <p class="lead">This cannot be undone.</p>
        </Form>
      </Dialog>
    );
  return (
    <Dialog title={product ? "Edit product" : "New product"} onClose={onClose}>
      <ProductForm {...(product && { product })} onSaved={onSaved} onCancel={onClose} />
    </Dialog>
  );
}

interface RowProps {
  product: Product;
  mine: boolean;
  editable: boolean;
  busy: boolean;
  onEdit: () => void;
  onDelete: () => void;
}

function ProductRow({ product, mine, editable, busy, onEdit, onDelete }: RowProps) {
  return (
    <>
      <div class="row-main">
        <h2>
          {product.name} {mine && <Badges of={["Yours"]} />}
        </h2>
        {product.description && <p>{product.description}</p>}
        <small>
          Added <Day at={product.created_at} />
        </small>
      </div>
      <span class="price">{formatAmount(product.price_minor, product.currency)}</span>
      {editable && (
        <div class="row-actions">
          <Button busy={busy} onClick={onEdit} label={`Edit ${product.name}`}>
            Edit
          </Button>
          <Button onClick={onDelete} label={`Delete ${product.name}`}>
            Delete
          </Button>
        </div>
      )}
    </>
  );
}
