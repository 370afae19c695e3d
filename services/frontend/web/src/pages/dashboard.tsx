import { Profile } from "../components/profile.tsx";
import { Heading } from "../components/heading.tsx";
import { List, useItems } from "../components/list.tsx";
import { Panel } from "../components/layout.tsx";
import type { Product } from "../items.ts";
import { formatAmount } from "../money.ts";
import type { User } from "../session.ts";

export function Dashboard({ user }: { user: User }) {
  const mine = useItems<Product>("/products?owner=me");
  return (
    <>
      <Heading title="Dashboard" />
      <p class="lead">Welcome, {user.name}.</p>
      <div class="columns">
        <Panel title="Your products" action={<a href="/products">All products</a>}>
          <List
            list={mine}
            row={(product) => (
              <>
                <h3>{product.name}</h3>
                <span class="price">{formatAmount(product.price_minor, product.currency)}</span>
              </>
            )}
            empty={
              <>
                <strong>No products yet</strong>
                <br />
                <a href="/products">Create your first one</a>
              </>
            }
          />
        </Panel>
        <Panel title="Your account" action={<a href="/account">Manage</a>}>
          <Profile user={user} named />
        </Panel>
      </div>
    </>
  );
}
